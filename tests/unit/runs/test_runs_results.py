"""A result is taken from the cache when nothing that it depends on has changed, and from nowhere else."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "runtime"))
from plan_forms import Here, block, compute, const, item, map_, out, param, plan_of

from wye.runs.memory import Memory
from wye.runs.results import Results, clean
from wye.runtime.plan import run_plan

pytestmark = pytest.mark.processes

Form = dict[str, Any]


class Runs:
    """Runs of plans that share a cache. `env` is what their interpreter has."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count, self.env = folder, 0, "py"
        self.last = folder

    def run(self, *nodes: Form, program: str = "x = 1", context: Form | None = None, params: Any = None, **more: Any) -> dict[str, str]:
        """How each task came to its result ("" by running)."""
        self.count += 1
        self.last = self.folder / f"run{self.count}"
        (self.last / "programs/p").mkdir(parents=True)
        (self.last / "programs/p/m.py").write_text(program)
        (self.last / "programs/p/lines.json").write_text(json.dumps(self.count))
        results = Results(self.folder / "cache", lambda task: self.env)
        memory = Memory(self.last, 1, context or {"run_id": str(self.count)}, results)
        values = {n: {"text": json.dumps(v)} for n, v in (params or {}).items()}
        result = run_plan(json.loads(json.dumps(plan_of(nodes))), values, str(self.last), Here(**more), 4, memory=memory)
        return {t.id: t.how if t.status == "succeeded" else t.status for t in result.tasks}

    def text(self, task: str) -> str:
        return (self.last / "tasks" / task / "out/out.json").read_text()


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def kept(id: str, py: str, max_age: float | None = None, **more: Any) -> Form:
    return {**compute(id, py, **more), "settings": {"cache": {"max_age": max_age}}}


def test_the_second_run_takes_what_the_first_kept(runs: Runs) -> None:
    assert runs.run(kept("a", "[1, {'k': None}]"), compute("b", "x", x=out("a"))) == {"a": "", "b": ""}
    assert runs.run(kept("a", "[1, {'k': None}]"), compute("b", "x", x=out("a"))) == {"a": "cached", "b": ""}
    assert runs.text("a") == runs.text("b") == '[1,{"k":null}]'
    assert sorted(p.name for p in (runs.last / "tasks/a").iterdir()) == ["log.txt", "out", "result.json", "task.json", "values.json"]
    assert "that of a in run run1" in (runs.last / "tasks/a/log.txt").read_text()
    assert runs.run(kept("renamed", "[1, {'k': None}]")) == {"renamed": "cached"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (kept("a", "1"), kept("a", "2")),
        (kept("a", "x", x=const({"a": 1, "b": 2})), kept("a", "x", x=const({"b": 2, "a": 1}))),  # dicts have an order
        (kept("a", "x", x=const(1)), kept("a", "x", x=const(1.0))),
        (kept("a", "1"), {**kept("a", "1"), "env": {"A": "1"}}),
        (kept("a", "1"), {**kept("a", "1"), "secrets": [{"name": "n", "env": "HOME", "key": None}]}),
        (kept("a", "1"), kept("a", "1", kind="int")),
        (kept("a", "1"), kept("a", "1", format="auto")),
    ],
)
def test_what_makes_another_result(runs: Runs, first: Form, second: Form) -> None:
    assert runs.run(first) == {"a": ""}
    assert runs.run(second) == {"a": ""}
    assert runs.run(first) == {"a": "cached"}


def test_what_makes_no_other_result(runs: Runs) -> None:
    runs.run(kept("a", "1"))
    moved = {**kept("a", "1", delays=[1.0]), "span": "other.py:7:1", "timeout": 9.0}
    moved["settings"] |= {"tags": {"t": "x"}, "resources": {"cpu": 2}}
    assert runs.run(moved) == {"a": "cached"}


def test_program_environment_and_context(runs: Runs) -> None:
    task = {**kept("a", "1"), "program": "p"}
    runs.run(task)
    assert runs.run(task) == {"a": "cached"}
    assert runs.run(task, program="x = 2") == {"a": ""}
    runs.env = "other"
    assert runs.run(task) == {"a": ""}
    asks = "from wye import context"  # what it says is another thing in each run
    assert runs.run(task, program=asks) == {"a": ""}
    assert runs.run(task, program=asks) == {"a": ""}
    assert runs.run(task, program=asks, context={"run_id": str(runs.count)}) == {"a": "cached"}


