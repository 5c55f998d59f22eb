"""A run that is killed at any moment goes on as if nothing had been: what is done is not run again, what is half done is."""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "runtime"))
from plan_forms import Here, block, carry, compute, const, fail, for_, if_, item, map_, out, plan_of, result, try_, value_of, while_

from wye.runs.disk import read_json
from wye.runs.memory import Memory
from wye.runs.results import Results
from wye.runtime.plan import run_plan

pytestmark = pytest.mark.processes

Form = dict[str, Any]
WATCHED = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir")
"""What a process does to its folder: it is killed before any of these."""


def flow() -> list[Form]:
    """Every kind of region; `bad` fails and is dealt with, and what cleans up runs once, after it."""
    handler = block([compute("save", "x", x=out("start"))], out("save"))
    return [
        compute("start", "[1, 2, 3]"),
        map_("m", out("start"), block([compute("double", "x * 2", x=item("m")), compute("more", "x + 1", x=out("double"))], out("more"))),
        for_("f", result("m", 0, "json*"), [const(0)], block([compute("add", "a + b", a=carry("f"), b=item("f"))], out("add"))),
        try_("t", block([fail("bad", "KeyError('no')")], const(1)), (["KeyError"], handler), final=block([compute("tidy", "1")]),
             after=["f"]),
        while_(
            "w", [result("f")], block([compute("test", "x < 20", x=carry("w"))], out("test")),
            block([compute("grow", "x + 3", x=carry("w"))], out("grow")), after=["t"],
        ),
        compute("big", "x > 3", x=result("w")),
        if_("i", out("big"), block([compute("then", "x * 10", x=result("w"))], out("then")), block([], const(0))),
        compute("last", "[a, b]", a=result("i"), b=result("t")),
    ]  # fmt: skip


class Counted(Here):
    """Writes down each start of a task."""

    def __init__(self, file: Path, **more: Any) -> None:
        super().__init__(**more)
        self.file = file

    async def run(self, task: Form, folder: str, attempt: int) -> int:
        with self.file.open("a") as file:
            file.write(task["id"] + "\n")
        return await super().run(task, folder, attempt)


def session(folder: Path, number: int, nodes: list[Form], results: Results | None = None, **more: Any) -> Any:
    memory = Memory(folder, number, {}, results)
    return run_plan(plan_of(nodes, [out("last")]), {}, str(folder), Counted(folder / "count", **more), 4, memory=memory)


def killed(folder: Path, number: int, nodes: list[Form], moment: int) -> bool:
    """Run a session in a process that is gone before it does so many things to the disk. Whether it was."""
    child = os.fork()
    if child == 0:
        left = moment

        def watch(event: str, arguments: Any) -> None:
            nonlocal left
            if event in WATCHED:
                left -= 1
                if left == 0:
                    os._exit(9)

        try:
            sys.addaudithook(watch)
            session(folder, number, nodes)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def done(folder: Path) -> set[str]:
    places = (folder / "tasks").rglob("result.json")
    return {read_json(p.with_name("task.json"))["id"] for p in places if read_json(p) is not None}


def counts(folder: Path) -> Counter[str]:
    return Counter((folder / "count").read_text().split()) if (folder / "count").exists() else Counter()


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment(tmp_path: Path, seed: int) -> None:
    whole = session(tmp_path / "whole", 1, flow()) if (tmp_path / "whole").mkdir() is None else None
    (expected,) = [value_of(e, tmp_path) for e in whole.results]
    once = counts(tmp_path / "whole")
    assert set(once.values()) == {1}
    folder, chance, number = tmp_path / "run", random.Random(seed), 1
    folder.mkdir()
    while True:
        before, ran = done(folder), counts(folder)
        if not killed(folder, number, flow(), chance.randrange(5, 160)):
            break
        again = {task for task, n in counts(folder).items() if n > ran[task]}
        assert not again & before, "what was done has run again"
        number += 1
        assert number < 200
    assert number > 2
    last = session(folder, number + 1, flow())
    assert last.status == "succeeded"
    assert [value_of(e, tmp_path) for e in last.results] == [expected]
    assert {t.how for t in last.tasks if t.status == "succeeded"} == {"resumed"}
    assert {t.id for t in last.tasks if t.status == "failed" and t.handled and t.how == "resumed"} == {"bad"}
    assert set(counts(folder)) == set(once)


def test_a_failure_is_run_again_and_what_came_after_it_too(tmp_path: Path) -> None:
    """The `finally` that ran after the failure runs again after what failed has run again."""
    nodes = [
        compute("first", "1"),
        try_("t", block([compute("main", "x", x=out("first"))], out("main")), final=block([compute("tidy", "2")])),
        compute("last", "x", x=result("t")),
    ]
    error = {"type": ["OSError"], "message": "gone", "traceback": "", "exit": 1}
    assert session(tmp_path, 1, nodes, faults={"main": error}).status == "failed"
    assert counts(tmp_path) == {"first": 1, "main": 1, "tidy": 1}
    assert session(tmp_path, 2, nodes).status == "succeeded"
    assert counts(tmp_path) == {"first": 1, "main": 2, "tidy": 2, "last": 1}
    assert session(tmp_path, 3, nodes).status == "succeeded"
    assert counts(tmp_path) == {"first": 1, "main": 2, "tidy": 2, "last": 1}


def test_a_finally_that_was_not_reached_again_is_not_forgotten(tmp_path: Path) -> None:
    """Killed after `main` has run once more and before `tidy` has: the third session runs `tidy`, whatever the first left of it."""
    nodes = [
        try_("t", block([compute("main", "1")], out("main")), final=block([compute("tidy", "2")])),
        compute("last", "x", x=result("t")),
    ]
    error = {"type": ["OSError"], "message": "gone", "traceback": "", "exit": 1}
    session(tmp_path, 1, nodes, faults={"main": error})
    assert session(tmp_path, 2, nodes, faults={"tidy": error}).status == "failed"
    assert session(tmp_path, 3, nodes).status == "succeeded"
    assert counts(tmp_path) == {"main": 2, "tidy": 3, "last": 1}


def test_only_the_last_attempt_counts(tmp_path: Path) -> None:
    """A failure with attempts left is no result."""
    nodes = [compute("last", "1", delays=[0.0, 0.0])]
    error = {"type": ["OSError"], "message": "gone", "traceback": "", "exit": 1}
    result = session(tmp_path, 1, nodes, faults={"last": error})
    assert (result.status, result.tasks[0].attempts) == ("failed", 3)
    assert read_json(tmp_path / "tasks/last/result.json")["attempts"] == 3
    assert session(tmp_path, 2, nodes).status == "succeeded"


def test_outputs_that_are_gone_are_made_again(tmp_path: Path) -> None:
    nodes = [compute("a", "1"), compute("last", "x", x=out("a"))]
    session(tmp_path, 1, nodes)
    (tmp_path / "tasks/a/out/done.json").unlink()
    assert session(tmp_path, 2, nodes).status == "succeeded"
    assert counts(tmp_path) == {"a": 2, "last": 2}


def test_a_run_may_be_moved(tmp_path: Path) -> None:
    nodes = [compute("a", "1"), compute("last", "x", x=out("a"))]
    (tmp_path / "here").mkdir()
    session(tmp_path / "here", 1, nodes)
    (tmp_path / "here").rename(tmp_path / "there")
    session(tmp_path / "there", 2, nodes)
    assert counts(tmp_path / "there") == {"a": 1, "last": 1}
    assert json.loads((tmp_path / "there/tasks/last/out/out.json").read_text()) == 1
