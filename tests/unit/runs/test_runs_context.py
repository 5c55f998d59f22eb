"""`wye run`: contexts in retries, loops and islands; the time for which a run is meant; the step that runs when a run has failed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from wye import passes
from wye.backend.check import check
from wye.driver import compile_source
from wye.ir.model import Pipeline
from wye.runs.execute import How, RunResult, run_local
from wye.runs.inputs import RunInputError, Text
from wye_targets.local import Local, LocalOptions

pytestmark = pytest.mark.processes

CONTEXTS = """
import os, subprocess, sys
from datetime import datetime
import wye
from wye import Retry, ScheduledTime, pipeline, step

@step(retry=Retry(2, delay=0))
def third(day: datetime) -> list[object]:
    if wye.context().attempt < 3:
        raise RuntimeError
    found = wye.context()
    child = subprocess.run([sys.executable, "-c", "import wye; print(wye.context().attempt)"], capture_output=True, text=True, check=True)
    return [found.attempt, found.task_id, found.pipeline, found.run_id, found.scheduled_time == day, int(child.stdout)]

@step
def name(n: int) -> str:
    return wye.context().task_id

@step
def shorter(xs: list[int]) -> list[int]:
    return xs[1:]

@pipeline
def flow(day: datetime = ScheduledTime()) -> list[object]:
    ids = []
    for i in [1, 2]:
        ids.append(name(i))
    rest = [1]
    while rest:
        last = name(0)
        rest = shorter(rest)
    nested = [[name(n) for n in row] for row in [shorter([1, 2])]]
    return [third(day), ids, nested, f"{day}"]
"""

HANDLED = """
import os, time
import wye
from wye import Failure, Secret, pipeline, step

@step
def work(how: str) -> int:
    if how == "raise":
        raise LookupError("{{ no }}")
    if how == "kill":
        os.kill(os.getpid(), 9)
    if how in ("slow", "stop"):
        print("begun", flush=True)
        time.sleep(60)
    return 1

@step
def clean(n: int) -> int:
    return n

@step(secrets=[Secret("a", "MARK")])
def tell(failure: Failure) -> None:
    with open(os.environ["MARK"], "a") as file:
        print(failure.task_id, failure.error_type, failure.message, failure.run_id == wye.context().run_id, sep="|", file=file)
    if failure.message.startswith("'broken") or failure.message == "broken":
        raise OSError

@pipeline(on_failure=tell, timeout=TIMEOUT)
def flow(how: str = "raise") -> int:
    try:
        n = work(how)
    finally:
        clean(1)
    return n
"""


def compiled(folder: Path, text: str) -> Pipeline:
    source = folder / "flow.py"
    source.write_text(text, "utf-8")
    return compile_source(source)


def run(folder: Path, text: str, params: dict[str, Any] | None = None, islands: bool = False, **more: Any) -> RunResult:
    pipeline = compiled(folder, text)
    if islands:
        pipeline = passes.islands(pipeline, lambda node, around: "as a test asks", "test")
    return run_local(check(pipeline, Local(), LocalOptions()), params or {}, root=folder / "runs", how=How(workers=4), **more)


@pytest.mark.parametrize("islands", [False, True])
def test_attempts_ids_and_times(islands: bool, tmp_path: Path) -> None:
    when = datetime(2026, 1, 31, 6, 30, tzinfo=UTC)
    result = run(tmp_path, CONTEXTS, islands=islands, scheduled=when)
    assert result.status == "succeeded", [t.error for t in result.tasks]
    third, ids, nested, day = result.outputs
    assert third == [3, "third", "flow", result.run_id, True, 3]
    assert (len(ids), len(set(ids)), len(nested[0])) == (2, 2, 1)
    assert day == str(when)


def test_the_id_of_a_task_in_a_loop_has_its_index(tmp_path: Path) -> None:
    text = CONTEXTS.replace("for i in [1, 2]:", "for i in shorter([0, 1, 2]):").replace("attempt < 3", "attempt < 0")
    assert run(tmp_path, text).outputs[1] == ["for_1[0].name", "for_1[1].name"]


def test_a_time_may_be_given_and_must_be_an_instant(tmp_path: Path) -> None:
    text = CONTEXTS.replace("found.scheduled_time == day", "day.isoformat()").replace("attempt < 3", "attempt < 0")
    assert run(tmp_path, text, {"day": Text("2026-01-31T07:00:00.5+01:00")}).outputs[0][4] == "2026-01-31T06:00:00.500000+00:00"
    for wrong in ("2026-01-31", "tomorrow", "2026", "2026-13-01T00:00Z"):
        with pytest.raises(RunInputError, match="parameter `day`: "):
            run(tmp_path, text, {"day": Text(wrong)})


TOLD = {
    "raise": "work|LookupError|{{ no }}|True\n",
    "kill": "work|None|the step's process was killed by SIGKILL (out of memory?)|True\n",
    "slow": "None|None|the run took longer than 2 s|True\n",
    "fine": "",
}


@pytest.mark.parametrize("how", TOLD)
def test_a_step_runs_when_the_run_has_failed(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / "mark"
    monkeypatch.setenv("MARK", str(mark))
    result = run(tmp_path, HANDLED.replace("TIMEOUT", "2" if how == "slow" else "None"), {"how": how})
    assert result.status == ("succeeded" if how == "fine" else "failed")
    assert (mark.read_text() if mark.exists() else "") == TOLD[how]
    assert [t.status for t in result.tasks if t.id == "on_failure"] == (["succeeded"] if TOLD[how] else [])
    noted = json.loads((result.folder / "run.json").read_text())
    assert noted["status"] == result.status


def test_its_own_failure_is_one_of_the_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARK", str(tmp_path / "mark"))
    result = run(tmp_path, HANDLED.replace("TIMEOUT", "None").replace("{{ no }}", "broken"))
    assert result.status == "failed"
    assert {t.id: t.error["type"][0] for t in result.tasks if t.error} == {"work": "LookupError", "on_failure": "OSError"}


def test_it_does_not_run_when_the_run_is_stopped_by_hand(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    (tmp_path / "flow.py").write_text(HANDLED.replace("TIMEOUT", "None"), "utf-8")
    command = [sys.executable, "-m", "wye.cli", "run", "flow.py", "-p", "how=stop"]
    process = subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "MARK": str(mark)}, stderr=subprocess.PIPE)
    while not any("begun" in log.read_text() for log in tmp_path.glob(".wye/runs/*/tasks/wo*/log.txt")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert not mark.exists()


def test_its_secrets_are_asked_for_before_a_run_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MARK", raising=False)
    with pytest.raises(RunInputError, match="secret `a`"):
        run(tmp_path, HANDLED.replace("TIMEOUT", "None"), {"how": "fine"})


def test_a_nested_pipeline_has_none_of_its_own(tmp_path: Path) -> None:
    text = HANDLED.replace("TIMEOUT", "None") + "\n\n@pipeline\ndef main() -> int:\n    return flow('fine')\n"
    with pytest.raises(Exception, match="nested pipeline cannot have its own"):
        check(compiled(tmp_path, text), Local(), LocalOptions())
