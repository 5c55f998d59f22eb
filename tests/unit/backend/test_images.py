"""Images of one's own: what stands in the folders that they are built from, which tasks share one, and that artifacts name just these."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from wye import driver
from wye.backend import registry
from wye.backend.check import CheckedPipeline
from wye.backend.dockerfile import COMPILE, Environment, context, pip_conf, quoted
from wye.backend.embed import runtime_files
from wye.backend.images import Image
from wye.backend.names import pulled
from wye.backend.supply import Supply
from wye.backend.target import EmittedFile
from wye.backend.write import write_build
from wye.diagnostics import CompileFailed
from wye.ir.json import task_file
from wye.ir.model import Call, DataFile
from wye.stacks import load_config
from wye_targets._kfp import adapter

IMAGE = '[code]\npackaging = "image"\n'
FLOW = '''
from wye import pipeline, step
from acme.text import shout

@step(packages=["b", "a==1"])
def load(n: int) -> list[int]:
    return [n]

@step(packages=["a==1", "b"], files=["conf/*"])
def again(xs: list[int]) -> int:
    return len(xs)

@step
def plain(n: int) -> int:
    return n + len(shout("x"))

@step(image="registry.example.com/gpu:7", python="/opt/my-env/bin/python", packages=["torch>=2,<3"])
def train(n: int) -> int:
    return n

@step(packages=["d"])
def page() -> None:
    pass

@pipeline(on_failure=page)
def flow(n: int = 1) -> int:
    """Costs $HOME, "or" not\\\\.

    More."""
    xs = load(n)
    total = 0
    for x in xs:
        total = total + plain(train2(x))
    return train(again(xs)) + total

@step(packages=["c"])
def train2(n: int) -> int:
    return n
'''
SMALL = """\
from wye import pipeline, step

@step
def a() -> int:
    return 1

@pipeline
def flow() -> int:
    return a()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "acme").mkdir()
    (tmp_path / "conf").mkdir()
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "acme" / "__init__.py").write_text("")
    (tmp_path / "acme" / "text.py").write_text("def shout(text: str) -> str:\n    return text.upper()\n")
    (tmp_path / "conf" / "a 'b' $c ü.yaml").write_text("a: 1\n")
    (tmp_path / "conf" / "tool").write_bytes(b"\xff#!")
    (tmp_path / "conf" / "tool").chmod(0o755)
    (tmp_path / "wye.toml").write_text(IMAGE)
    return tmp_path


def compiled(folder: Path, target: str = "docker", **options: Any) -> tuple[dict[str, EmittedFile], CheckedPipeline]:
    file = folder / "flow.py"
    config = load_config(file)
    found = registry.load(target)
    pipeline = driver.compile_source(file, None, driver.layout_of(file, config))
    files, checked = driver.compile_target(pipeline, found, found.options(**options), config=config)
    return {f.path: f for f in files}, checked


def images(folder: Path, target: str = "docker", **options: Any) -> dict[str, Image]:
    return {i.name: i for i in compiled(folder, target, **options)[1].images}


def content(image: Image) -> dict[str, bytes]:
    return {f.path: f.content for f in image.files}


def command(dockerfile: str) -> list[str]:
    """The words of its one installation, as a builder reads them: lines joined, mounts before, JSON behind."""
    (line,) = re.findall(r"^RUN (--mount.*)$", dockerfile.replace("\\\n", ""), re.M)
    words: list[str] = json.loads(line[line.index("[") :])
    return words


# --- which images ---------------------------------------------------------------------------------------------------------------------


def test_tasks_with_one_environment_share_an_image(project: Path) -> None:
    files, checked = compiled(project)
    found = {i.name: (i.environment.base, i.environment.python, i.environment.packages, i.tasks) for i in checked.images}
    assert found == {
        "flow": ("python:3.11-slim", "python3", ("a==1", "b"), ("load", "again", "outputs")),
        "flow-for-1": ("python:3.11-slim", "python3", ("c",), ("for_1",)),
        "flow-train": ("registry.example.com/gpu:7", "/opt/my-env/bin/python", ("torch>=2,<3",), ("train",)),
        "flow-page": ("python:3.11-slim", "python3", ("d",), ("on_failure",)),
    }
    compose = yaml.load(files["compose.yaml"].text, yaml.CSafeLoader)["services"]
    assert {n: s["image"] for n, s in compose.items() if n not in ("verdict", "verdict_2")} == {
        name: next(i.reference for i in checked.images if name in (*i.tasks, *(("start",) if i.name == "flow" else ())))
        for name in ("start", "load", "again", "for_1", "train", "on_failure", "outputs")
    }
    assert compose["train"]["entrypoint"][0] == "/opt/my-env/bin/python"
    assert not [p for p in files if "programs" in p or "wye_runtime" in p]
    assert not [p for p, f in files.items() if p.startswith("steps/tasks/") and '"packages"' in f.text], "nothing is installed at the start"


