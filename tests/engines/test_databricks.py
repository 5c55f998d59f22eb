"""Bundles by the documented rules of Databricks Jobs: a run of the job comes to what the plain call comes to, in value and in final state.

`databricks_interpreter.py` runs the compiled files alone: notebooks in this process, the runner and the steps in processes of their own.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import databricks_interpreter as jobs
import pytest

from wye.backend.write import write_build
from wye.driver import compile_source, compile_target
from wye.runtime.values import decode
from wye.testing.cases import Case, Outcome, examples, feature_cases, further, plain_call
from wye_targets.databricks import Databricks, DatabricksOptions

ROOT = Path(__file__).parents[2]
STORE = "/Volumes/main/ml/wye"
STORED = {"hostile_strings": "it hands on texts that no task value holds"}
CASES = {c.name: c for c in (*feature_cases(ROOT), *examples(ROOT), *further()) if "databricks" in c.targets}


def built(source: Path, folder: Path, options: DatabricksOptions | None = None, pipeline: str | None = None) -> Path:
    """Compile it as anybody would."""
    made = compile_source(source, pipeline)
    files, _ = compile_target(made, Databricks(), options or DatabricksOptions())
    write_build(folder, files)
    return folder


def deployed(build: Path, folder: Path) -> jobs.Deployed:
    """With a value for each variable that the bundle asks for."""
    import yaml

    asked = yaml.safe_load((build / "databricks.yml").read_text("utf-8")).get("variables", {})
    return jobs.deploy(build, folder, {name: f"a_{name}" for name in asked})


def secrets_of(build: Path, variables: dict[str, str]) -> dict[tuple[str, str], str]:
    """The workspace's secrets: what the variables of the case hold, under the names that the tasks ask for."""
    found = {}
    for file in (build / "src" / "tasks").glob("*.json"):
        for s in json.loads(file.read_text("utf-8")).get("secrets", ()):
            where = (s["name"], s["key"]) if s.get("key") else ("a_secret_scope", s["name"])
            found[where] = variables.get(s["env"], "")
    return found


def parameters(params: dict[str, Any]) -> dict[str, str]:
    return {n: json.dumps(v) for n, v in params.items()}


def missing(case: Case) -> list[str]:
    """What the case's steps import and this interpreter does not have."""
    installed = {d.name.lower() for d in metadata.distributions()}
    return [r for r in case.requirements if r.partition("==")[0].lower() not in installed]


def agree(expected: Outcome, run: jobs.Run) -> None:
    """Value and final state are those of the plain call; nothing is half a success."""
    if expected.value is None:
        assert run.state == "FAILED", f"{expected.error}\n{run.log}"
        assert run.exits.get("outputs", "") == ""
    else:
        assert run.state == "SUCCESS", run.log
        assert set(run.results.values()) <= {"SUCCESS", "EXCLUDED"}, run.log
        assert (run.exits.get("outputs") or "null") == expected.value, run.log


@pytest.mark.parametrize("name", CASES)
def test_a_run_equals_the_plain_call(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    if missing(case):
        pytest.skip(f"{name} needs {', '.join(missing(case))}")
    build = built(case.source, tmp_path / "build", DatabricksOptions(store=STORE if name in STORED else None))
    there = deployed(build, tmp_path / "workspace")
    run = jobs.run(there, tmp_path / "volumes", parameters(case.params), secrets_of(build, case.variables), seed=len(name))
    expected = plain_call(case)
    assert (expected.value is None) == case.fails, expected.error
    agree(expected, run)


# --- what goes wrong, and what must not ------------------------------------------------------------------------------------------------

HEAD = """\
import os
from datetime import datetime
from wye import Retry, ScheduledTime, Secret, context, pipeline, step

@step
def one(n: int) -> int:
    return n + 1

@step
def fails(n: int) -> int:
    if n > 0:
        raise ValueError("${HOME} {{job.id}} " * 3)
    return n

@step
def clean(n: int) -> None:
    print("cleaned", n)

"""


def program(text: str, folder: Path, options: DatabricksOptions | None = None) -> jobs.Deployed:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "flow.py").write_text(HEAD + text, "utf-8")
    return deployed(built(folder / "flow.py", folder / "build", options), folder / "workspace")


def test_a_clean_up_runs_when_the_machine_of_the_body_is_lost(tmp_path: Path) -> None:
    there = program(
        """
@pipeline
def p(n: int = 1) -> int:
    a = one(n)
    try:
        b = one(a)
    finally:
        clean(a)
    return b
""",
        tmp_path,
    )
    run = jobs.run(there, tmp_path / "volumes", lost=frozenset({"one_2"}))
    assert (run.state, run.results["clean"], run.results["try_1_verdict"]) == ("FAILED", "SUCCESS", "FAILED")
    assert "one_2: it left no result" in run.log
    before = jobs.run(there, tmp_path / "volumes", lost=frozenset({"one"}))
    assert (before.state, before.results["clean"]) == ("FAILED", "FAILED"), "the region was not entered"
    assert "cleaned" not in before.log


HANDLED = """
@step
def tell(failure: "Failure") -> None:
    print("told", failure.task_id, failure.error_type, failure.message, failure.run_id)

@pipeline(on_failure=tell)
def p(n: int = 1) -> int:
    a = fails(n)
    b = one(5)
    return one(a) + b
"""


