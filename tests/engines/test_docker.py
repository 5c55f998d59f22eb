"""Compose projects on a real engine: what `docker compose up` comes to is what the plain call comes to, in value and in final state."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from docker_engine import ROOT, Project, Run, built, docker, environment, image_for_tests
from docker_programs import HEAD, source

from wye.testing.cases import Case, Outcome, examples, feature_cases, further, plain_call
from wye.testing.environments import EngineMissing, missing

sys.path.append(str(ROOT / "tests" / "differential"))
import programs

AT_A_TIME = 4
CANNOT = {"settings_containers": "it wants a gpu", "diagnosis": "it wants pandas and scikit-learn in the image"}
SHARE = {"order"}
"""Their steps write to one file below `/tmp`, which containers have each of their own."""
CASES = {c.name: c for c in (*feature_cases(ROOT), *examples(ROOT), *further()) if "docker" in c.targets}
RANDOM = 20
MARK = str(os.getpid())
"""Part of every project's name."""


@pytest.fixture(scope="session")
def image() -> str:
    try:
        return image_for_tests()
    except EngineMissing as reason:
        missing("docker", str(reason))


class Engine:
    """Runs of projects, some at a time. Each project's containers and volume go when it is no longer needed."""

    def __init__(self, image: str, folder: Path) -> None:
        self.image, self.folder = image, folder
        self.pool = ThreadPoolExecutor(AT_A_TIME)
        self.projects: list[Project] = []

    def project(self, name: str, file: Path, pipeline: str | None = None) -> Project:
        self.projects.append(built(file, self.folder / name / "build", self.image, f"wye-{MARK}-{name}".lower(), pipeline))
        return self.projects[-1]

    def program(self, name: str, copy: str = "") -> Project:
        file = self.folder / f"own{copy}" / name / f"{name}.py"
        file.parent.mkdir(parents=True)
        file.write_text(source(name), "utf-8")
        return self.project(f"own{copy}-{name}", file)

    def once(self, case: Case) -> tuple[Outcome, Run]:
        project = self.project(case.name, case.source)
        if case.name in SHARE:
            services = json.loads(project.compose("config", "--format", "json").stdout)["services"]
            project.override({"services": {n: {"volumes": ["shared:/tmp"]} for n in services}, "volumes": {"shared": {}}})
        try:
            return plain_call(case), project.up(env={**environment(case.params), **case.variables})
        finally:
            project.down()


