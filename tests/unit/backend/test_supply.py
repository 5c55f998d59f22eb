"""`[packages]` of the stack file: it reaches the tasks that have packages, pins them by the lock file, and no credentials travel."""

# ruff: noqa: E501

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from wye import driver
from wye.backend import registry
from wye.diagnostics import CompileFailed
from wye.stacks import load_config
from wye_targets.airflow.adapter import installing

pytestmark = pytest.mark.processes

FLOW = """
from wye import pipeline, step

@step(packages=["wyeone"])
def work() -> str:
    import wyeone, wyetwo
    return wyeone.VERSION + wyetwo.VERSION

@step
def tell(text: str) -> str:
    return text

@pipeline
def flow() -> str:
    return tell(work())
"""


def wheel(folder: Path, name: str, version: str, needs: str = "") -> str:
    """A wheel as small as can be; its hash."""
    file, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        made.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + (f"Requires-Dist: {needs}\n" if needs else ""),
        )
        made.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "wheels").mkdir()
    return tmp_path


def tasks(project: Path, table: str, target: str = "local") -> dict[str, Any]:
    """The task files of an Airflow artifact, or the nodes of a local one, by id."""
    (project / "wye.toml").write_text(f"[packages]\n{table}\n")
    kind, file = registry.load(target), project / "flow.py"
    files, _ = driver.compile_target(driver.compile_source(file), kind, kind.options(), config=load_config(file))
    if target == "airflow":
        return {f.path: json.loads(f.text) for f in files if "/tasks/" in f.path} | {
            f.path: f.content for f in files if ".wheels" in f.path
        }
    return {n["id"]: n for n in json.loads(next(f.text for f in files if f.path == "plan.json"))["nodes"]}


def test_what_the_file_says_reaches_the_tasks_with_packages(project: Path) -> None:
    (project / "ca.pem").write_text("CERT\n")
    (project / "lock.txt").write_text("# by uv\nwyeone==1.0 ; python_version >= '3.9'  # why\nwye-two[x]==2.0\n")
    table = 'index = "https://p.example.com/simple"\nextra-index = ["https://q.example.com"]\nproxy = "http://proxy:3128"\ncert = "ca.pem"\nlock = "lock.txt"'
    found = tasks(project, table)
    assert found["work"]["install"] == {
        "index": "https://p.example.com/simple",
        "extra": ["https://q.example.com"],
        "proxy": "http://proxy:3128",
        "cert": "CERT\n",
        "lock": "wyeone==1.0 ; python_version >= '3.9'\nwye-two[x]==2.0\n",
    }
    assert "install" not in found["tell"]
    assert tasks(project, table, "airflow")["flow_steps/tasks/work.json"]["install"] == found["work"]["install"]


@pytest.mark.parametrize(
    ("table", "lock", "said"),
    [
        ('lock = "lock.txt"', "other==1\n", "the lock file has no `wyeone`"),
        ('lock = "lock.txt"', "--index-url https://u:p@h/s\nwyeone==1\n", "is no pinned package"),
        ('lock = "lock.txt"', "-r more.txt\n", "is no pinned package"),
        ('lock = "lock.txt"', "wyeone @ file:///srv/x.whl\n", "is no pinned package"),
        ('lock = "gone.txt"', None, "`gone.txt` cannot be read"),
        ('wheels = ["wheels/*"]', None, "no wheel is called `wheels/*`"),
        ('index = "https://me:secret@p.example.com/simple"', None, "has a user or a password in it"),
        ('proxy = "http://me@proxy:3128"', None, "has a user or a password in it"),
    ],
)
def test_what_is_refused(project: Path, table: str, lock: str | None, said: str) -> None:
    if lock is not None:
        (project / "lock.txt").write_text(lock)
    with pytest.raises(CompileFailed) as caught:
        tasks(project, table)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("hashes", [False, True])