def test_the_step_for_failures_learns_which_task_failed(tmp_path: Path) -> None:
    there = program("from wye import Failure\n" + HANDLED.replace('"Failure"', "Failure"), tmp_path)
    run = jobs.run(there, tmp_path / "volumes")
    assert (run.state, run.results["on_failure"], run.results["verdict"]) == ("FAILED", "SUCCESS", "FAILED")
    assert f"told fails ValueError {'${HOME} {{job.id}} ' * 3} {jobs.RUN_ID}" in run.log
    lost = jobs.run(there, tmp_path / "volumes", lost=frozenset({"one_2"}), given={"n": "0"})
    assert lost.state == "FAILED"
    assert f"told one_2 None it left no result {jobs.RUN_ID}" in lost.log
    well = jobs.run(there, tmp_path / "volumes", {"n": "0"})
    assert (well.state, well.exits["outputs"]) == ("SUCCESS", "7")
    assert "told" not in well.log


def test_a_value_that_no_task_value_holds_is_a_file_or_an_error_that_names_the_limit(tmp_path: Path) -> None:
    text = """
@step
def long(n: int) -> tuple[str, str]:
    return "x" * n, "short"

@step
def count(a: str, b: str) -> int:
    return len(a) + len(b)

@pipeline
def p(n: int = 50_000) -> int:
    a, b = long(n)
    return count(a, b)
"""
    run = jobs.run(program(text, tmp_path / "a"), tmp_path / "volumes")
    assert run.state == "FAILED"
    assert "a task value takes 49152" in run.log
    assert run.values["long"]["wye"]["status"] == "failed"
    there = program(text, tmp_path / "b", DatabricksOptions(store=STORE))
    run = jobs.run(there, tmp_path / "volumes")
    assert (run.state, run.exits["outputs"]) == ("SUCCESS", "50005")
    assert run.values["long"]["wye"]["outputs"]["out1"] == '"short"', "the largest go to files, not more"


@pytest.mark.parametrize(
    ("given", "message"), [({}, "parameter n has no default and no value"), ({"n": "x"}, "parameter n: not JSON of int")]
)
def test_a_parameter_that_is_wrong_fails_before_any_step(given: dict[str, str], message: str, tmp_path: Path) -> None:
    there = program("@pipeline\ndef p(n: int, m: int = 3) -> int:\n    one(m)\n    return one(n)\n", tmp_path)
    run = jobs.run(there, tmp_path / "volumes", given)
    assert (run.state, set(run.results.values())) == ("FAILED", {"FAILED", "UPSTREAM_FAILED"})
    assert message in run.log
    assert run.values == {}


def test_what_a_step_may_know_of_its_run(tmp_path: Path) -> None:
    there = program(
        """
@step(retry=Retry(1, delay=0))
def who() -> str:
    c = context()
    if c.attempt == 1:
        raise ValueError
    return f"{c.run_id} {c.attempt} {c.scheduled_time} {c.pipeline} {c.task_id}"

@pipeline
def p(day: datetime = ScheduledTime()) -> tuple[str, datetime]:
    return who(), day
""",
        tmp_path,
    )
    run = jobs.run(there, tmp_path / "volumes")
    assert run.state == "SUCCESS", run.log
    found, day = decode(run.exits["outputs"])
    assert found == f"{jobs.RUN_ID} 2 {day} p who"
    assert day == datetime(2026, 3, 4, 5, 6, 7, 891000, UTC)
    other = jobs.run(there, tmp_path / "volumes", {"day": "2026-01-31T06:00:00+01:00"})
    assert decode(other.exits["outputs"])[1] == datetime(2026, 1, 31, 5, tzinfo=UTC)


def test_a_job_with_more_tasks_than_a_run_may_have_values(tmp_path: Path) -> None:
    calls = "\n".join(f"    n = one(n + {i})" for i in range(130))
    there = program(f"@pipeline\ndef p(n: int = 1) -> int:\n{calls}\n    return n\n", tmp_path)
    quick = len(there.job["tasks"])
    assert quick == 131
    assert there.job["tasks"][0]["notebook_task"]["base_parameters"]["wye.store"] == "/Volumes/a_catalog/a_schema/a_volume"


def test_the_interpreter_refuses_what_the_platform_would(tmp_path: Path) -> None:
    there = program("@pipeline\ndef p(n: int = 1) -> int:\n    return one(n)\n", tmp_path)
    with pytest.raises(jobs.Refused, match="no such job parameters"):
        jobs.run(there, tmp_path / "volumes", {"m": "1"})
    with pytest.raises(jobs.Refused, match="variables without a value"):
        jobs.deploy(built(CASES["artifacts"].source, tmp_path / "other"), tmp_path / "there")
    with pytest.raises(jobs.Refused, match="no such reference"):
        jobs.resolved("{{job.naem}}")
    assert jobs.resolved("{{ds}} {{job.run_id}}") == "{{ds}} " + jobs.RUN_ID


@pytest.mark.parametrize(
    ("rule", "results", "wanted"),
    [
        ("ALL_SUCCESS", ["SUCCESS", "EXCLUDED"], "RUN"),
        ("ALL_SUCCESS", ["SUCCESS", "UPSTREAM_FAILED"], "UPSTREAM_FAILED"),
        ("ALL_DONE", ["FAILED", "UPSTREAM_FAILED"], "RUN"),
        ("ALL_DONE", ["EXCLUDED", "EXCLUDED"], "EXCLUDED"),
        ("AT_LEAST_ONE_FAILED", ["SUCCESS"], "EXCLUDED"),
        ("NONE_FAILED", ["SUCCESS", "EXCLUDED"], "RUN"),
    ],
)
def test_run_if_as_documented(rule: str, results: list[str], wanted: str) -> None:
    assert jobs.outcome(rule, results) == wanted