def test_a_target_that_fans_out_itself_has_an_image_for_each_step(project: Path) -> None:
    (project / "flow.py").write_text(
        FLOW.replace("        total = total + plain(train2(x))\n", "        page2(train2(x))\n")
        + "\n@step\ndef page2(n: int) -> None: ...\n"
    )
    found = images(project, "kubeflow")
    assert {n: i.tasks for n, i in found.items() if n in ("flow", "flow-train2")} == {
        "flow": ("page2", "outputs"),
        "flow-train2": ("train2",),
    }


def test_what_target_it_is_for_is_not_in_an_image(project: Path) -> None:
    ours, theirs = images(project), images(project, "kubeflow")
    assert {i.local for i in ours.values()} < {i.local for i in theirs.values()}, "there, a step of the loop has an image of its own"


@pytest.mark.parametrize(("target", "file"), [("docker", "compose.yaml"), ("kubeflow", "pipeline.yaml"), ("vertex", "pipeline_job.json")])
def test_registry_and_base_come_from_the_stack(project: Path, target: str, file: str) -> None:
    option = {"image": "localhost/base:1"}
    found = images(project, target, registry="ml", **option)
    assert found["flow"].reference == f"ml/flow:{found['flow'].tag}"
    assert found["flow"].environment.base == "localhost/base:1"
    assert images(project, target, registry="ml")["flow"].environment.base == "ml/python:3.11-slim"
    text = compiled(project, target, registry="ml", **option)[0][file].text
    assert set(re.findall(r"\bimage\"?: \"?([^\s\"]+)", text)) == {i.reference for i in found.values()}


def test_a_reference_is_qualified_once() -> None:
    assert pulled("a/b:1", "r") == "r/a/b:1"
    assert [pulled(i, "r") for i in ("x.com/a", "localhost/a", "h:5/a")] == ["x.com/a", "localhost/a", "h:5/a"]
    assert pulled("a", None) == "a"


# --- what stands in a folder ----------------------------------------------------------------------------------------------------------


def test_the_dockerfile(project: Path) -> None:
    assert content(images(project)["flow-train"])["Dockerfile"].decode() == (
        "# Made by Wye from the pipeline's source: `wye build` builds it, under the tag that the artifacts name.\n"
        "FROM registry.example.com/gpu:7\n"
        "USER 0:0\n"
        'ENV HOME="/opt/wye/pip"\n'
        "RUN --mount=type=bind,source=packages,target=/opt/wye/packages \\\n"
        "    --mount=type=bind,source=packages/pip.conf,target=/etc/pip.conf \\\n"
        "    --mount=type=secret,id=pip.conf,target=/opt/wye/pip/.config/pip/pip.conf \\\n"
        "    --mount=type=secret,id=netrc,target=/opt/wye/pip/.netrc \\\n"
        '    ["/opt/my-env/bin/python", "-m", "pip", "install", "--no-cache-dir", "--no-input", "--disable-pip-version-check", \\\n'
        '     "torch>=2,<3"]\n'
        "COPY wye_runtime /opt/wye/wye_runtime\n"
        "COPY programs /opt/wye/programs\n"
        f'RUN ["/opt/my-env/bin/python", "-c", "{COMPILE}"]\n'
        "# This user has no home of its own.\n"
        'ENV HOME="/tmp"\n'
        'LABEL org.opencontainers.image.title="flow"\n'
        'LABEL org.opencontainers.image.description="Costs \\$HOME, \\"or\\" not\\\\."\n'
        'LABEL org.opencontainers.image.base.name="registry.example.com/gpu:7"\n'
        'LABEL wye.pipeline="flow"\n'
        "USER 65532:65532\n"
    )


def test_without_packages_nothing_is_installed(project: Path) -> None:
    (project / "flow.py").write_text(SMALL)
    (image,) = images(project).values()
    assert b"--mount" not in content(image)["Dockerfile"]
    assert sorted({p.partition("/")[0] for p in content(image)}) == [".dockerignore", "Dockerfile", "programs", "wye_runtime"]


