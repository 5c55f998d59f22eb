"""The adapter in a compose project's containers: parameters as people type them, runs that go on, guards, verdicts, places."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wye.runtime import runner
from wye_targets.docker import adapter

PARAMETERS = [
    {"name": "s", "variable": "PARAM_s", "type": "str", "default": "$HOME"},
    {"name": "n", "variable": "PARAM_n", "type": "int"},
    {"name": "day", "variable": "PARAM_day", "type": "datetime", "scheduled": True},
]


class Build:
    """A build of a few services beside a volume; `ran` are the tasks that the runner was started for."""

    def __init__(self, folder: Path) -> None:
        self.steps, self.runs, self.ran, self.code = folder / "steps", folder / "runs", [], 0
        (self.steps / "tasks").mkdir(parents=True)
        self.spec(digest="1")

    def spec(self, **more: Any) -> None:
        content = {"pipeline": "p", "digest": "1", "parameters": [], **more}
        (self.steps / "pipeline.json").write_text(json.dumps(content))

    def task(self, name: str, **form: Any) -> None:
        content = {"wye": 1, "op": "call", "id": name, "span": "a.py:1:1", "inputs": {}, "outputs": [], **form}
        (self.steps / "tasks" / f"{name}.json").write_text(json.dumps(content))

    def run(self, name: str, run_id: str = "default") -> int:
        return adapter.main(name, run_id, str(self.runs))

    def file(self, path: str) -> Any:
        return json.loads((self.runs / "default" / path).read_text())

    def status(self, name: str) -> str:
        return str(self.file(f"state/{name}.json")["status"])

    def fake(self, argv: list[str]) -> int:
        given = dict(zip(argv[::2], argv[1::2]))
        task = json.loads(Path(given["--task"]).read_text())
        self.ran.append(task["id"])
        out = Path(given["--out"])
        out.mkdir()
        if self.code:
            record = {"type": ["ValueError"], "message": "no", "traceback": "", "exit": self.code}
            (out / "error.json").write_text(json.dumps(record))
        else:
            for port in task["outputs"]:
                (out / f"{port['name']}.json").write_text("true")
            (out / "done.json").write_text("{}")
        return self.code


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    for name in ("", ".types", ".values", ".runner", ".store"):
        monkeypatch.setitem(sys.modules, f"wye_runtime{name}", importlib.import_module(f"wye.runtime{name}"))
    made = Build(tmp_path)
    monkeypatch.setattr(adapter, "HERE", str(made.steps))
    monkeypatch.setattr(adapter, "say", print)
    monkeypatch.setattr(runner, "main", made.fake)
    return made


@pytest.mark.parametrize(
    ("typed", "wanted"), [("", '""'), ("x", '"x"'), ('"x"', '"x"'), ("1", '"1"'), ("$A '", '"\\u0024A \\u0027"'), ("a\nb", '"a\\u000ab"')]
)
def test_a_text_is_taken_as_it_is_typed(build: Build, monkeypatch: pytest.MonkeyPatch, typed: str, wanted: str) -> None:
    build.spec(parameters=PARAMETERS)
    monkeypatch.setenv("PARAM_s", typed)
    monkeypatch.setenv("PARAM_n", "7")
    monkeypatch.setenv("SCHEDULED_TIME", "2026-01-31T06:00+01:00")
    assert build.run("start") == 0
    texts = build.file("parameters.json")
    assert (texts["s"], texts["n"]) == (wanted, "7")
    assert "2026-01-31T05:00:00" in texts["day"]


def test_all_wrong_parameters_are_told_before_anything_runs(build: Build, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    build.spec(parameters=[*PARAMETERS, {"name": "m", "variable": "PARAM_m", "type": "int"}])
    monkeypatch.setenv("PARAM_n", "seven")
    assert build.run("start") == 2
    said = capsys.readouterr().out
    assert "parameter n (PARAM_n): not JSON of int" in said
    assert "parameter m has no default and no value; set PARAM_m" in said
    assert not build.runs.exists()


def test_a_run_goes_on_with_the_same_version_and_parameters_only(build: Build, monkeypatch: Any, capsys: Any) -> None:
    build.spec(parameters=PARAMETERS)
    monkeypatch.setenv("PARAM_n", "7")
    assert build.run("start") == 0
    first = build.file("run.json")["scheduled"]
    assert build.run("start") == 0
    assert build.file("run.json")["scheduled"] == first, "the time for which a run is meant stays"
    monkeypatch.setenv("PARAM_n", "8")
    assert build.run("start") == 2
    assert "was started with other parameters" in capsys.readouterr().out
    assert build.run("start", "another") == 0
    build.spec(parameters=PARAMETERS, digest="2")
    monkeypatch.setenv("PARAM_n", "7")
    assert build.run("start") == 2
    assert "another version of this pipeline" in capsys.readouterr().out


@pytest.mark.parametrize("run_id", ["", "..", "a/b", "-x", "a b", "x" * 101])
def test_what_is_no_id_of_a_run(build: Build, run_id: str) -> None:
    assert build.run("start", run_id) == 2
    assert not build.runs.exists()


def test_what_is_done_is_not_done_again(build: Build) -> None:
    build.task("a")
    build.run("start")
    assert [build.run("a"), build.run("a")] == [0, 0]
    assert build.ran == ["a"]


def test_a_failure_is_told_by_the_exit_code_and_tried_again(build: Build) -> None:
    build.task("a")
    build.run("start")
    build.code = 3
    assert (build.run("a"), build.status("a")) == (3, "failed")
    build.code = 0
    assert (build.run("a"), build.status("a")) == (0, "done")


def test_guards_are_looked_at_from_the_outside(build: Build) -> None:
    out = {"task": "c", "output": "out", "format": "json"}
    build.task("c", outputs=[{"name": "out", "type": "bool", "format": "json"}])
    build.task("inner", guards=[{"if": out, "is": False}, {"if": {"task": "never", "output": "out", "format": "json"}, "is": True}])
    build.task("taken", guards=[{"if": out, "is": True}])
    build.run("start")
    assert [build.run(n) for n in ("c", "inner", "taken")] == [0, 0, 0]
    assert [build.status(n) for n in ("c", "inner", "taken")] == ["done", "skipped", "done"]
    token = build.file("state/inner.json")["token"]
    build.run("inner")
    assert build.file("state/inner.json")["token"] == token


def test_soft_tasks_end_with_0_and_stop_what_waits_for_them(build: Build) -> None:
    build.task("body", soft=True)
    build.task("next", soft=True, checks=["body"])
    build.task("skipped", soft=True, checks=["next"], guards=[{"if": {"const": False}, "is": True}])
    build.task("final", watches=["body", "next"])
    build.task("verdict", op="verdict", of=["body", "next", "final"])
    build.run("start")
    build.code = 1
    assert build.run("body") == 0
    build.code = 0
    assert [build.run(n) for n in ("next", "skipped", "final", "verdict")] == [0, 0, 0, 1]
    assert [build.status(n) for n in ("body", "next", "skipped", "final", "verdict")] == ["failed", "stopped", "stopped", "done", "failed"]
    assert build.file("state/verdict.json")["error"]["message"] == "body: no"
    assert build.ran == ["body", "final"]
    assert [build.run(n) for n in ("body", "next", "skipped", "final", "verdict")] == [0, 0, 0, 0, 0]
    assert build.ran == ["body", "final", "body", "next", "final"], "the clean-up is for what has run anew"
    build.ran.clear()
    assert [build.run(n) for n in ("body", "next", "skipped", "final", "verdict")] == [0, 0, 0, 0, 0]
    assert build.ran == []


def test_a_soft_task_that_left_no_result_is_a_failure(build: Build) -> None:
    build.task("verdict", op="verdict", of=["body"])
    build.run("start")
    assert build.run("verdict") == 1


@pytest.mark.parametrize("soft", [False, True])
def test_the_end_of_a_run_ends_soft_tasks_too(build: Build, soft: bool) -> None:
    build.spec(timeout=0.05)
    build.task("a", soft=soft)
    build.run("start")
    time.sleep(0.06)
    assert (build.run("a"), build.status("a"), build.ran) == (124, "failed", [])
    assert build.file("state/a.json")["error"]["message"] == "the run took longer than 0.05 s"


def test_a_time_out_of_an_attempt_is_a_failure_of_a_soft_task(build: Build) -> None:
    build.task("a", soft=True)
    build.run("start")
    build.code = 124
    assert (build.run("a"), build.status("a")) == (0, "failed")


@pytest.mark.parametrize("soft", [False, True])
def test_who_is_stopped_from_outside_does_not_end_well(build: Build, soft: bool) -> None:
    build.task("a", soft=soft)
    build.run("start")
    build.code = 143
    assert (build.run("a"), build.status("a")) == (143, "cancelled")


def test_the_step_of_on_failure_runs_when_something_has_failed_and_is_told_what(build: Build) -> None:
    build.task("a", soft="always")
    build.task("outputs", soft="always", checks=["a"])
    told = {"failure": {"failure": True, "format": "json", "type": ["dict", "str", "json"]}}
    build.task("tell", soft="always", handles=["a", "outputs"], watches=["a", "outputs"], inputs=told)
    build.task("verdict", op="verdict", of=["a", "outputs", "tell"], watches=["a", "outputs", "tell"])
    names = ("a", "outputs", "tell", "verdict")
    build.run("start")
    build.code = 1
    assert build.run("a") == 0
    build.code = 0
    assert [build.run(n) for n in names[1:]] == [0, 0, 1]
    assert build.ran == ["a", "tell"]
    values = build.file("tasks/tell/values.json")
    found = {"run_id": "default", "pipeline": "p", "task_id": "a", "error_type": "ValueError", "message": "no"}
    assert json.loads(values["failure"]["text"]) == found
    build.ran.clear()
    assert [build.run(n) for n in names] == [0, 0, 0, 0]
    assert build.ran == ["a", "outputs"]
    assert build.status("tell") == "skipped"


def test_the_step_of_on_failure_runs_after_the_time_out_of_the_run(build: Build) -> None:
    build.spec(timeout=0.01)
    build.task("a", soft="always")
    told = {"failure": {"failure": True, "format": "json", "type": ["dict", "str", "json"]}}
    build.task("tell", soft="always", handles=["a"], inputs=told)
    build.run("start")
    time.sleep(0.02)
    assert [build.run("a"), build.run("tell")] == [0, 0]
    assert build.ran == ["tell"]
    values = build.file("tasks/tell/values.json")
    assert json.loads(values["failure"]["text"])["task_id"] is None


def test_a_task_without_a_run(build: Build, capsys: Any) -> None:
    build.task("a")
    assert build.run("a") == 2
    assert "has not been started" in capsys.readouterr().out


def test_secrets_become_variables(build: Build, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(adapter, "SECRETS", str(tmp_path))
    monkeypatch.setenv("TOKEN", "")
    (tmp_path / "TOKEN").write_bytes(b"a$b\xff\n")
    (tmp_path / "TOKEN_x").write_bytes(b"another")
    build.task("a", secrets=[{"name": "x", "env": "TOKEN", "key": None}])
    build.task("b", secrets=[{"name": "x", "env": "TOKEN", "key": None, "file": "TOKEN_x"}])
    build.run("start")
    assert build.run("a") == 0
    assert os.environb[b"TOKEN"] == b"a$b\xff\n"
    assert build.run("b") == 0
    assert os.environb[b"TOKEN"] == b"another"


def test_no_more_places_than_there_are(build: Build) -> None:
    """An island takes all that are free; another process, none of them. Whoever a container runs as may lock them."""
    build.spec(max_parallel=3)
    build.run("start")
    places = build.runs / "default" / "slots"
    assert [f.stat().st_mode & 0o777 for f in sorted(places.iterdir())] == [0o666] * 3

    def taken(count: int, many: bool) -> str:
        program = (
            f"import sys; sys.path.insert(0, {str(Path(adapter.__file__).parent)!r}); import adapter\n"
            "def late(): print('none'); sys.exit()\n"
            f"print(len(adapter.slots({str(places)!r}, {count}, {many}, late)))"
        )
        return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()

    first = adapter.slots(str(places), 3, False, lambda: None)
    assert taken(3, False) == "1"
    assert taken(3, True) == "2"
    rest = adapter.slots(str(places), 3, True, lambda: None)
    assert taken(3, True) == "none"
    for file in (*first, *rest):
        file.close()
    assert taken(3, True) == "3"


def test_what_the_pipeline_returned(build: Build, tmp_path: Path) -> None:
    build.task("outputs", returns=True, outputs=[{"name": "out", "type": "bool", "format": "json"}])
    build.task("end", op="end")
    build.run("start")
    assert build.run("outputs") == 0
    assert build.file("outputs.json") is True
    assert build.run("end") == 0
    assert build.file("outputs.json") is None


# --- a store -------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def bucket(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A store, which here is a folder. The service `maker` leaves a folder and a short value, `reader` reads them and returns a file."""
    store = {"url": (tmp_path / "bucket").as_uri(), "driver": "fsspec", "packages": [], "settings": {"auto_mkdir": True}}
    build.spec(store=store)
    folder, flag = {"type": "any", "format": "auto"}, {"type": "bool", "format": "json"}
    build.task("maker", outputs=[{"name": "out0", **folder}, {"name": "out1", **flag}])
    inputs = {"x": {"task": "maker", "output": "out0", **folder}, "y": {"task": "maker", "output": "out1", **flag}}
    build.task("reader", inputs=inputs, returns=True, outputs=[{"name": "out", **folder}])

    def run(argv: list[str]) -> int:
        given = dict(zip(argv[::2], argv[1::2]))
        values, out = json.loads(Path(given["--values"]).read_text()), Path(given["--out"])
        (out / "out0" / "0").mkdir(parents=True)
        (out / "done.json").write_text("{}")
        if not values:
            build.ran.append("maker")
            (out / "out0" / "value.json").write_text('{"$path":"0/m"}')
            (out / "out0" / "0" / "m").write_text("model")
            (out / "out1.json").write_text("true")
        else:
            build.ran.append("reader")
            model, seen = Path(values["x"]["file"], "0", "m").read_text(), Path(values["y"]["file"]).read_text()
            (out / "out").write_bytes(b"\x80\x04" + f"{model} {seen}".encode())
        return build.code

    monkeypatch.setattr(runner, "main", run)
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)
    before = [(n, signal.getsignal(n)) for n in numbers]
    yield tmp_path / "bucket"
    for number, handler in before:
        signal.signal(number, handler)


