"""`make verify-cloud TARGET=vertex` against a service that is none: two runs, one that must succeed and one that must fail."""

from __future__ import annotations

import importlib
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[2] / "cloud"))
CLOUD = importlib.import_module("vertex")
JOB = {"displayName": "conformance", "pipelineSpec": {}, "runtimeConfig": {"gcsOutputDirectory": "gs://bucket"}}


class Service:
    """Runs are what `outcomes` says, at the second look."""

    def __init__(self) -> None:
        self.created: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.looks: dict[str, int] = {}
        self.outcomes = [{"state": "PIPELINE_STATE_SUCCEEDED"}, {"state": "PIPELINE_STATE_FAILED"}]
        self.status = 200

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        if method == "POST":
            self.created.append((headers, json.loads(body)))
            return {"name": f"{path.removeprefix('/v1/')}/{len(self.created)}", "state": "PIPELINE_STATE_PENDING"}
        self.looks[path] = self.looks.get(path, 0) + 1
        return {"state": "PIPELINE_STATE_RUNNING"} if self.looks[path] < 2 else self.outcomes[int(path[-1]) - 1]


@pytest.fixture
def service() -> Iterator[tuple[Service, Any]]:
    found = Service()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = json.dumps(found.answer(self.command, self.path, dict(self.headers), body)).encode()
            self.send_response(found.status)
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = _do

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found, CLOUD.Client(f"http://127.0.0.1:{server.server_port}", "projects/p/locations/l", "token")
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CLOUD, "plain_call", lambda case: type("Outcome", (), {"value": '"[1]"'}))


def verified(service: tuple[Service, Any]) -> tuple[bool, str]:
    lines: list[str] = []
    good = CLOUD.verify(service[1], JOB, lines.append, pause=0)
    return good, "\n".join(lines)


def test_two_runs_that_end_as_they_should(service: tuple[Service, Any]) -> None:
    good, said = verified(service)
    assert good, said
    (headers, first), (_, second) = service[0].created
    assert headers["Authorization"] == "Bearer token"
    assert first["runtimeConfig"] == {"gcsOutputDirectory": "gs://bucket", "parameterValues": {"expected": "[1]"}}
    assert second["runtimeConfig"]["parameterValues"] == {"fail": True}
    assert "ok  agrees with the plain call: projects/p/locations/l/pipelineJobs/1" in said


def details(**states: str) -> dict[str, Any]:
    return {"taskDetails": [{"taskName": n.replace("_", "-"), "state": s, "error": {"message": f"{n} said so"}} for n, s in states.items()]}


@pytest.mark.parametrize(
    ("number", "outcome", "told"),
    [
        (0, {"state": "PIPELINE_STATE_FAILED", "jobDetail": details(agree="FAILED", echo="SUCCEEDED")}, "agree: agree said so"),
        (0, {"state": "PIPELINE_STATE_CANCELLED"}, "no message"),
        (1, {"state": "PIPELINE_STATE_SUCCEEDED"}, "a step has failed, and the run has not"),
        (1, {"state": "PIPELINE_STATE_FAILED", "jobDetail": details(stumble="FAILED", square="FAILED")}, "should not have failed: square"),
        (1, {"state": "PIPELINE_STATE_FAILED", "jobDetail": details(stumble="FAILED", on_failure="NOT_TRIGGERED")}, "NOT_TRIGGERED"),
    ],
)
def test_a_run_that_ends_otherwise_is_bad(number: int, outcome: dict[str, Any], told: str, service: tuple[Service, Any]) -> None:
    service[0].outcomes[number] = outcome
    good, said = verified(service)
    assert not good
    assert told in said
    assert "BAD" in said


def test_what_the_service_says_against_a_request_is_shown(service: tuple[Service, Any]) -> None:
    service[0].status = 403
    with pytest.raises(SystemExit, match="HTTP 403"):
        verified(service)


def test_what_is_not_said_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert CLOUD.main({"PROJECT": "p"}) == 2
    assert "say LOCATION, STORE: make verify-cloud TARGET=vertex" in capsys.readouterr().out


def test_the_job_is_the_accounts() -> None:
    job = CLOUD.job_of("gs://bucket/x", "some-project", "europe-west4", "me@some-project.iam.gserviceaccount.com")
    assert job["serviceAccount"] == "me@some-project.iam.gserviceaccount.com"
    assert job["runtimeConfig"]["gcsOutputDirectory"] == "gs://bucket/x"
