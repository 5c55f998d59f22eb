"""Loops as For each tasks by the documented rules of Databricks Jobs: a task per item, and what comes of it when some fail, are lost, or
are not there at all."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import databricks_interpreter as jobs
import pytest
from test_databricks import STORE, program

from wye.runtime.values import decode
from wye_targets.databricks import DatabricksOptions
from wye_targets.databricks.turns import NOTHING

SEEDS = (0, 1, 2)
"""Whether the others still start when one iteration has failed is tossed by seed."""


def each_of(there: jobs.Deployed) -> dict[str, dict[str, Any]]:
    return {t["task_key"]: t["for_each_task"] for t in there.job["tasks"] if "for_each_task" in t}


def turns(run: jobs.Run, task: str) -> list[str]:
    return sorted(s for s in run.started if s.startswith(f"{task}["))


SUM = """
@step
def numbers(n: int) -> list[int]:
    return list(range(n))

@step
def sums(ns: list[int]) -> int:
    return sum(ns)

"""


def test_each_item_is_a_task_of_its_own(tmp_path: Path) -> None:
    text = (
        SUM
        + "@pipeline\ndef p(n: int = 3) -> tuple[int, list[int]]:\n    made = [one(i) for i in numbers(n)]\n    return sums(made), made\n"
    )
    there = program(text, tmp_path)
    loop = each_of(there)["one"]
    assert (loop["inputs"], loop["concurrency"]) == ("{{tasks.for_1_indices.values.indices}}", 100)
    assert loop["task"]["notebook_task"]["base_parameters"]["wye.index"] == "{{input}}"
    run = jobs.run(there, tmp_path / "volumes")
    assert (run.state, decode(run.exits["outputs"])) == ("SUCCESS", (6, [1, 2, 3]))
    assert turns(run, "one") == ["one[0]", "one[1]", "one[2]"]
    assert "one" not in run.values, "an iteration sets no task value"


def test_a_loop_over_nothing_gives_nothing(tmp_path: Path) -> None:
    text = SUM + "@pipeline\ndef p(n: int = 0) -> list[int]:\n    return [one(i) for i in numbers(n)]\n"
    run = jobs.run(program(text, tmp_path), tmp_path / "volumes")
    assert (run.state, run.exits["outputs"], turns(run, "one")) == ("SUCCESS", "[]", [f"one[{NOTHING}]"])
    assert run.log.count("nothing to do") == 1


@pytest.mark.parametrize(("condition", "status", "started"), [("n > 2", None, []), ("c", "skipped", [f"one[{NOTHING}]"])])
def test_a_loop_in_an_arm_runs_when_the_arm_is_taken(condition: str, status: str | None, started: list[str], tmp_path: Path) -> None:
    text = f"""{SUM}
@pipeline
def p(n: int = 3, c: bool = True) -> int:
    made = [5]
    if {condition}:
        made = [one(i) for i in numbers(n)]
    return sums(made)
"""
    there = program(text, tmp_path)
    taken, left = jobs.run(there, tmp_path / "a"), jobs.run(there, tmp_path / "b", {"n": "2", "c": "false"})
    assert (taken.exits["outputs"], len(turns(taken, "one"))) == ("6", 3)
    assert (left.state, left.exits["outputs"], turns(left, "one")) == ("SUCCESS", "5", started)
    assert left.values.get("for_1", {"wye": {"status": None}})["wye"]["status"] == status


FAILING = """
from wye import Failure
@step
def odd(n: int) -> int:
    if n % 2:
        raise ValueError(f"odd: {n}")
    return n

@step
def after(ns: list[int]) -> int:
    print("AFTER")
    return len(ns)

@step
def tell(failure: Failure) -> None:
    print("told", failure.task_id, failure.error_type, failure.message)

"""


@pytest.mark.parametrize("seed", SEEDS)
def test_an_iteration_that_fails_fails_the_loop(seed: int, tmp_path: Path) -> None:
    text = SUM + FAILING + "@pipeline(on_failure=tell)\ndef p(n: int = 2) -> int:\n    return after([odd(i) for i in numbers(n)])\n"
    run = jobs.run(program(text, tmp_path), tmp_path / "volumes", seed=seed)
    assert (run.state, run.results["odd"], run.results["for_1"], run.results["after"]) == ("FAILED", "FAILED", "FAILED", "UPSTREAM_FAILED")
    assert "told for_1 ValueError odd: 1\n" in run.log
    assert "TaskFailed: odd[1]: ValueError: odd: 1" in run.log
    assert "AFTER" not in run.log


def test_of_several_that_fail_the_first_by_index_is_told(tmp_path: Path) -> None:
    text = SUM + FAILING + "@pipeline(on_failure=tell)\ndef p(n: int = 6) -> int:\n    return after([odd(i) for i in numbers(n)])\n"
    there = program(text, tmp_path)
    whole = [r for r in (jobs.run(there, tmp_path / str(s), seed=s) for s in range(4)) if len(turns(r, "odd")) == 6]
    assert whole, "no seed lets all of them start"
    assert all("told for_1 ValueError odd: 1\n" in run.log for run in whole)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_clean_up_runs_behind_a_loop_that_fails(seed: int, tmp_path: Path) -> None:
    text = f"""{SUM}{FAILING}