@pytest.fixture(scope="module")
def engine(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(image, tmp_path_factory.mktemp("docker"))
    yield engine
    engine.pool.shutdown(cancel_futures=True)
    for project in engine.projects:
        project.down()


@pytest.fixture(scope="module")
def runs(engine: Engine) -> dict[str, Future[tuple[Outcome, Run]]]:
    return {name: engine.pool.submit(engine.once, case) for name, case in CASES.items() if name not in CANNOT}


@pytest.fixture(scope="module")
def random_runs(engine: Engine, runs: Any) -> dict[str, Future[tuple[Outcome, Run]]]:
    folder = engine.folder / "programs"
    folder.mkdir()
    programs.write_cases(RANDOM, folder, frozenset(), 900000, 6)
    cases = [Case(f.name, f / "pipeline.py") for f in sorted(folder.iterdir())]
    return {c.name: engine.pool.submit(engine.once, c) for c in cases}


def agree(expected: Outcome, run: Run) -> None:
    """Value and final state are those of the plain call."""
    failed = expected.value is None
    assert (run.code != 0) == failed, f"{expected.error}\n{run.log}"
    if not failed:
        assert run.outputs == expected.value, run.log
        assert {s["status"] for s in run.states.values()} <= {"done", "skipped"}
        assert run.status("outputs") == "done"
    else:
        assert run.outputs is None
        assert "failed" in {s["status"] for s in run.states.values()}, run.log


@pytest.mark.parametrize("name", CASES)
def test_up_equals_the_plain_call(name: str, runs: dict[str, Future[tuple[Outcome, Run]]]) -> None:
    if name in CANNOT:
        pytest.skip(f"{name}: {CANNOT[name]}")
    expected, run = runs[name].result()
    assert (expected.value is None) == CASES[name].fails, expected.error
    agree(expected, run)


@pytest.mark.parametrize("number", range(RANDOM))
def test_random_programs(number: int, random_runs: dict[str, Future[tuple[Outcome, Run]]]) -> None:
    agree(*list(random_runs.values())[number].result())


# --- what goes wrong ------------------------------------------------------------------------------------------------------------------


def marks(project: Project) -> dict[str, int]:
    """The marks that steps have left, and how often."""
    done = subprocess.run(
        ["docker", "compose", "-p", project.name, "cp", "start:/runs/marks", "-"], cwd=project.folder, capture_output=True
    )
    if not done.stdout:
        return {}
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as listed:
        return {f.name.split("/")[-1]: f.size for f in listed if f.isfile()}


def test_a_failing_step(engine: Engine) -> None:
    run = engine.program("failing").up()
    assert (run.code, run.status("fails"), run.status("add")) == (1, "failed", None)
    assert run.states["fails"]["error"]["type"][0] == "ValueError"
    assert run.states["fails"]["error"]["message"] == "1 is $HOME too ${many} {{ds}}"


def test_a_failing_last_step(engine: Engine) -> None:
    project = engine.program("failing_last")
    run = project.up()
    assert run.code != 0
    assert run.outputs is None
    assert "IndexError" in run.log


def test_a_retry_that_heals(engine: Engine) -> None:
    run = engine.program("heals").up()
    assert (run.code, run.outputs) == (0, "3")


def test_a_time_out_of_an_attempt(engine: Engine) -> None:
    project = engine.program("late")
    run = project.up()
    assert run.code != 0
    assert run.states["slow"]["error"]["exit"] == 124
    assert marks(project) == {"late": 2}


def test_a_time_out_of_the_run(engine: Engine) -> None:
    project = engine.program("deadline")
    run = project.up()
    assert run.code != 0
    assert run.states["slow"]["error"]["message"] == "the run took longer than 15 s"
    assert marks(project) == {}, "nothing runs after a run's time-out"


def test_a_missing_secret_is_told_before_anything_runs(engine: Engine) -> None:
    project = engine.program("secret")
    run = project.up()
    assert run.code != 0
    assert 'environment variable "TOKEN" required by secret' in run.log
    assert run.states == {}
    given = "a$b '{{c}}"
    again = project.up(env={"TOKEN": given})
    assert (again.code, json.loads(again.outputs or "")) == (0, given)
    project.compose("down")  # a container keeps the file that it was made with
    (project.folder / "token.txt").write_text("from a $file\n")
    (project.folder / "compose.override.yaml").write_text("secrets: {TOKEN: !override {file: ./token.txt}}\n")
    assert json.loads(project.up(run_id="two").outputs or "") == "from a $file\n"


def test_two_secrets_for_one_variable_are_two(engine: Engine) -> None:
    project = engine.program("two_secrets")
    run = project.up(env={"PW_one": "1", "PW_other_user": "2", "PW": "neither"})
    assert (run.code, json.loads(run.outputs or "")) == (0, ["1", "2"])


def test_clean_up_runs_and_the_run_fails(engine: Engine) -> None:
    project = engine.program("cleans")
    run = project.up()
    assert run.code != 0
    assert marks(project) == {"cleaned": 1}
    verdict = next(s for n, s in run.states.items() if n.endswith("_verdict"))
    assert (verdict["status"], run.status("fails")) == ("failed", "failed")


def test_independent_steps_go_on(engine: Engine) -> None:
    project = engine.program("continues")
    run = project.up()
    assert run.code != 0
    assert marks(project) == {"independent": 2}
    assert run.outputs is None


def test_a_run_goes_on_where_it_failed_and_then_repeats_nothing(engine: Engine) -> None:
    project = engine.program("resumes")
    assert project.up().code != 0
    assert marks(project) == {"first": 1, "second": 1, "cleaned": 1}
    again = project.up()
    assert (again.code, again.outputs) == (0, '["first",2,"third"]')
    after = {"first": 1, "second": 1, "cleaned": 2, "third": 1}
    assert marks(project) == after, "what was cleaned up after is cleaned up after again"
    third = project.up()
    assert (third.code, third.outputs, marks(project)) == (0, again.outputs, after)


def test_a_large_artifact_in_little_memory(engine: Engine) -> None:
    run = engine.program("large").up()
    assert (run.code, run.outputs) == (0, str(200 << 20)), run.log


def test_a_step_that_is_killed_for_want_of_memory(engine: Engine) -> None:
    project = engine.program("memory")
    run = project.up()
    assert run.code != 0
    assert "killed by SIGKILL (out of memory?)" in run.states["eats"]["error"]["message"] or "MemoryError" in run.log
    assert marks(project) == {"cleaned": 1}


def test_a_full_volume(engine: Engine, image: str) -> None:
    """A volume of 8 MiB, held by a container as long as the run takes."""
    project = engine.program("large", "-full")
    options = {"type": "tmpfs", "device": "tmpfs", "o": "size=8m"}
    project.override({"volumes": {"runs": {"driver_opts": options}}})
    project.compose("create", "start")
    holder = docker(
        "run", "--detach", "--volume", f"{project.name}_runs:/runs", "--entrypoint", "python3", image, "-c", "import time; time.sleep(600)"
    )
    try:
        run = project.up()
    finally:
        docker("rm", "--force", holder.stdout.strip())
    assert run.code != 0
    assert run.outputs is None
    assert "No space left on device" in run.log


def test_no_more_tasks_at_a_time_than_asked_for(engine: Engine) -> None:
    run = engine.program("two_at_a_time").up()
    spans = sorted(json.loads(run.outputs or "[]"))
    assert run.code == 0
    assert all(sum(s <= start < e for s, e in spans) <= 2 for start, _ in spans)


def test_hostile_words(engine: Engine) -> None:
    project = engine.program("hostile")
    case = Case("hostile", engine.folder / "own" / "hostile" / "hostile.py")
    expected, run = plain_call(case), project.up()
    agree(expected, run)
    labels = json.loads(docker("inspect", "--format", "{{json .Config.Labels}}", f"{project.name}-words-1").stdout)
    assert labels["{{k}}$"] == "v$HOME '\""
    assert labels["line"] == "a\nb"
    for number, text in enumerate(("a $HOME ${X} '\"\\ {{x}}\n#", "1e3", "true", '"quoted"')):
        again = project.up(env={"PARAM_given": text, "PARAM_other": ""}, run_id=f"r{number}")
        wanted = json.loads(text) if text[0] == '"' else text
        assert json.loads(again.outputs or "")[0][0] == wanted, again.log
    other = project.up(env={"PARAM_given": "something else"})
    assert other.code != 0
    assert "was started with other parameters" in other.log
    wrong = project.up(run_id="../x")
    assert wrong.code != 0
    assert "not an id of a run" in wrong.log


def test_two_runs_at_once(engine: Engine) -> None:
    first = engine.program("twice")
    second = Project(first.folder, first.name + "-b")
    engine.projects.append(second)
    ran = [engine.pool.submit(p.up, env={"PARAM_n": n}, run_id=r) for p, n, r in ((first, "3", "a"), (second, "4", "b"))]
    assert [r.result().outputs for r in ran] == ["6", "8"]


# --- wye run --on docker --------------------------------------------------------------------------------------------------------------


Started = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def wye(image: str, tmp_path: Path) -> Iterator[Started]:
    """Starts `wye run --on docker` in a folder of its own; all that it leaves on the engine goes."""

    def start(text: str, *words: str) -> subprocess.Popen[str]:
        (tmp_path / "flow.py").write_text(text, "utf-8")
        (tmp_path / "wye.toml").write_text(f'[stacks.here]\ntarget = "docker"\nimage = "{image}"\n')
        command = [sys.executable, "-m", "wye.cli", "run", "flow.py", "--on", "docker", "--stack", "here", "--format", "json", *words]
        return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    yield start
    for file in tmp_path.glob(".wye/docker/*/.env"):
        name = file.read_text().split("\n")[0].partition("=")[2]
        docker("compose", "-p", name, "down", "--volumes", "--timeout", "1")
        docker("volume", "rm", f"{name}_runs")


def test_wye_run(wye: Started) -> None:
    text = HEAD + "\n@pipeline\ndef p(n: int = 1, s: str = 'x') -> tuple[int, str]:\n    return add(one(n), n), s\n"
    process = wye(text, "-p", "n=4", "-p", "s=a$b")
    out, err = process.communicate(timeout=300)
    found = json.loads(out)
    assert (process.returncode, found["status"], found["outputs"]) == (0, "succeeded", [8, "a$b"]), err
    assert [(t["id"], t["step"], t["status"]) for t in found["tasks"]] == [
        ("one", "flow:one", "succeeded"), ("add", "flow:add", "succeeded"), ("outputs", None, "succeeded"),
    ]  # fmt: skip
    assert "✓ add" in err
    assert docker("ps", "-aq", "--filter", f"name=p-{found['run']}").stdout == ""
    assert f"p-{found['run']}_runs" in docker("volume", "ls", "-q").stdout, "the artifacts stay"


def test_wye_run_of_what_fails(wye: Started) -> None:
    process = wye(source("failing"))
    out, err = process.communicate(timeout=300)
    found = json.loads(out)
    assert (process.returncode, found["status"], found["outputs"]) == (1, "failed", None)
    assert {t["id"]: t["status"] for t in found["tasks"]} == {"one": "succeeded", "fails": "failed", "add": "skipped", "outputs": "skipped"}
    assert "flow.py" in err
    assert "ValueError: 1 is $HOME" in err


def test_ctrl_c_stops_the_containers(wye: Started, tmp_path: Path) -> None:
    process = wye(source("killed"))
    logs = tmp_path / ".wye" / "docker"
    end = time.monotonic() + 120
    while not any("started" in f.read_text() for f in logs.glob("*/tasks/stuck/log.txt")):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    found = json.loads(out)
    assert process.returncode == 130
    assert found["status"] == "failed"
    assert {t["id"]: t["status"] for t in found["tasks"]}["stuck"] == "cancelled"
    assert docker("ps", "-aq", "--filter", f"name=p-{found['run']}").stdout == ""
