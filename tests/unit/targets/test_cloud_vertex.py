"""`make verify-cloud TARGET=vertex` against a service that is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clouds
import pytest
from clouds import calls, fakes, on_vertex, verified, verify

from wye.backend.target import EmittedFile
from wye_targets.vertex import Vertex
from wye_targets.vertex.capabilities import Options
from wye_targets.vertex.placement import Placement

JOB = {"displayName": "conformance", "pipelineSpec": {}, "runtimeConfig": {"gcsOutputDirectory": "gs://bucket"}}


def details(**states: str) -> dict[str, Any]:
    return {"taskDetails": [{"taskName": n.replace("_", "-"), "state": s, "error": {"message": f"{n} said so"}} for n, s in states.items()]}


class Service:
    """Runs are what `outcomes` says, at the second look."""

    def __init__(self) -> None:
        self.created: list[Any] = []
        self.looks: dict[str, int] = {}
        self.outcomes: list[Any] = [
            {"state": "PIPELINE_STATE_SUCCEEDED"},
            {"state": "PIPELINE_STATE_FAILED", "jobDetail": details(stumble="FAILED", exit_handler_1="FAILED", on_failure="SUCCEEDED")},
            {"state": "PIPELINE_STATE_FAILED", "jobDetail": details(stumble="FAILED", slow_2="NOT_TRIGGERED", broken="FAILED")},
            {
                "state": "PIPELINE_STATE_FAILED",
                "jobDetail": details(map_1="FAILED", for_loop_2="FAILED", stumble="FAILED"),
            },
            {"state": "PIPELINE_STATE_FAILED", "jobDetail": details(try_1="FAILED")},
            {"state": "PIPELINE_STATE_SUCCEEDED", "jobDetail": details(look="SUCCEEDED")},
            {"state": "PIPELINE_STATE_SUCCEEDED"},
        ]
        self.status = 200

    def answer(self, asked: Any) -> tuple[int, Any]:
        if asked.method == "POST" and not asked.path.endswith(":cancel"):
            self.created.append(asked)
            return self.status, {"name": f"{asked.path.removeprefix('/v1/')}/{len(self.created)}", "state": "PIPELINE_STATE_PENDING"}
        self.looks[asked.path] = self.looks.get(asked.path, 0) + 1
        running = self.looks[asked.path] < 2 or asked.method == "POST"
        return self.status, {"state": "PIPELINE_STATE_RUNNING"} if running else self.outcomes[int(asked.path[-1]) - 1]


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Service, Any]]:
    clouds.set_up(monkeypatch, on_vertex, lambda pipeline: [EmittedFile("pipeline_job.json", json.dumps(JOB))])
    found = Service()
    with fakes.serving(found.answer) as address:
        yield found, on_vertex.Client(calls.Api(address, "token"), "projects/p/locations/l", Options(store="gs://bucket/x"))


def test_runs_that_end_as_they_should(there: tuple[Service, Any]) -> None:
    found = {"look": {"execution": {"metadata": {"output:Output": '{"python":"3.11.9"}'}}}}
    there[0].outcomes[5]["jobDetail"]["taskDetails"][0] |= found["look"]
    good, said = verified(there[1])
    assert good, said
    first, second, *_ = there[0].created
    assert first.headers["Authorization"] == "Bearer token"
    assert first.body["runtimeConfig"]["gcsOutputDirectory"] == "gs://bucket"
    given = first.body["runtimeConfig"]["parameterValues"]
    assert given == verify.GIVEN | {"expected": clouds.EXPECTED, "xs": "[null,2.5,-1e-300]"}
    assert second.body["runtimeConfig"]["parameterValues"] == {"fail": True}
    assert "ok  agrees with the plain call: projects/p/locations/l/pipelineJobs/1" in said
    assert "- slow_2: NOT_TRIGGERED" in said
    assert "- python: 3.11.9" in said


@pytest.mark.parametrize(
    ("number", "outcome", "told"),
    [
        (0, {"state": "PIPELINE_STATE_FAILED", "jobDetail": details(agree="FAILED", echo="SUCCEEDED")}, "agree: agree said so"),
        (0, {"state": "PIPELINE_STATE_CANCELLED"}, "no message"),
        (1, {"state": "PIPELINE_STATE_SUCCEEDED"}, "a step has failed, and the run has not"),
        (1, {"state": "PIPELINE_STATE_FAILED", "jobDetail": details(stumble="FAILED", square="FAILED")}, "should not have failed: square"),
        (1, {"state": "PIPELINE_STATE_FAILED", "jobDetail": details(stumble="FAILED", on_failure="NOT_TRIGGERED")}, "NOT_TRIGGERED"),
        (1, {"state": "PIPELINE_STATE_FAILED"}, "the step stumble has not failed, for all that is known"),
    ],
)
def test_a_run_that_ends_otherwise_is_bad(number: int, outcome: dict[str, Any], told: str, there: tuple[Service, Any]) -> None:
    there[0].outcomes[number] = outcome
    good, said = verified(there[1], verify.TRIALS[:2])
    assert not good
    assert told in said
    assert said.count("BAD") == 1


def test_what_the_service_says_against_a_request_is_shown(there: tuple[Service, Any]) -> None:
    there[0].status = 403
    good, said = verified(there[1])
    assert not good
    assert said.count("BAD") == 6
    assert "POST /v1/projects/p/locations/l/pipelineJobs: HTTP 403: " in said


def test_the_job_is_the_accounts() -> None:
    account = "me@some-project.iam.gserviceaccount.com"
    options = Options(store="gs://bucket/x", project="some-project", location="europe-west4", placement=Placement(service_account=account))
    files = calls.compiled(verify.PIPELINES, "facts", Vertex(), options)
    job = json.loads(next(f.text for f in files if f.path == "pipeline_job.json"))
    assert job["serviceAccount"] == account
    assert job["runtimeConfig"]["gcsOutputDirectory"] == "gs://bucket/x"


def test_the_settings_make_the_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is `gcloud`'s unless one is given."""
    fakes.command(tmp_path, "gcloud", [("auth print-access-token", "echo from-cli")])
    clouds.on_path(monkeypatch, tmp_path)
    given = {"PROJECT": "some-project", "LOCATION": "europe-west4", "STORE": "gs://bucket/wye"}
    made = on_vertex.client(given, tmp_path)
    assert made.api.token == "from-cli"
    assert made.api.address == "https://europe-west4-aiplatform.googleapis.com"
    assert made.parent == "projects/some-project/locations/europe-west4"
    assert on_vertex.client(given | {"WYE_CLOUD_TOKEN": "t"}, tmp_path).api.token == "t"