def test_what_tasks_hand_on_is_in_the_store(build: Build, bucket: Path) -> None:
    assert [build.run(n) for n in ("start", "maker", "reader")] == [0, 0, 0]
    assert json.loads((bucket / "p/default/run.json").read_text())["pipeline"] == "p"
    key = build.file("state/maker.json")["key"]
    assert key.startswith("p/default/tasks/maker/")
    assert (bucket / key / "out0/0/m").read_text() == "model"
    assert (bucket / key / "out1.json").read_text() == "true"
    assert sorted(p.name for p in (build.runs / "default/tasks/maker/out").iterdir()) == ["done.json", "out1.json"], (
        "short values alone stay"
    )
    assert not (build.runs / "default/tasks/reader/in").exists()
    (returned,) = (bucket / "p/default/tasks/reader").glob("*/out")
    assert returned.read_bytes() == b"\x80\x04model true"
    assert build.file("outputs.json") == returned.as_uri()
    assert json.loads((bucket / "p/default/outputs.json").read_text()) == returned.as_uri()
    assert [build.run(n) for n in ("start", "maker", "reader")] == [0, 0, 0]
    assert build.ran == ["maker", "reader"], "a second `up` repeats nothing"


@pytest.mark.processes
def test_two_runs_of_one_name_do_not_meet(build: Build, bucket: Path, tmp_path: Path) -> None:
    """Two machines, each with a volume of its own, and one store."""
    assert [build.run(n) for n in ("start", "maker")] == [0, 0]
    key = build.file("state/maker.json")["key"]
    here, build.runs = build.runs, tmp_path / "elsewhere"
    assert [build.run(n) for n in ("start", "maker")] == [0, 0]
    assert build.file("state/maker.json")["key"] != key
    build.runs = here
    assert build.run("reader") == 0