def test_inputs_count_by_content(runs: Runs) -> None:
    """However the value came to be: the text of a parameter, a file, one element of a list."""
    assert runs.run(compute("s", "[5]"), kept("a", "x", x=out("s"))) == {"s": "", "a": ""}
    assert runs.run(compute("s", "[2 + 3]"), kept("a", "x", x=out("s"))) == {"s": "", "a": "cached"}
    assert runs.run(kept("a", "x", x=param("p")), params={"p": [5]}) == {"a": "cached"}
    assert runs.run(kept("a", "x", x=param("p")), params={"p": [6]}) == {"a": ""}


def test_each_iteration_is_a_task(runs: Runs) -> None:
    def loop(*items: int) -> Form:
        return map_("m", const(list(items)), block([kept("a", "x * 2", x=item("m"))]))

    assert runs.run(loop(1, 2)) == {"m[0].a": "", "m[1].a": ""}
    assert runs.run(loop(2, 3, 1)) == {"m[0].a": "cached", "m[1].a": "", "m[2].a": "cached"}
    assert (runs.last / "tasks/m/2/a/out/out.json").read_text() == "2"


def test_failures_are_not_kept(runs: Runs) -> None:
    assert runs.run(kept("a", "1 // 0")) == {"a": "failed"}
    assert runs.run(kept("a", "1 // 0")) == {"a": "failed"}
    assert not (runs.folder / "cache").exists()


def test_age(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.run(kept("a", "1", max_age=60))
    assert runs.run(kept("a", "1", max_age=60)) == {"a": "cached"}
    from wye.runs import results

    now = results.time.time()
    monkeypatch.setattr(results.time, "time", lambda: now + 61)
    assert runs.run(kept("a", "1")) == {"a": "cached"}
    assert runs.run(kept("a", "1", max_age=60)) == {"a": ""}
    assert runs.run(kept("a", "1", max_age=60)) == {"a": "cached"}, "the new result takes the old one's place"
    assert runs.run(kept("a", "1", max_age=0)) == {"a": ""}


def damage(entry: Path, how: str) -> None:
    note, output = entry / "entry.json", entry / "out/out.json"
    if how == "other bytes":
        output.write_text("7")
    elif how == "no output":
        output.unlink()
    elif how == "a further output":
        note.write_text(json.dumps({**json.loads(note.read_text()), "outputs": {}}))
    elif how == "cut short":
        note.write_bytes(note.read_bytes()[:-9])
    elif how == "another entry":
        note.write_text(json.dumps({**json.loads(note.read_text()), "key": "0"}))
    else:
        note.unlink()


@pytest.mark.parametrize("how", ["other bytes", "no output", "a further output", "cut short", "another entry", "no note"])
def test_a_damaged_entry_is_none(runs: Runs, how: str) -> None:
    runs.run(kept("a", "1"))
    (entry,) = (runs.folder / "cache").iterdir()
    damage(entry, how)
    assert runs.run(kept("a", "1")) == {"a": ""}
    assert runs.text("a") == "1"
    assert runs.run(kept("a", "1")) == {"a": "cached"}
    assert not [p for p in (runs.folder / "cache").iterdir() if p.name.startswith(".")]


def test_runs_and_cache_have_copies_of_their_own(runs: Runs) -> None:
    runs.run(kept("a", "1"))
    first = runs.last
    runs.run(kept("a", "1"))
    (first / "tasks/a/out/out.json").write_text("2")  # somebody's editor
    (runs.last / "tasks/a/out/out.json").write_text("3")
    shutil.rmtree(first)
    assert runs.run(kept("a", "1")) == {"a": "cached"}
    assert runs.text("a") == "1"
    assert clean(runs.folder / "cache", 0.0) == 0
    assert clean(runs.folder / "cache", 1e12) == 1
    assert runs.run(kept("a", "1")) == {"a": ""}


def test_many_writers_of_one_entry(tmp_path: Path) -> None:
    task = kept("a", "1")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/out.json").write_text("1")
    results = [Results(tmp_path / "cache", lambda task: "") for _ in range(8)]

    def write(one: Results) -> None:
        for _ in range(5):
            one.put("k", task, tmp_path / "out", {"task": "a", "run": "r"})

    threads = [threading.Thread(target=write, args=(one,)) for one in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert os.listdir(tmp_path / "cache") == ["k"]
    assert results[0].get("k", task, tmp_path / "run/out") is None, "no folder for the run"
    (tmp_path / "run").mkdir()
    assert results[0].get("k", task, tmp_path / "run/out") is not None
    assert (tmp_path / "run/out/out.json").read_text() == "1"


def test_a_cache_that_cannot_be_written_is_no_error(runs: Runs) -> None:
    (runs.folder / "cache").write_text("a file")
    assert runs.run(kept("a", "1")) == {"a": ""}