def test_programs_and_runner_stand_as_they_are_copied(project: Path) -> None:
    found = {f.path: f for f in images(project)["flow"].files}
    assert found["programs/tree/acme/text.py"].content == (project / "acme" / "text.py").read_bytes()
    assert found["programs/tree/conf/a 'b' $c ü.yaml"].content == b"a: 1\n"
    assert found["programs/tree/conf/tool"].content == b"\xff#!"
    assert {p: oct(f.mode or 0) for p, f in found.items() if f.mode != 0o644} == {"programs/tree/conf/tool": "0o755"}
    assert {p for p in found if p.startswith("wye_runtime/")} >= {"wye_runtime/runner.py", "wye_runtime/plan.py", "wye_runtime/shim.py"}


def test_modes_are_not_those_of_whoever_compiles(project: Path) -> None:
    before = os.umask(0o077)
    try:
        write_build(project / "out", images(project)["flow"].files)
    finally:
        os.umask(before)
    modes = {p.relative_to(project).as_posix(): oct(p.stat().st_mode & 0o777) for p in (project / "out").rglob("*")}
    assert modes["out/Dockerfile"] == modes["out/programs/tree/flow.py"] == "0o644"
    assert modes["out/programs"] == modes["out/programs/tree/conf"] == modes["out/programs/tree/conf/tool"] == "0o755"


@pytest.mark.parametrize(
    "text", ['a"b', "a\\", "a\\\\", "$HOME ${X} $$", "`x`", "a\nUSER 0", "a\r\nb", "<<EOF", "ü\u2028x", "", "{{ ds }}", "'"]
)
def test_a_label_is_one_line_that_says_the_text(text: str) -> None:
    made = quoted(text)
    assert made.isprintable()
    inner = re.fullmatch(r'"((?:[^"\\$]|\\["\\$])*)"', made)
    assert inner, made
    assert re.sub(r"\\(.)", r"\1", inner[1]) == "".join(c if c.isprintable() else " " for c in text)


@pytest.mark.parametrize("package", ['a ; python_version > "3" ; "$(id)"', "a @ https://x.example.com/a<<EOF#é", "a[x] ~= 1.0 \\"])
def test_packages_are_words_that_nothing_reads(project: Path, package: str) -> None:
    pipeline = compiled(project)[1].pipeline
    found = context(pipeline, "x", Environment("b", None, (package, "z")), None)
    text = next(f.text for f in found if f.path == "Dockerfile")
    assert command(text)[-2:] == [package, "z"]
    assert "<<" not in text
    assert text.isascii()


def test_where_packages_come_from(project: Path) -> None:
    wheels = (DataFile(".wheels/a 1.whl", b"\xff", False), DataFile(".wheels/pip-25.0-py3-none-any.whl", b"p", False))
    form = {
        "index": "https://x.example.com/s",
        "extra": ["https://a/s", "https://b/s"],
        "proxy": "http://p:1",
        "cert": "C\n",
        "lock": "a==1\n",
    }
    pipeline = compiled(project)[1].pipeline
    found = {f.path: f for f in context(pipeline, "x", Environment("b", "py", ("a",)), Supply(form, wheels))}
    assert found["packages/wheels/a 1.whl"].content == b"\xff"
    assert found["packages/lock.txt"].text == "a==1\n"
    assert found["packages/cert.txt"].text == "C\n"
    assert found["packages/pip.conf"].text == pip_conf(form) == (
        "[global]\nroot-user-action = ignore\nbreak-system-packages = true\nindex-url = https://x.example.com/s\n"
        "extra-index-url =\n    https://a/s\n    https://b/s\nproxy = http://p:1\ncert = /opt/wye/packages/cert.txt\n"
    )  # fmt: skip
    words = command(found["Dockerfile"].text)
    assert words[:3] == ["py", "/opt/wye/packages/wheels/pip-25.0-py3-none-any.whl/pip", "install"], "a base image need not have pip"
    assert words[-5:] == ["--find-links", "/opt/wye/packages/wheels", "-c", "/opt/wye/packages/lock.txt", "a"]
    hashed = context(pipeline, "x", Environment("b", None, ("a",)), Supply({**form, "hashes": True}, ()))
    assert command(hashed[1].text)[-3:] == ["--require-hashes", "-r", "/opt/wye/packages/lock.txt"]
    none = context(pipeline, "x", Environment("b", None, ()), Supply(form, wheels))
    assert not [f.path for f in none if f.path.startswith("packages")]