@pipeline
def p(n: int = 2) -> int:
    ns = numbers(n)
    try:
        made = [odd(i) for i in ns]
    finally:
        for i in ns:
            clean(i)
    return after(made)
"""
    there = program(text, tmp_path)
    run = jobs.run(there, tmp_path / "volumes", seed=seed)
    assert (run.state, run.results["try_1_verdict"]) == ("FAILED", "FAILED")
    assert run.log.count("cleaned") == 2
    assert "for_1: odd: 1" in run.log
    assert "AFTER" not in run.log
    well = jobs.run(there, tmp_path / "other", {"n": "1"}, seed=seed)
    assert (well.state, well.exits["outputs"]) == ("SUCCESS", "1")


def test_what_is_before_a_loop_fails_it_without_iterations(tmp_path: Path) -> None:
    text = SUM + "@pipeline\ndef p(n: int = 2) -> list[int]:\n    return [one(i) for i in numbers(fails(n))]\n"
    run = jobs.run(program(text, tmp_path), tmp_path / "volumes")
    assert (run.state, run.results["one"], turns(run, "one")) == ("FAILED", "UPSTREAM_FAILED", [])


def test_an_iteration_that_is_lost_fails_the_loop_though_an_earlier_run_of_it_was_done(tmp_path: Path) -> None:
    text = SUM + "@pipeline\ndef p(n: int = 3) -> list[int]:\n    return [one(i) for i in numbers(n)]\n"
    there = program(text, tmp_path)
    assert jobs.run(there, tmp_path / "volumes").state == "SUCCESS"
    run = jobs.run(there, tmp_path / "volumes", lost=frozenset({"one[1]"}))  # the same run id: a repair
    assert run.state == "FAILED"
    assert "one[1]: it left no result" in run.log
    again = jobs.run(there, tmp_path / "volumes", {"n": "2"})
    assert (again.state, again.exits["outputs"]) == ("SUCCESS", "[1,2]"), "of the earlier ones none is left over"


def test_a_body_of_several_steps_is_an_island_in_each_iteration(tmp_path: Path) -> None:
    text = f"""{SUM}
@pipeline
def p(n: int = 3) -> list[int]:
    found = []
    for i in numbers(n):
        if one(i) > 1:
            found.append(sums([one(k) for k in numbers(i)]))
    return found
"""
    run = jobs.run(program(text, tmp_path), tmp_path / "volumes")
    assert (run.state, run.exits["outputs"]) == ("SUCCESS", "[1,3]")
    assert turns(run, "for_1_body") == [f"for_1_body[{i}]" for i in range(3)]


HOSTILE = """
from pathlib import Path

class Thing:
    def __init__(self, text: str) -> None:
        self.text = text

@step
def things(n: int) -> list[Thing]:
    return [Thing("x" * i) for i in range(n)]