def test_the_runner_installs_from_the_wheels_what_the_lock_pins(project: Path, tmp_path: Path, hashes: bool) -> None:
    """With pip, without an index."""
    one, two = wheel(project / "wheels", "wyeone", "1.0", "wyetwo"), wheel(project / "wheels", "wyetwo", "2.0")
    wheel(project / "wheels", "wyetwo", "3.0")
    lines = ["wyeone==1.0", "wyetwo==2.0"]
    pins = [f"{line} \\\n    --hash=sha256:{h}" for line, h in zip(lines, (one, two))] if hashes else lines
    (project / "lock.txt").write_text("\n".join(pins) + "\n")
    tasks(project, 'lock = "lock.txt"\nwheels = ["wheels"]')
    kind, file = registry.load("local"), project / "flow.py"
    files, checked = driver.compile_target(driver.compile_source(file), kind, kind.options(), config=load_config(file))
    build = tmp_path / "build"
    for f in files:
        (build / f.path).parent.mkdir(parents=True, exist_ok=True)
        (build / f.path).write_bytes(f.content)
    plan = json.loads((build / "plan.json").read_text())
    node = next(n for n in plan["nodes"] if n["id"] == "work")
    (tmp_path / "task.json").write_text(json.dumps({**plan["steps"][node["step"]], **node}))
    (tmp_path / "values.json").write_text("{}")
    runner = Path(driver.__file__).parent / "runtime" / "__main__.py"
    command = [sys.executable, str(runner), "--task", "task.json", "--values", "values.json", "--out", "out", "--program"]
    done = subprocess.run(
        [*command, str(build / "programs" / "flow.work")],
        cwd=tmp_path,
        env={**os.environ, "PIP_NO_INDEX": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "out.json").read_text() == '"1.02.0"'
    assert checked.pipeline.install is not None


def test_kubeflow_carries_the_wheels_in_its_archive(project: Path) -> None:
    wheel(project / "wheels", "wyeone", "1.0")
    (project / "wye.toml").write_text('[packages]\nwheels = ["wheels"]\n')
    kind, file = registry.load("kubeflow"), project / "flow.py"
    files, _ = driver.compile_target(driver.compile_source(file), kind, kind.options(), config=load_config(file))
    from wye_targets._kfp.adapter import FILES
    from wye_targets._kfp.adapter import files as unpacked

    (line,) = {part for part in files[0].text.split() if part.strip("'\"").startswith(FILES)}
    found = dict(unpacked(line.strip("'\"")))
    assert list(found) == [".wheels/wyeone-1.0-py3-none-any.whl"]
    assert found[".wheels/wyeone-1.0-py3-none-any.whl"] == (project / "wheels" / "wyeone-1.0-py3-none-any.whl").read_bytes()


def test_airflow_what_the_environment_says_goes_before_the_file(tmp_path: Path) -> None:
    how = {"index": "https://p.example.com/simple", "extra": ["https://a", "https://b"], "lock": "x==1\n", "cert": "C"}
    options, env = installing(how, tmp_path, tmp_path / "e", {}, uv=False)
    assert options == ["-c", str(tmp_path / "e.lock.txt"), "--cert", str(tmp_path / "e.cert.txt"), "--find-links", str(tmp_path)]
    assert (env["PIP_INDEX_URL"], env["PIP_EXTRA_INDEX_URL"]) == ("https://p.example.com/simple", "https://a https://b")
    own = {"PIP_INDEX_URL": "https://me:secret@p.example.com/simple"}
    options, env = installing({**how, "hashes": True}, tmp_path / "none", tmp_path / "e", own, uv=True)
    assert options == ["--require-hashes", "-r", str(tmp_path / "e.lock.txt")]
    assert env["PIP_INDEX_URL"] == env["UV_INDEX_URL"] == own["PIP_INDEX_URL"]
    assert env["SSL_CERT_FILE"] == str(tmp_path / "e.cert.txt")