def test_packages_of_the_project_reach_the_folder(project: Path) -> None:
    (project / "dist").mkdir()
    (project / "dist" / "a-1-py3-none-any.whl").write_bytes(b"wheel")
    (project / "wye.toml").write_text(IMAGE + '[packages]\nwheels = ["dist"]\nindex = "https://x.example.com/simple"\n')
    found = images(project)
    assert content(found["flow"])["packages/wheels/a-1-py3-none-any.whl"] == b"wheel"
    assert not [p for i in found.values() for p in content(i) if ".wheels" in p], "no program carries them"
    (project / "wye.toml").write_text(IMAGE + '[packages]\nwheels = ["nowhere"]\n')
    with pytest.raises(CompileFailed) as failed:
        images(project)
    assert [d.code for d in failed.value.diagnostics] == ["WYE6017"]


def test_the_driver_of_a_store_is_in_every_image(project: Path) -> None:
    found = compiled(project, store="s3://bucket/x")[1].images
    assert [i.environment.packages for i in found if "s3fs" not in i.environment.packages] == []
    assert "wye_runtime/store.py" in content(found[0])
    (project / "flow.py").write_text(SMALL)
    (project / "wye.toml").write_text(IMAGE + '[packages]\nindex = "https://x.example.com/simple"\n')
    (small,) = compiled(project, store="gs://bucket/x")[1].images
    assert command(content(small)["Dockerfile"].decode())[-1] == "gcsfs"
    assert b"https://x.example.com/simple" in content(small)["packages/pip.conf"]
    assert compiled(project, store="/a/folder")[1].images[0].environment.packages == ()
    assert images(project, "kubeflow", store="s3://bucket/x")["flow"].environment.packages == (), "there, the service reaches it"


# --- tags -----------------------------------------------------------------------------------------------------------------------------


def tags(folder: Path) -> dict[str, str]:
    return {name: i.tag for name, i in images(folder).items()}