@step
def texts() -> list[str | None | float]:
    return [None, "", "{{input}} ${HOME} \\\\ \\"'\\n", "null", float("nan"), 0.1]

@step
def same(value: str | None | float) -> str | None | float:
    return value

@step
def numbers() -> list[int]:
    return [2**80, -(2**63), 0]

@step
def more(n: int) -> int:
    return n + 1

@step
def written(thing: Thing) -> Path:
    made = Path(f"{len(thing.text)}.txt")
    made.write_text(thing.text)
    return made

@step
def thing(text: str) -> Thing:
    return Thing(text * 2)

@step
def read(files: list[Path], made: list[Thing]) -> list[str]:
    return [f.name + f.read_text() for f in files] + [m.text for m in made]

@step
def lengths(files: list[Path]) -> int:
    return len(files)

@pipeline
def p(n: int = 3) -> tuple[list[str], list[str | None | float], list[int], int]:
    given = things(n)
    files = [written(t) for t in given]
    made = [thing(f"a{i}") for i in range(n)]
    again = [written(t) for t in made]
    return read(files, made), [same(t) for t in texts()], [more(i) for i in numbers()], lengths(again)
"""


def test_any_value_may_be_an_item_or_what_an_iteration_leaves(tmp_path: Path) -> None:
    run = jobs.run(program(HOSTILE, tmp_path), tmp_path / "volumes")
    assert run.state == "SUCCESS", run.log
    read, same, more, count = decode(run.exits["outputs"])
    assert read == ["0.txt", "1.txtx", "2.txtxx", "a0a0", "a1a1", "a2a2"]
    assert repr(same) == repr([None, "", "{{input}} ${HOME} \\ \"'\n", "null", float("nan"), 0.1])
    assert (more, count) == ([2**80 + 1, -(2**63) + 1, 1], 3)


def test_lists_that_no_task_value_holds(tmp_path: Path) -> None:
    text = f"""{SUM}
@step
def long(n: int) -> str:
    return str(n) * 20_000

@step
def size(texts: list[str]) -> int:
    return sum(map(len, texts))

@pipeline
def p(n: int = 3) -> tuple[int, list[int]]:
    made = [long(i) for i in numbers(n)]
    return size(made), [one(len(m)) for m in made]
"""
    run = jobs.run(program(text, tmp_path), tmp_path / "volumes")
    assert (run.state, decode(run.exits["outputs"])) == ("SUCCESS", (60000, [20001, 20001, 20001]))
    assert run.values["for_1"]["wye"]["outputs"]["r0"].keys() == {"values"}


def test_more_items_than_there_is_room_for_indices(tmp_path: Path) -> None:
    text = SUM + "@pipeline\ndef p(n: int = 9_000) -> list[int]:\n    return [one(i) for i in numbers(n)]\n"
    run = jobs.run(program(text, tmp_path), tmp_path / "volumes")
    assert (run.state, turns(run, "one")) == ("FAILED", [])
    assert "the loop goes over 9000 items, and the indices of a For each task have 49152 bytes" in run.log


def test_a_step_in_a_loop_knows_its_run_and_has_its_secrets(tmp_path: Path) -> None:
    text = """
@step(secrets=[Secret("pw", env="PW")], retry=Retry(1, delay=0))
def who(n: int) -> str:
    c = context()
    if c.attempt == 1:
        raise ValueError
    return f"{c.run_id} {c.attempt} {c.task_id} {c.pipeline} {len(os.environ['PW'])}"

@pipeline
def p(ns: list[int] = [5, 7]) -> list[str]:
    return [who(n) for n in ns]
"""
    there = program(text, tmp_path)
    run = jobs.run(there, tmp_path / "volumes", secrets={("a_secret_scope", "pw"): "abc"})
    assert run.state == "SUCCESS", run.log
    assert json.loads(run.exits["outputs"]) == [f"{jobs.RUN_ID} 2 for_1[{i}].who p 3" for i in range(2)]


def test_states_on_the_volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("wye_targets.databricks.lower"), "TASK_VALUES", 2)
    text = SUM + "@pipeline\ndef p(n: int = 3) -> int:\n    return sums([one(i) for i in numbers(n)])\n"
    there = program(text, tmp_path, DatabricksOptions(store=STORE))
    run = jobs.run(there, tmp_path / "volumes")
    assert (run.state, run.exits["outputs"]) == ("SUCCESS", "6")
    assert run.values == {"for_1_indices": {"indices": [0, 1, 2]}}


def test_the_interpreter_refuses_what_no_page_describes(tmp_path: Path) -> None:
    text = SUM + "@pipeline\ndef p(n: int = 0) -> list[int]:\n    return [one(i) for i in numbers(n)]\n"
    there = program(text, tmp_path)

    def empty(module: Any) -> None:
        turns = import_module("wye_databricks_turns")
        turns.__dict__["nothing"] = lambda task: task.dbutils.jobs.taskValues.set(key="indices", value=[])

    with pytest.raises(jobs.Refused, match=r"one goes over \[\]"):
        jobs.run(there, tmp_path / "volumes", prepare=empty)


def test_a_loop_without_any_program(tmp_path: Path) -> None:
    text = """
@pipeline
def p(ns: list[int] = [3, 1, 2]) -> int:
    left = 0
    for n in ns:
        if left > 3:
            break
        left = left + n
    return left
"""
    there = program(text, tmp_path)
    assert not (there.folder / "src" / "programs").exists()
    run = jobs.run(there, tmp_path / "volumes")
    assert (run.state, run.exits["outputs"]) == ("SUCCESS", "4")
