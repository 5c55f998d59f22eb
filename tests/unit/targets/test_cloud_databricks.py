"""`make verify-cloud TARGET=databricks` against a workspace that is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clouds
import pytest
from clouds import calls, fakes, on_databricks, verified, verify

from wye.backend.target import EmittedFile
from wye_targets.databricks import Databricks, DatabricksOptions

Finished, Json = fakes.Finished, dict[str, Any]


TASKS = {
    "conformance": {"read": [], "stumble": [], "agree": ["read", "stumble"], "outputs": ["agree"], "on_failure": None, "verdict": None},
    "broken": {"slow": [], "slow_2": ["slow"], "stumble": [], "outputs": ["slow_2", "stumble"]},
    "spread": {"numbers": [], "stumble": ["numbers"], "outputs": ["stumble"]},
    "swept": {"stumble": [], "sweep": None, "try_1_verdict": None, "outputs": ["try_1_verdict"]},
    "facts": {"outputs": []},
    "branched": {"square": [], "outputs": ["square"]},
}
"""What each task waits for; None of those that run whatever becomes of others."""
PARAMETERS = {
    "conformance": [*verify.GIVEN, "fail", "expected"],
    "broken": ["seconds"],
    "swept": [],
    "facts": ["told", "flag", "size", "ratio"],
}


def artifact(pipeline: str) -> list[EmittedFile]:
    made = [EmittedFile("src/wye_runtime/__init__.py", ""), EmittedFile("README.md", "…")]
    tasks = []
    for key in TASKS[pipeline]:
        made.append(EmittedFile(f"notebooks/{key}.py", "# Databricks notebook source\n"))
        tasks.append({"task_key": key, "notebook_task": {"notebook_path": f"${{workspace.file_path}}/notebooks/{key}"}})
    job = {"name": pipeline, "parameters": [{"name": n, "default": "false"} for n in PARAMETERS.get(pipeline, ())], "tasks": tasks}
    return [*made, EmittedFile("job.json", json.dumps(job))]


def finish(job: Json, given: dict[str, str]) -> Any:
    """What should become of a run."""
    tasks = TASKS[job["name"]]
    done = dict.fromkeys(tasks, "SUCCESS")
    if job["name"] == "facts":
        return Finished("SUCCESS", done, {"outputs": '{"python":"3.12.3"}'})
    if given.get("fail") == "false" or job["name"] == "branched":
        return Finished("SUCCESS", done, {"outputs": clouds.VALUE})
    left = {"stumble"}
    for key, waits in tasks.items():
        left |= {key} if left & {*(waits or ())} else set()
    words = done | dict.fromkeys(left, "UPSTREAM_FAILED") | {k: "FAILED" for k in tasks if k == "stumble" or k.endswith("verdict")}
    return Finished("FAILED", words, {}, {"stumble": "RuntimeError: this run is meant to fail"})


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    clouds.set_up(monkeypatch, on_databricks, artifact)
    workspace = fakes.Workspace(finish)
    with fakes.serving(workspace.answer) as address:
        options = DatabricksOptions(store="/Volumes/main/default/wye")
        yield workspace, on_databricks.Client(calls.Api(address, "dapi-1"), f"{fakes.HOME}/wye-verify-1", options)


def test_runs_that_end_as_they_should(there: tuple[Any, Any]) -> None:
    workspace, client = there
    good, said = verified(client)
    assert good, said
    assert "conformance 1000: RUNNING" in said
    assert "- the run is FAILED when its last task is UPSTREAM_FAILED" in said
    assert "- beside the task that fails, slow_2 is SUCCESS" in said
    assert "- when an iteration fails: {'numbers': 'SUCCESS', 'stumble': 'FAILED', 'outputs': 'UPSTREAM_FAILED'}" in said
    assert "- python: 3.12.3" in said
    started = [r.body["job_parameters"] for r in workspace.requests if r.path.endswith("run-now")]
    assert started[0]["ratio"] == "0.30000000000000004"
    assert started[0]["flag"] == "true"
    assert started[0]["expected"] == f'"{clouds.EXPECTED}"'
    assert started[0]["text"].startswith('"a \\"b')
    assert started[1] == {"fail": "true"}
    assert "{{job.trigger.time.iso_datetime}}" in next(s["told"] for s in started if "told" in s)


def test_what_is_uploaded_and_what_the_job_says_of_it(there: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Notebooks are notebooks, all else is files as they are; nothing is left for a bundle to fill in."""
    workspace, client = there
    files = calls.compiled(verify.PIPELINES, "broken", Databricks(), client.options)
    monkeypatch.setattr(on_databricks, "compiled", lambda *_: files)
    client.deploy("broken", verify.PIPELINES)
    place = f"{fakes.HOME}/wye-verify-1/broken"
    built = {f.path: f.content for f in files}
    sent = {p: data for p, data in built.items() if p.startswith("src/")}
    assert {p.removeprefix(place + "/"): d for p, d in workspace.files.items()} == {p: d or b"\n" for p, d in sent.items()}
    assert workspace.notebooks.keys() == {f"{place}/{p.removesuffix('.py')}" for p in built if p.startswith("notebooks/")}
    (job,) = workspace.jobs.values()
    assert "${" not in str(job)
    assert job["tasks"][0]["notebook_task"]["base_parameters"]["wye.files"] == f"/Workspace{place}/src"
    assert {r.headers["Authorization"] for r in workspace.requests} == {"Bearer dapi-1"}


