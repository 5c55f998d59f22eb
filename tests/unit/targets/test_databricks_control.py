"""Loops and branches as Databricks jobs have them: which are For each and If/else tasks, what they wait for, where the limits are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_databricks_lower import LOWER, Made

from wye.diagnostics import CompileFailed
from wye_targets.databricks import DatabricksOptions
from wye_targets.databricks.placement import Placement

LOOP = "\n@pipeline\ndef p(ns: list[int] = [1, 2]) -> list[int]:\n    return [one(n) for n in ns]\n"
CLUSTER = Placement(cluster="0123-456789-abc")


def each(made: Made) -> dict[str, dict[str, Any]]:
    return {k: t["for_each_task"] for k, t in made.tasks.items() if "for_each_task" in t}


def test_three_tasks_of_which_the_last_says_what_became_of_all(tmp_path: Path) -> None:
    made = Made(LOOP, tmp_path)
    assert list(made.tasks) == ["for_1_indices", "one", "for_1", "outputs"]
    assert (made.waits("one"), made.waits("for_1"), made.waits("outputs")) == (["for_1_indices"], ["one"], ["for_1"])
    assert {k: t.get("run_if") for k, t in made.tasks.items()} == {"for_1_indices": None, "one": None, "for_1": "ALL_DONE", "outputs": None}
    assert made.tasks["one"].keys() == {"task_key", "depends_on", "for_each_task"}, "what concerns an iteration stands in the nested task"
    assert made.form("one")["inputs"]["n"]["item"] == {"param": "ns"}
    assert made.form("for_1")["checks"] == ["for_1_indices"]
    (how,) = made.how("map")
    assert "a task per item" in how


def test_without_a_store_the_volume_is_asked_for(tmp_path: Path) -> None:
    made = Made(LOOP, tmp_path)
    assert set(made.bundle["variables"]) == {"catalog", "schema", "volume"}
    assert (
        each(made)["one"]["task"]["notebook_task"]["base_parameters"]["wye.store"] == "/Volumes/${var.catalog}/${var.schema}/${var.volume}"
    )
    assert "variables" not in Made(LOOP, tmp_path, DatabricksOptions(store="/Volumes/a/b/c")).bundle


def test_each_iteration_that_asks_for_a_machine_has_one(tmp_path: Path) -> None:
    made = Made(LOOP.replace("one(", "large("), tmp_path, DatabricksOptions(cloud="aws"))
    task = each(made)["large"]["task"]
    assert task["new_cluster"]["node_type_id"] == "r5d.xlarge"
    assert not task.keys() & {"job_cluster_key", "environment_key"}
    assert "job_clusters" not in made.job
    assert made.tasks["for_1"]["environment_key"] == "default", "what only lists and gathers needs none"


@pytest.mark.parametrize(("step", "options"), [("one", DatabricksOptions(placement=CLUSTER)), ("own", DatabricksOptions())])
def test_iterations_that_would_share_a_machine_stay_in_one_task(step: str, options: DatabricksOptions, tmp_path: Path) -> None:
    own = '\n@step(targets={"databricks": {"cluster": "0123-456789-abc"}})\ndef own(n: int) -> int:\n    return n\n'
    made = Made(own + LOOP.replace("one(", f"{step}("), tmp_path, options)
    assert each(made) == {}
    assert made.how("map") == {"island: its iterations would share the one cluster that the placement names"}


def test_what_only_computes_is_evaluated_in_one_task(tmp_path: Path) -> None:
    source = """
@pipeline
def p(ns: list[int] = [1, 2]) -> list[int]:
    found = []
    for n in ns:
        if n > 1:
            assert n < 9, "too large"
        found.append(n)
    return found
"""
    made = Made(source, tmp_path)
    assert each(made) == {}
    assert made.how("map") == {"island: no step is called in it, so that one task evaluates it"}


def test_a_body_of_more_than_a_call_is_one_island_with_the_settings_of_its_steps(tmp_path: Path) -> None:
    source = """
@pipeline
def p(ns: list[int] = [1, 2]) -> list[int]:
    found = []
    for n in ns:
        found.append(large(one(n)))
    return found
"""
    made = Made(source, tmp_path, DatabricksOptions(cloud="aws"), max_parallel=4)
    assert each(made)["for_1_body"]["task"]["new_cluster"]["node_type_id"] == "r5d.xlarge"
    form = made.form("for_1_body")
    assert (form["op"], [n["id"] for n in form["plan"]["nodes"]]) == ("island", ["one", "large"])
    (decided,) = (d for d in made.checked.decisions if d.feature == "map")
    assert decided.level == "emulated"
    assert "in each an island" in decided.how
    assert made.how("step.cpu") == {"the island has the largest of its steps' resources"}


def test_steps_that_cannot_share_a_task(tmp_path: Path) -> None:
    source = """
@step(image="a:1")
def a(n: int) -> int:
    return n

@step(image="b:1")
def b(n: int) -> int:
    return n

@pipeline
def p(ns: list[int] = [1, 2]) -> list[int]:
    return [b(a(n)) for n in ns]
