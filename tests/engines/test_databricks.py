"""Bundles by the documented rules of Databricks Jobs: a run of the job comes to what the plain call comes to, in value and in final state.

`databricks_interpreter.py` runs the compiled files alone: notebooks in this process, the runner and the steps in processes of their own.
"""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import databricks_interpreter as jobs
import pytest

from wye.backend.write import write_build
from wye.driver import compile_source, compile_target
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
        assert set(run.results.values()) == {"SUCCESS"}, run.log
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
