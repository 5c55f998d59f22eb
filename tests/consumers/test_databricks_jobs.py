"""Every pinned job under the vendor's own code (databricks-bundles, databricks-sdk) and by our checks of references, names and limits; and
that each way to break one is noticed."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from wye.testing.environments import engine

sys.path.append(str(Path(__file__).parents[1] / "engines"))
import databricks_interpreter as jobs

HERE = Path(__file__).parent
GOLDEN = HERE.parents[1] / "golden" / "features"
CASES = {f.parents[2].name: f.parent for f in sorted(GOLDEN.glob("*/out/databricks/databricks.yml"))}
REQUIREMENTS = ("databricks-sdk==0.156.0", "databricks-bundles==1.22.1")
Json = dict[str, Any]


def bundle(case: str) -> Json:
    return dict(yaml.safe_load((CASES[case] / "databricks.yml").read_text("utf-8")))


def job_of(case: str) -> Json:
    """The job of the bundle. Its variables stand in texts only, where the vendor's classes take any."""
    (job,) = bundle(case)["resources"]["jobs"].values()
    return dict(job)


@pytest.fixture(scope="module")
def consumer() -> Callable[[list[tuple[str, Json]]], dict[str, list[str]]]:
    python = engine("databricks", REQUIREMENTS)

    def ask(given: list[tuple[str, Json]]) -> dict[str, list[str]]:
        lines = "".join(json.dumps({"name": name, "job": job}) + "\n" for name, job in given)
        done = subprocess.run([python, HERE / "databricks_consumer.py"], input=lines, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return {a["name"]: a["problems"] for a in map(json.loads, done.stdout.splitlines())}

    return ask


def notebooks(job: Json) -> list[Json]:
    """The tasks that run something."""
    return [t for t in job["tasks"] if "condition_task" not in t]


def nested(task: Json) -> Json:
    """The task itself, or the one that it runs for each item."""
    return dict(task["for_each_task"]["task"] if "for_each_task" in task else task)


def ours(case: str, job: Json) -> str:
    """What our own checks find wrong with a job of that case; empty when nothing."""
    there = CASES[case]
    files = {f"./notebooks/{f.name}": "" for f in (there / "notebooks").glob("*.py")}
    try:
        jobs.check(job, files)
    except jobs.Refused as refused:
        return str(refused)
    except (KeyError, TypeError, AttributeError) as error:
        return f"not the shape of a job: {error!r}"
    return ""


def test_the_vendors_code_takes_every_job(consumer: Callable[[list[tuple[str, Json]]], dict[str, list[str]]]) -> None:
    for kind in ("bundle", "json"):
        made = [(c, job_of(c) if kind == "bundle" else json.loads((CASES[c] / "job.json").read_text("utf-8"))) for c in CASES]
        assert {c: p for c, p in consumer(made).items() if p} == {}


@pytest.mark.parametrize("case", CASES)
def test_our_own_checks_take_every_job(case: str) -> None:
    assert ours(case, job_of(case)) == ""


@pytest.mark.parametrize("case", CASES)
def test_bundle_and_json_are_one_job(case: str) -> None:
    text = json.dumps(job_of(case)).replace('"notebook_path": "./', '"notebook_path": "${workspace.file_path}/')
    job = json.loads(text)
    for task in notebooks(job):
        notebook = nested(task)["notebook_task"]
        notebook["notebook_path"] = notebook["notebook_path"].removesuffix(".py")
    assert json.loads((CASES[case] / "job.json").read_text("utf-8")) == job


@pytest.mark.parametrize("case", CASES)
def test_what_stands_in_a_bundle_is_declared(case: str) -> None:
    """Each `${var.x}` is a variable, each variable is used; nothing of the user's is in a field that a bundle or a job expands."""
    import re

    made = bundle(case)
    used = set(re.findall(r"\$\{([^}]*)\}", json.dumps(made)))
    assert {u.removeprefix("var.") for u in used if u.startswith("var.")} == set(made.get("variables", {}))
    assert {u for u in used if not u.startswith("var.")} <= {
        "workspace.file_path", "workspace.current_user.userName", "bundle.name", "bundle.target",
    }  # fmt: skip
    loops = [t["for_each_task"]["inputs"].strip("{}") for t in job_of(case)["tasks"] if "for_each_task" in t]
    compared = [t["condition_task"]["left"].strip("{}") for t in job_of(case)["tasks"] if "condition_task" in t]
    assert len(set(loops)) == len(loops)
    known = {*jobs.REFERENCES, *loops, *compared, *(["input"] if loops else [])}
    assert set(re.findall(r"\{\{(.*?)\}\}", json.dumps(made))) <= known
    for task in notebooks(job_of(case)):
        notebook = CASES[case] / nested(task)["notebook_task"]["notebook_path"]
        assert notebook.read_text("utf-8").startswith("# Databricks notebook source\n")
        assert (CASES[case] / "src" / "tasks" / f"{task['task_key']}.json").is_file()


# --- broken on purpose ----------------------------------------------------------------------------------------------------------------


def _last(job: Json) -> Json:
    """The last task that is a notebook."""
    return dict_of([t for t in job["tasks"] if "notebook_task" in t][-1])


def dict_of(value: Any) -> Json:
    assert isinstance(value, dict)
    return value


MUTATIONS: dict[str, tuple[str, Callable[[Json], Any]]] = {
    "a field that is misspelt": ("bundles sdk ours", lambda j: _last(j).update(run_iff="ALL_DONE")),
    "a rule that does not exist": ("bundles sdk ours", lambda j: _last(j).update(run_if="SOMETIMES")),
    "a number that is a word": ("bundles", lambda j: _last(j).update(max_retries="none")),
    "a dependency on what is not there": ("ours", lambda j: _last(j).update(depends_on=[{"task_key": "nobody"}])),
    "two tasks with one key": ("ours", lambda j: j["tasks"].append(copy.deepcopy(j["tasks"][0]))),
    "a key that is no key": ("ours", lambda j: _last(j).update(task_key="a b")),
    "a notebook that is not there": ("ours", lambda j: _last(j)["notebook_task"].update(notebook_path="./notebooks/nobody.py")),
    "no notebook at all": ("ours", lambda j: _last(j).pop("notebook_task")),
    "two places to run": ("ours", lambda j: _last(j).update(existing_cluster_id="1", environment_key="default")),
    "an environment that is not there": ("ours", lambda j: j.update(environments=[{"environment_key": "other"}], job_clusters=[])),
    "too many tasks": ("ours", lambda j: j["tasks"].extend({**j["tasks"][0], "task_key": f"t{i}"} for i in range(1000))),
    "too many runs": ("ours", lambda j: j.update(max_concurrent_runs=1001)),
}


def _each(job: Json) -> Json:
    """The last For each task of a job."""
    return [t["for_each_task"] for t in job["tasks"] if "for_each_task" in t][-1]


LOOPS: dict[str, tuple[str, Callable[[Json], Any]]] = {
    "inputs of nobody": ("ours", lambda j: _each(j).update(inputs="{{tasks.nobody.values.indices}}")),
    "inputs that are no reference": ("ours", lambda j: _each(j).update(inputs="{{tasks.x.value.indices}}")),
    "inputs that are a list": ("ours", lambda j: _each(j).update(inputs=[1, 2])),
    "no inputs": ("bundles ours", lambda j: _each(j).pop("inputs")),
    "too many at a time": ("ours", lambda j: _each(j).update(concurrency=101)),
    "none at a time": ("ours", lambda j: _each(j).update(concurrency=0)),
    "a number of iterations that is a word": ("bundles ours", lambda j: _each(j).update(concurrency="many")),
    "nothing to run": ("bundles ours", lambda j: _each(j).pop("task")),
    "a field of the nested task that is misspelt": ("bundles sdk ours", lambda j: _each(j)["task"].update(notebook_tusk={})),
    "a loop in a loop": ("ours", lambda j: _each(j)["task"].update(for_each_task=copy.deepcopy(_each(j)))),
    "a nested task that waits": ("ours", lambda j: _each(j)["task"].update(depends_on=[{"task_key": "outputs"}])),
    "a nested task with the key of another": ("ours", lambda j: _each(j)["task"].update(task_key=j["tasks"][0]["task_key"])),
    "retries of the loop": ("ours", lambda j: next(t for t in j["tasks"] if "for_each_task" in t).update(max_retries=1)),
    "a loop that runs somewhere": ("ours", lambda j: next(t for t in j["tasks"] if "for_each_task" in t).update(environment_key="default")),
    "an iteration that runs nowhere": ("ours", lambda j: [_each(j)["task"].pop(k, None) for k in ("environment_key", "new_cluster")]),
    "an iteration without a notebook": ("ours", lambda j: _each(j)["task"]["notebook_task"].update(notebook_path="./notebooks/no.py")),
}


def _condition(job: Json) -> Json:
    """The last If/else task."""
    return [t for t in job["tasks"] if "condition_task" in t][-1]


def _arm(job: Json) -> Json:
    """What the first task in an arm of it depends on."""
    key = _condition(job)["task_key"]
    return next(d for t in job["tasks"] for d in t.get("depends_on", ()) if d["task_key"] == key)


CONDITIONS: dict[str, tuple[str, Callable[[Json], Any]]] = {
    "an operator that does not exist": ("bundles sdk ours", lambda j: _condition(j)["condition_task"].update(op="EQUALS")),
    "an operator that compares numbers": ("ours", lambda j: _condition(j)["condition_task"].update(op="GREATER_THAN")),
    "no left side": ("bundles ours", lambda j: _condition(j)["condition_task"].pop("left")),
    "a left side that is no reference": ("ours", lambda j: _condition(j)["condition_task"].update(left="true")),
    "a value of nobody": ("ours", lambda j: _condition(j)["condition_task"].update(left="{{tasks.nobody.values.test_out}}")),
    "a right side of another kind": ("ours", lambda j: _condition(j)["condition_task"].update(right="1")),
    "a condition that runs somewhere": ("ours", lambda j: _condition(j).update(environment_key="default")),
    "a condition that is retried": ("ours", lambda j: _condition(j).update(max_retries=0)),
    "an outcome that there is not": ("ours", lambda j: _arm(j).update(outcome="yes")),
    "an arm without an outcome": ("ours", lambda j: _arm(j).pop("outcome")),
    "an outcome of a task without one": ("ours", lambda j: _condition(j)["depends_on"][0].update(outcome="true")),
    "a field of a dependency that is misspelt": ("bundles sdk ours", lambda j: _arm(j).update(outcom="true")),
}


def test_each_way_to_break_a_condition_is_noticed(consumer: Callable[[list[tuple[str, Json]]], dict[str, list[str]]]) -> None:
    cases = [c for c in CASES if any("condition_task" in t for t in job_of(c)["tasks"])]
    assert len(cases) > 3
    noticed(consumer, cases, CONDITIONS)


def test_each_way_to_break_a_loop_is_noticed(consumer: Callable[[list[tuple[str, Json]]], dict[str, list[str]]]) -> None:
    cases = [c for c in CASES if any("for_each_task" in t for t in job_of(c)["tasks"])]
    assert len(cases) > 3
    noticed(consumer, cases, LOOPS)


def test_each_way_to_break_a_job_is_noticed(consumer: Callable[[list[tuple[str, Json]]], dict[str, list[str]]]) -> None:
    noticed(consumer, list(CASES), MUTATIONS)


def noticed(
    consumer: Callable[[list[tuple[str, Json]]], dict[str, list[str]]],
    cases: list[str],
    mutations: dict[str, tuple[str, Callable[[Json], Any]]],
) -> None:
    made, found = [], {}
    for case in cases:
        for name, (_, change) in mutations.items():
            job = copy.deepcopy(job_of(case))
            change(job)
            made.append((f"{case}: {name}", job))
            found[f"{case}: {name}"] = ["ours"] if ours(case, job) else []
    for name, problems in consumer(made).items():
        found[name] = [*(p.split(":")[0] for p in problems), *found[name]]
    unnoticed = [name for name, who in found.items() if not who]
    assert unnoticed == []
    for name, (who, _) in mutations.items():
        for case in cases:
            assert set(who.split()) <= set(found[f"{case}: {name}"]), (name, case, found[f"{case}: {name}"])