"""
    with pytest.raises(CompileFailed) as failed:
        Made(source, tmp_path)
    (found,) = failed.value.diagnostics
    assert found.code == "WYE4005"
    assert "each iteration of this `map` runs inside one task" in found.message


# --- how many run at a time -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wanted", "found"), [("ns", 100), ("each(ns, max_parallel=3)", 3), ("each(ns, max_parallel=500)", 100)])
def test_a_loop_says_how_many_iterations_run_at_a_time(wanted: str, found: int, tmp_path: Path) -> None:
    made = Made("from wye import each\n" + LOOP.replace("in ns]", f"in {wanted}]"), tmp_path)
    assert each(made)["one"]["concurrency"] == found


def test_one_at_a_time_is_in_order_which_one_task_can_do(tmp_path: Path) -> None:
    made = Made("from wye import each\n" + LOOP.replace("in ns]", "in each(ns, max_parallel=1)]"), tmp_path)
    assert each(made) == {}
    (how,) = made.how("map")
    assert how.startswith("island: max_parallel=1 runs its iterations in order")


def test_max_parallel_of_the_pipeline_holds_for_iterations_too(tmp_path: Path) -> None:
    alone = Made(LOOP, tmp_path, max_parallel=7)
    assert each(alone)["one"]["concurrency"] == 7
    source = """
@pipeline(max_parallel=2)
def p(ns: list[int] = [1, 2]) -> list[int]:
    a = one(1)
    b = one(2)
    made = [large(n) for n in ns]
    c = one(3)
    d = one(4)
    return [a, b, *made, c, d]
"""
    made = Made(source, tmp_path)
    assert each(made)["large"]["concurrency"] == 1, "another task may run beside it"
    assert made.waits("for_1_indices") == ["one"], "a loop has one lane"
    assert made.waits("one_3") == ["one_2"]
    assert made.waits("one_4") == ["for_1"]
    assert made.waits("large") == ["for_1_indices"]


# --- limits ---------------------------------------------------------------------------------------------------------------------------


def test_nested_tasks_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LOWER, "TASKS", 4)
    with pytest.raises(CompileFailed) as failed:
        Made(LOOP, tmp_path)
    assert [d.message for d in failed.value.diagnostics] == ["the pipeline takes 5 tasks, and a job has at most 4"]


def test_more_loops_than_a_run_has_task_values_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LOWER, "LOOPS", 0)
    with pytest.raises(CompileFailed) as failed:
        Made(LOOP, tmp_path)
    (found,) = failed.value.diagnostics
    assert (found.code, found.target) == ("WYE4004", "databricks")
    assert "has room for the indices of 0" in found.message


# --- branches -------------------------------------------------------------------------------------------------------------------------

BRANCHES = """
@pipeline
def p(n: int = 2) -> int:
    a = one(n)
    if a > 1:
        check(a)
        b = one(a)
    else:
        b = 5
    if a > 2:
        check(b)
    return one(b)
"""


def outcomes(made: Made, task: str) -> list[tuple[str, str | None]]:
    return [(d["task_key"], d.get("outcome")) for d in made.tasks[task].get("depends_on", ())]


def test_what_depends_on_outcomes_and_what_stands_behind_arms(tmp_path: Path) -> None:
    made = Made(BRANCHES, tmp_path)
    left = "{{tasks.if_1_test.values.test_out}}"
    assert made.tasks["if_1"] == {
        "task_key": "if_1",
        "depends_on": [{"task_key": "if_1_test"}, {"task_key": "one"}],
        "condition_task": {"op": "EQUAL_TO", "left": left, "right": "true"},
    }
    assert outcomes(made, "check") == [("if_1", "true")]
    assert outcomes(made, "one_2") == [("check", None)], "all that it depends on is left out with it"
    assert outcomes(made, "if_2") == [("if_2_test", None)], "what it waits for, its predicate waits for and looks at"
    assert (outcomes(made, "if_2_test")[0], made.tasks["if_2_test"]["run_if"]) == (("if_1_test", None), "NONE_FAILED")
    assert {a["task"] for a in made.form("if_2_test")["arms"]} == {"one", "one_2"}
    assert made.form("if_2_test")["tested"] == ["out"]
    assert (made.form("check")["held"], len(made.form("check")["guards"])) == (1, 1)
    assert {d.level for d in made.checked.decisions if d.feature == "if"} == {"native"}
    assert "src/tasks/if_1.json" not in made.files, "it runs nothing"


def test_where_lanes_or_a_clean_up_ask_there_are_guards(tmp_path: Path) -> None:
    for made in (Made(BRANCHES, tmp_path, max_parallel=2), Made(BRANCHES.replace("check(a)", CLEAN), tmp_path)):
        (level, *others) = [d.level for d in made.checked.decisions if d.feature == "if"]
        assert level == "emulated"
        assert [k for k, t in made.tasks.items() if "condition_task" in t] == ["if_2"] * (others == ["native"])


CLEAN = "try:\n            check(a)\n        finally:\n            check(n)"


def test_more_conditions_than_a_run_has_task_values_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LOWER, "LOOPS", 1)
    made = Made(BRANCHES, tmp_path)
    assert not any("condition_task" in t for t in made.tasks.values())
    assert {d.level for d in made.checked.decisions if d.feature == "if"} == {"emulated"}