def test_jobs_and_folder_are_taken_away(there: tuple[Any, Any]) -> None:
    workspace, client = there
    verified(client, verify.TRIALS[2:5])
    assert not workspace.jobs
    assert not workspace.files
    assert not workspace.notebooks


@pytest.mark.parametrize(
    ("number", "end", "told"),
    [
        (0, {"result": "SUCCESS", "exits": {"outputs": '"[2]"'}}, 'this run returned  "[2]"'),
        (0, {"result": "FAILED", "tasks": {"agree": "FAILED"}, "errors": {"agree": "AssertionError: not"}}, "agree: AssertionError: not"),
        (0, {"result": "CANCELED"}, "it ended as CANCELED: ended as CANCELED"),
        (1, {"result": "SUCCESS"}, "a step has failed, and the run has not"),
        (1, {"result": "SUCCESS_WITH_FAILURES"}, "it ended as SUCCESS_WITH_FAILURES"),
        (1, {"tasks": {"read": "FAILED"}}, "should not have failed: read: no message"),
        (1, {"tasks": {"on_failure": "FAILED"}}, "the step of on_failure: FAILED"),
        (1, {"tasks": {"stumble": "SUCCESS"}}, "the step stumble has not failed"),
    ],
)
def test_a_run_that_ends_otherwise_is_bad(number: int, end: Json, told: str, there: tuple[Any, Any]) -> None:
    workspace, client = there

    def otherwise(job: Json, given: dict[str, str]) -> Any:
        found = finish(job, given)
        same = {"result": found.result, "tasks": found.tasks, "exits": found.exits, "errors": found.errors}
        return Finished(**(same | end | {"tasks": found.tasks | end.get("tasks", {})})) if len(workspace.runs) == number else found

    workspace.finish = otherwise
    good, said = verified(client, verify.TRIALS[:2])
    assert not good
    assert told in said
    assert said.count("BAD") == 1


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/api/2.0/workspace/import", "POST /api/2.0/workspace/import: HTTP 403: "),
        ("/api/2.2/jobs/create", "POST /api/2.2/jobs/create: HTTP 403: "),
        ("/api/2.2/jobs/run-now", "POST /api/2.2/jobs/run-now: HTTP 403: "),
        ("/api/2.2/jobs/runs/get", "GET /api/2.2/jobs/runs/get: HTTP 403: "),
    ],
)
def test_what_the_workspace_says_against_a_request_is_shown(path: str, told: str, there: tuple[Any, Any]) -> None:
    workspace, client = there
    workspace.refuse[path] = (403, {"error_code": "PERMISSION_DENIED", "message": "you may not"})
    good, said = verified(client, verify.TRIALS[4:5])
    assert not good
    assert f"      {told}" in said
    assert "you may not" in said
    assert not workspace.jobs
    assert not workspace.files
    assert any(r.path.endswith("runs/cancel") for r in workspace.requests) == path.endswith("runs/get")


def test_a_busy_workspace_is_asked_again(there: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, client = there
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        workspace.refuse.clear()

    monkeypatch.setattr(calls.time, "sleep", pause)
    workspace.refuse["/api/2.2/jobs/create"] = (429, {"error_code": "REQUEST_LIMIT_EXCEEDED"})
    client.deploy("facts", verify.PIPELINES)
    assert waited == [1.0]
    assert workspace.jobs


def test_a_token_that_has_expired_is_renewed(there: tuple[Any, Any]) -> None:
    workspace, _ = there
    with fakes.serving(lambda asked: (401, {}) if asked.headers["Authorization"] == "Bearer old" else workspace.answer(asked)) as address:
        api = calls.Api(address, "old", lambda: "dapi-1")
        assert api.get("/api/2.0/preview/scim/v2/Me") == {"userName": fakes.ME}
        with pytest.raises(verify.Refused, match="HTTP 401"):
            calls.Api(address, "old", lambda: "old").get("/api/2.0/preview/scim/v2/Me")


def test_the_settings_make_the_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token the vendor's command line is asked for one."""
    log = fakes.command(tmp_path, "databricks", [("auth token*", fakes.printing({"access_token": "from-cli", "token_type": "Bearer"}))])
    clouds.on_path(monkeypatch, tmp_path)
    workspace = fakes.Workspace(finish, "from-cli")
    with fakes.serving(workspace.answer) as address:
        client = on_databricks.client({"DATABRICKS_HOST": address + "/", "STORE": "/Volumes/a/b/c"}, tmp_path)
        assert client.folder.startswith(f"{fakes.HOME}/wye-verify-2")
        given = {"DATABRICKS_HOST": address, "STORE": "/Volumes/a/b/c", "FOLDER": "/Workspace/Shared", "DATABRICKS_TOKEN": "t"}
        assert on_databricks.client(given, tmp_path).folder.startswith("/Shared/wye-verify-2")
    assert fakes.calls(log) == [["auth", "token", "--host", address]]