def test_a_tag_says_what_stands_in_the_folder(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    first = tags(project)
    assert all(re.fullmatch("[0-9a-f]{16}", t) for t in first.values())
    other = tmp_path_factory.mktemp("elsewhere") / "x y"
    other.mkdir()
    for file in project.rglob("*"):
        if file.is_file():
            copy = other / file.relative_to(project)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
            copy.chmod(file.stat().st_mode)
    assert tags(other) == first, "nor where it stands, nor when it was made"
    (other / "README").write_text("travels with nothing")
    assert tags(other) == first
    for change in (
        lambda: (other / "acme" / "text.py").open("a").write("# more\n"),
        lambda: (other / "conf" / "tool").chmod(0o644),
        lambda: (other / "flow.py").write_text(FLOW.replace("More", "Less")),
    ):
        before = tags(other)
        change()
        after = tags(other)
        assert after.keys() == before.keys()
        assert not set(after.values()) & set(before.values())


def test_packages_change_one_image_alone(project: Path) -> None:
    before = images(project)
    pipeline = compiled(project)[1].pipeline
    e = before["flow"].environment
    same = context(pipeline, "flow", e, None)
    assert [f.content for f in same] == [f.content for f in before["flow"].files]
    other = context(pipeline, "flow", replace(e, packages=("a==2", "b")), None)
    assert [f.path for f, g in zip(same, other) if f != g] == ["Dockerfile"]


# --- targets --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["local", "airflow"])
def test_without_containers_the_programs_travel_as_a_tree(project: Path, target: str) -> None:
    text = FLOW.replace('image="registry.example.com/gpu:7", python="/opt/my-env/bin/python", ', "")
    (project / "flow.py").write_text(text)
    files, checked = compiled(project, target)
    assert [(d.level, str(d.span).rpartition("/")[2]) for d in checked.decisions if d.feature == "code.image"] == [
        ("advisory", "wye.toml:2:13")
    ]
    assert checked.images == ()
    (project / "wye.toml").write_text('[code]\npackaging = "tree"\n')
    assert {p: f.content for p, f in files.items() if p != "report.json"} == {
        p: f.content for p, f in compiled(project, target)[0].items() if p != "report.json"
    }


@pytest.mark.parametrize("target", ["docker", "kubeflow", "kubernetes", "vertex", "azureml", "sagemaker"])
def test_the_report_says_what_an_image_does(project: Path, target: str) -> None:
    files, checked = compiled(project, target)
    levels = {d.feature: d.level for d in checked.decisions}
    assert {levels[f] for f in ("code.image", "step.packages", "step.image", "step.files")} == {"native"}
    report = json.loads(files["report.json"].text)
    assert [i["image"] for i in report["images"]] == [i.reference for i in checked.images]


def test_a_target_without_a_rule_for_it_refuses(project: Path) -> None:
    docker = registry.load("docker")

    class Other:
        name, options = "docker", docker.options
        capabilities = replace(docker.capabilities, rows={k: v for k, v in docker.capabilities.rows.items() if k != "code.image"})
        lower, emit = docker.lower, docker.emit

    config = load_config(project / "flow.py")
    pipeline = driver.compile_source(project / "flow.py", None, driver.layout_of(project / "flow.py", config))
    with pytest.raises(CompileFailed) as failed:
        driver.compile_target(pipeline, Other(), Other.options(), config=config)
    assert [(d.code, d.span.line) for d in failed.value.diagnostics] == [("WYE4001", 2)]


def test_a_tree_too_large_for_kubeflow_is_small_in_an_image(project: Path) -> None:
    large = random.Random(1).randbytes(40_000)
    (project / "acme" / "large.bin").write_bytes(large)
    (project / "flow.py").write_text(SMALL)
    (project / "wye.toml").write_text('[code]\npackaging = "tree"\ninclude = ["acme"]\n')
    with pytest.raises(CompileFailed) as failed:
        compiled(project, "kubeflow", max_bytes=60_000)
    (problem,) = failed.value.diagnostics
    assert problem.code == "WYE4004"
    assert 'packaging = "image" in [code]' in (problem.help or "")
    (project / "wye.toml").write_text(IMAGE + 'include = ["acme"]\n')
    files, checked = compiled(project, "kubeflow", max_bytes=60_000)
    assert len(files["pipeline.yaml"].content) < 25_000
    assert content(checked.images[0])["programs/tree/acme/large.bin"] == large


@pytest.mark.parametrize("target", ["kubeflow", "vertex"])
def test_a_task_of_a_specification_finds_runner_and_program_in_the_image(target: str, project: Path, tmp_path: Path) -> None:
    files, checked = compiled(project, target)
    image = next(i for i in checked.images if "train" in i.tasks)
    write_build(project / "image", image.files)
    spec = (
        json.loads(files["pipeline_job.json"].text)["pipelineSpec"]
        if target == "vertex"
        else next(yaml.load_all(files["pipeline.yaml"].text, yaml.CSafeLoader))
    )
    container = spec["deploymentSpec"]["executors"]["exec-train"]["container"]
    assert container["image"] == image.reference
    assert len(container["args"]) == 3, "no program"
    task, program = adapter.unpack(container["args"][1:2], "")
    assert (task["home"], program) == ("/opt/wye", None)
    task["home"] = str(project / "image")
    executor = {
        "inputs": {"parameterValues": dict.fromkeys(task["inputs"], "7")},
        "outputs": {"parameters": {"Output": {"outputFile": str(project / "said")}}, "outputFile": str(project / "o.json")},
    }
    before = list(sys.path)
    try:
        assert adapter.run(executor, task, program, str(project)) == 0
    finally:
        sys.path[:] = before
    assert (project / "said").read_text() == "7"


def test_a_pod_finds_its_program_in_the_image(project: Path) -> None:
    files, checked = compiled(project, "kubernetes")
    documents = list(yaml.load_all(files["manifests.yaml"].text, yaml.CSafeLoader))
    keys = {k for d in documents if d["kind"] == "ConfigMap" for k in d.get("data", {})}
    assert not [k for k in keys if k.startswith("programs")]
    cron_job = next(d for d in documents if d["kind"] == "CronJob")
    driver = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert driver["image"] == checked.images[0].reference
    specs = json.loads(next(d["data"]["jobs.json"] for d in documents if "jobs.json" in d.get("data", {})))["specs"]
    containers = [s["template"]["spec"]["containers"][0] for s in specs]
    assert {c["image"] for c in containers} == {i.reference for i in checked.images}
    assert {c["command"][0] for c in containers} == {"python3", "/opt/my-env/bin/python"}

    image = next(i for i in checked.images if "train" in i.tasks)
    write_build(project / "image", image.files)
    code, run = project / "code", project / "run"
    (run / "attempts" / "1").mkdir(parents=True)
    code.mkdir()
    text = (resources("wye_targets.kubernetes") / "step.py").read_text()
    assert text.count('"/opt/wye/programs"') == 1
    (code / "step.py").write_text(text.replace("/opt/wye/programs", str(project / "image" / "programs")))
    for path, source in runtime_files(interpreter=True):
        (code / path).parent.mkdir(exist_ok=True)
        (code / path).write_text(source)
    task = next(n for n in checked.pipeline.body.nodes if n.id == "train")
    assert isinstance(task, Call)
    form = task_file(checked.pipeline, task)
    (run / "task.json").write_text(json.dumps(form))
    (run / "values.json").write_text(json.dumps({n: {"text": "7"} for n in form["inputs"]}))
    done = subprocess.run([sys.executable, str(code / "step.py"), str(run), "1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (run / "attempts" / "1" / "out.json").read_text() == "7"
