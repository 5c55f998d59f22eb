"""Images of one's own on a real engine: built offline from wheels, run by docker and Kubernetes, they give what the plain call gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from docker_engine import Project, base_image, docker
from kubernetes_engine import engine, patched

from wye import driver
from wye.stacks import load_config
from wye.testing.environments import EngineMissing, missing
from wye_targets.kubernetes import Kubernetes

MARK = str(os.getpid())
"""Part of the name of all that is made on the engine."""
SECRET = "hunter2-should-be-nowhere"
SOURCE = f'''
import os
from pathlib import Path
from wye import Secret, pipeline, step
from acme.text import split


@step(packages=["pyyaml>=6"], files=["conf/*"])
def load(name: str) -> dict[str, int]:
    import yaml

    return yaml.safe_load((Path(__file__).parent / "conf" / name).read_text("utf-8"))


@step
def lengths(words: list[str]) -> list[int]:
    return [len(w) for w in words]


@step
def write(n: int, limits: dict[str, int]) -> Path:
    place = Path("out")
    place.mkdir()
    (place / "ü x.txt").write_text(f"{{n}} of {{limits['most']}}", "utf-8")
    (Path.home() / ".config").mkdir(exist_ok=True)
    return place


@step
def read(place: Path) -> str:
    return (place / "ü x.txt").read_text("utf-8")


@step
def who() -> int:
    return os.getuid()


@step(packages=["pyyaml>=6"])
def many(n: int) -> str:
    import yaml

    return yaml.safe_dump({{"n": n}}).strip()


@pipeline(name="count_{MARK}")
def count(text: str = "a bb ccc $HOME") -> dict[str, str]:
    """Words, $HOME "counted"."""
    limits = load("limits 'x'.yaml")
    total = 0
    for n in lengths(split(text)):
        total = total + n
    shown = "few"
    if total > limits["most"]:
        shown = many(total)
    place = write(total, limits)
    return {{"read": read(place), "shown": shown, "who": str(who() != 0)}}
'''
HELPER = "from wye import step\n\n@step\ndef split(text: str) -> list[str]:\n    return text.split()\n"


@dataclass
class Place:
    """A folder with a pipeline, and Wye in it."""

    folder: Path
    base: str
    home: str

    def wye(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "wye.cli", *words]
        env = {**os.environ, "WYE_CACHE": "off", **environ}
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=600)

    def plain(self) -> Any:
        program = "import json, flow; print(json.dumps(flow.count()))"
        env = {**os.environ, "HOME": self.home, "PYTHONPATH": os.pathsep.join([str(self.folder), *sys.path])}
        with tempfile.TemporaryDirectory(dir=self.home) as empty:  # as each task has one
            done = subprocess.run([sys.executable, "-c", program], cwd=empty, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    try:
        base = base_image()
    except EngineMissing as reason:
        missing("docker", str(reason))
    folder = tmp_path_factory.mktemp("images") / "a $b"
    (folder / "acme").mkdir(parents=True)
    (folder / "conf").mkdir()
    (folder / "flow.py").write_text(SOURCE, "utf-8")
    (folder / "acme" / "__init__.py").write_text("")
    (folder / "acme" / "text.py").write_text(HELPER)
    (folder / "conf" / "limits 'x'.yaml").write_text("most: 5\n")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "--dest", "wheels"]
    where = ["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"]
    for command in ([*pip, *where, "pyyaml>=6"], [*pip, "pip"]):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            missing("docker", f"cannot download wheels: {done.stderr.strip()[-200:]}")
    (folder / "wye.toml").write_text(
        '[code]\npackaging = "image"\n[packages]\nwheels = ["wheels"]\n'
        f'[stacks.here]\ntarget = "docker"\nimage = "{base}"\n[stacks.there]\ntarget = "kubeflow"\nimage = "{base}"\n'
    )
    return Place(folder, base, str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def images(place: Place) -> Iterator[list[dict[str, Any]]]:
    environ = {"PIP_NO_INDEX": "1", "PIP_PROXY": f"http://u:{SECRET}@localhost:9"}
    done = place.wye("build", "flow.py", "--stack", "here", "--format", "json", **environ)
    assert done.returncode == 0, done.stderr
    form = json.loads(done.stdout)
    assert form["status"] == "built"
    yield form["images"]
    for image in form["images"]:
        docker("image", "rm", "--force", image["image"])


@pytest.fixture(scope="module")
def project(place: Place, images: Any) -> Iterator[Project]:
    done = place.wye("compile", "flow.py", "--stack", "here")
    assert done.returncode == 0, done.stderr
    made = Project(place.folder / "build" / f"count_{MARK}" / "docker", f"wye-images-{MARK}")
    yield made
    made.down()


def test_what_is_built_is_what_is_named(project: Project, images: list[dict[str, Any]]) -> None:
    named = {s["image"] for s in yaml.safe_load((project.folder / "compose.yaml").read_text())["services"].values()}
    assert named == {i["image"] for i in images}
    assert {i["image"].split(":")[0] for i in images} == {f"count-{MARK}"}
    assert {p.name for p in (project.folder / "steps").iterdir()} == {"adapter.py", "pipeline.json", "tasks"}


def test_up_equals_the_plain_call(place: Place, project: Project) -> None:
    first = project.up()
    assert first.code == 0, first.log
    expected = place.plain()
    assert json.loads(first.outputs or "null") == {**expected, "who": "True"}
    assert expected["shown"] == "n: 11"
    assert [f for f in (project.folder / "steps" / "tasks").iterdir() if "packages" in f.read_text()] == [], "nothing is installed there"
    again = project.up()
    assert (again.code, again.outputs) == (0, first.outputs)
    assert "done before" in again.log


def test_an_image_holds_no_secret_and_no_wheel(images: list[dict[str, Any]]) -> None:
    for image in images:
        history = docker("history", "--no-trunc", image["image"]).stdout
        assert SECRET not in history + docker("image", "inspect", image["image"]).stdout
        program = "import os; print(*[os.path.join(d, f) for d, _, fs in os.walk('/') for f in fs], sep='\\n')"
        mounts = [w for p in ("proc", "sys") for w in ("--tmpfs", f"/{p}x")]
        files = docker("run", "--rm", *mounts, image["image"], "python3", "-c", program).stdout.splitlines()
        assert [f for f in files if f.endswith((".whl", "/.netrc", "/pip.conf"))] == []
        assert "/opt/wye/wye_runtime/runner.py" in files
        assert "/opt/wye/programs/tree/conf/limits 'x'.yaml" in files
        labels = json.loads(docker("image", "inspect", "--format", "{{json .Config.Labels}}", image["image"]).stdout)
        assert labels["wye.pipeline"] == f"count_{MARK}"
        assert labels["org.opencontainers.image.description"] == 'Words, $HOME "counted".'


def test_a_task_of_kubeflow_runs_in_it(place: Place, images: list[dict[str, Any]]) -> None:
    done = place.wye("compile", "flow.py", "--stack", "there", "-o", "other")
    assert done.returncode == 0, done.stderr
    text = (place.folder / "other" / f"count_{MARK}" / "kubeflow" / "pipeline.yaml").read_text("utf-8")
    executors = next(yaml.safe_load_all(text))["deploymentSpec"]["executors"]
    container = executors["exec-lengths"]["container"]
    built = {i["image"] for i in images}
    assert container["image"] in built, "one environment is one image, whatever the target"
    given = {"parameterValues": {"words": '["a","bb"]'}}
    executor = {"inputs": given, "outputs": {"parameters": {"Output": {"outputFile": "/tmp/out"}}, "outputFile": "/tmp/o.json"}}
    arguments = [json.dumps(executor) if a == "{{$}}" else a for a in container["args"]]
    shell = ["python3", "-c", "import subprocess, sys; subprocess.run(sys.argv[1:], check=True); print(open('/tmp/out').read())"]
    done = docker("run", "--rm", "--entrypoint", shell[0], container["image"], *shell[1:], *container["command"], *arguments)
    assert done.stdout.strip().splitlines()[-1] == "[1,2]", done.stdout + done.stderr


def test_pods_run_in_it(place: Place, images: list[dict[str, Any]]) -> None:
    with engine() as found:
        file = place.folder / "flow.py"
        config = load_config(file)
        pipeline = driver.compile_source(file, None, driver.layout_of(file, config))
        options = replace(found.options, image=place.base)
        files, checked = driver.compile_target(pipeline, Kubernetes(), options, config=config)
        assert {i.reference for i in checked.images} == {i["image"] for i in images}
        manifests = next(f.text for f in files if f.path == "manifests.yaml")
        assert "safe_load" not in manifests, "no program travels"
        run = f"images-{MARK}"
        found.start([patched(d, found.old, found.server) for d in yaml.safe_load_all(manifests)], run)
        annotations = found.wait(run)
        assert annotations["status"] == "succeeded", found.kubectl("logs", f"job/{run}", check=False)
        assert json.loads(found.outputs(run) or "null") == {**place.plain(), "who": "True"}


def test_wye_run_takes_what_is_built(place: Place, images: Any) -> None:
    done = place.wye("run", "flow.py", "--on", "docker", "--stack", "here")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {**place.plain(), "who": "True"}


def test_another_source_is_another_image(place: Place, project: Project, images: list[dict[str, Any]]) -> None:
    """Which nobody has built: the engine says so."""
    helper = place.folder / "acme" / "text.py"
    try:
        helper.write_text(HELPER + "# changed\n")
        assert place.wye("compile", "flow.py", "--stack", "here", "-o", "changed").returncode == 0
        done = place.wye("run", "flow.py", "--on", "docker", "--stack", "here")
        assert done.returncode == 1
        assert "is not here, nor can it be pulled: `wye build` makes it" in done.stderr
    finally:
        helper.write_text(HELPER)
    made = Project(place.folder / "changed" / f"count_{MARK}" / "docker", f"wye-images-{MARK}-changed")
    try:
        run = made.up("--pull", "never")
        assert run.code != 0
        assert "count-" in run.log
    finally:
        made.down()
