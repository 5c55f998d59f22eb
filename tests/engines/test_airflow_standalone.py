"""Airflow for real: what `wye init` writes, compiled, copied into a DAG folder by hand, triggered over REST, read back over REST."""

from __future__ import annotations

import json
import shutil
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow_standalone import START, Airflow

from wye.cli import run
from wye.testing.cases import Case, plain_call
from wye.testing.environments import engine

VERSION = "3.3.2"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's project, and its DAG folder `dags`: there the compiled folder was copied to, under a name of the user's own."""
    base = tmp_path_factory.mktemp("standalone")
    assert run(["init", str(base)]) == 0
    assert run(["compile", str(base / "pipeline.py"), "-t", "airflow", "-o", str(base / "build")]) == 0
    shutil.copytree(base / "build" / "readings" / "airflow", base / "dags" / "our team")
    return base


@pytest.fixture(scope="module")
def airflow(project: Path) -> Iterator[Airflow]:
    python = engine(f"airflow-{VERSION}", [f"apache-airflow=={VERSION}"])
    home = project / "home"
    home.mkdir()
    started = Airflow(python, home, project / "dags")
    try:
        started.sign_in()
        started.wait("DAG", lambda: started.call("GET", "/api/v2/dags/readings"), START)
        started.call("PATCH", "/api/v2/dags/readings", {"is_paused": False})
        yield started
    finally:
        started.stop()


def plain(project: Path, params: dict[str, Any]) -> Any:
    found = plain_call(Case("readings", project / "pipeline.py", params))
    assert found.value is not None, found.error
    return json.loads(found.value)


def test_the_folder_as_it_was_copied(airflow: Airflow) -> None:
    """Airflow finds one DAG, with its parameters, and stumbles over nothing else in the folder."""
    assert airflow.call("GET", "/api/v2/importErrors")["import_errors"] == []
    assert [d["dag_id"] for d in airflow.call("GET", "/api/v2/dags")["dags"]] == ["readings"]
    params = airflow.call("GET", "/api/v2/dags/readings/details")["params"]
    assert {name: p["value"] for name, p in params.items()} == {"days": 3, "limit": 22.0}


@pytest.mark.parametrize(("conf", "arm", "other"), [({}, "archive", "alert"), ({"days": 1, "limit": 15.0}, "alert", "archive")])
def test_a_run(airflow: Airflow, project: Path, conf: dict[str, Any], arm: str, other: str) -> None:
    done = airflow.run("readings", conf)
    assert done["state"] == "success", f"{done['tasks']}\n{done['logs']}\n{airflow.tail()}"
    assert airflow.outputs(done) == plain(project, conf)
    assert (done["tasks"][arm, -1], done["tasks"][other, -1]) == ("success", "skipped")
    cleaned = [state for (task, index), state in done["tasks"].items() if index >= 0]
    assert cleaned.count("success") >= conf.get("days", 3)


def test_a_run_that_fails(airflow: Airflow, project: Path) -> None:
    """The plain call raises, so the run fails, in the task that raised."""
    assert "there is nothing to load for 0 days" in plain_call(Case("readings", project / "pipeline.py", {"days": 0})).error
    done = airflow.run("readings", {"days": 0})
    assert done["state"] == "failed"
    assert done["tasks"]["load", -1] == "failed"
    assert "success" not in [state for (task, _), state in done["tasks"].items() if task != "load"]
    assert "there is nothing to load for 0 days" in done["logs"]


def test_a_parameter_of_another_type_is_refused(airflow: Airflow) -> None:
    """By Airflow itself, before anything runs: the types stand in the DAG."""
    with pytest.raises(urllib.error.HTTPError, match=r"400|422"):
        airflow.call("POST", "/api/v2/dags/readings/dagRuns", {"logical_date": None, "conf": {"days": [1]}})