@pytest.mark.processes
def test_a_store_that_cannot_be_written_is_told_before_anything_runs(build: Build, bucket: Path, capsys: Any) -> None:
    bucket.write_text("no folder")
    assert build.run("start") == 1
    assert "failed: cannot write " in capsys.readouterr().out
    assert build.run("maker") == 2, "the run has not been started"


@pytest.mark.processes
def test_what_cannot_be_put_in_the_store_fails_the_task(build: Build, bucket: Path, capsys: Any) -> None:
    assert build.run("start") == 0
    (bucket / "p/default/tasks").write_text("no folder")
    assert (build.run("maker"), build.status("maker")) == (1, "failed")
    assert "key" not in build.file("state/maker.json")
    assert build.file("state/maker.json")["error"]["message"].startswith("cannot write file://")
    (bucket / "p/default/tasks").unlink()
    assert (build.run("maker"), build.status("maker")) == (0, "done")


@pytest.mark.processes
def test_what_the_store_has_lost_is_told_in_a_line(build: Build, bucket: Path) -> None:
    assert [build.run(n) for n in ("start", "maker")] == [0, 0]
    (bucket / build.file("state/maker.json")["key"] / "done.json").unlink()
    assert build.run("reader") == 1
    message = build.file("state/reader.json")["error"]["message"]
    assert message.endswith(" is not there, or was never finished; does a rule of the store remove objects?")
    assert build.ran == ["maker"]
