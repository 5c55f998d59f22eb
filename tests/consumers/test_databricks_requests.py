"""What `make verify-cloud TARGET=databricks` asks, and the tests' own workspace answers, under the vendor's own code (databricks-sdk)."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from test_databricks_jobs import REQUIREMENTS

from wye.testing.environments import engine
from wye_targets.databricks import DatabricksOptions

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "cloud"))
calls, fakes, verify, on_databricks = (importlib.import_module(name) for name in ("calls", "fakes", "verify", "on_databricks"))


def finish(job: dict[str, Any], given: dict[str, str]) -> Any:
    tasks = dict.fromkeys((t["task_key"] for t in job["tasks"]), "SUCCESS") | {"stumble": "FAILED"}
    return fakes.Finished("FAILED", tasks, {"outputs": "null"}, {"stumble": "RuntimeError: meant to fail"})


def asked() -> list[dict[str, Any]]:
    """Every request of a run of everything, and one that is stopped, with its answer."""
    workspace = fakes.Workspace(finish)
    found = []

    def answer(request: Any) -> Any:
        status, said = workspace.answer(request)
        assert status == 200, said
        found.append({k: getattr(request, k) for k in ("method", "path", "query", "body")} | {"answer": said})
        return status, said

    with fakes.serving(answer) as address:
        api = calls.Api(address, workspace.token)
        assert api.get("/api/2.0/preview/scim/v2/Me")["userName"] == fakes.ME
        client = on_databricks.Client(api, f"{fakes.HOME}/verify", DatabricksOptions(store="/Volumes/main/default/wye"))
        trials = [replace(t, wanted="failure") for t in verify.TRIALS if t.pipeline in ("broken", "facts")]
        verify.verify(client, trials, lambda line: None, pause=0)
        client.stop("1000")
    return found


def test_the_vendors_code_sends_the_same_and_understands_the_answers() -> None:
    given = asked()
    python = engine("databricks", REQUIREMENTS)
    lines = "".join(json.dumps(line) + "\n" for line in given)
    done = subprocess.run([python, HERE / "databricks_requests.py"], input=lines, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line)["problems"] for line in done.stdout.splitlines()]
    assert [p for p in found if p] == []
    assert len(found) == len(given)
    assert len({line["path"] for line in given}) == 10


def test_a_request_that_is_another_is_noticed() -> None:
    python = engine("databricks", REQUIREMENTS)
    bad = [
        {"method": "POST", "path": "/api/2.2/jobs/run-now", "query": {}, "body": {"job_id": 1, "job_params": {}}, "answer": {}},
        {"method": "POST", "path": "/api/2.1/jobs/delete", "query": {}, "body": {"job_id": 1}, "answer": {}},
        {"method": "GET", "path": "/api/2.2/jobs/runs/get", "query": {"run_id": "1"}, "body": None, "answer": {"state": {"result": "x"}}},
        {"method": "POST", "path": "/api/2.0/workspace/import", "query": {}, "body": {"path": "/x", "format": "FILE"}, "answer": {}},
    ]
    done = subprocess.run(
        [python, HERE / "databricks_requests.py"], input="\n".join(map(json.dumps, bad)), capture_output=True, text=True, timeout=300
    )
    assert all(json.loads(line)["problems"] for line in done.stdout.splitlines()), done.stdout
