"""Project, region and output folder in; whether Vertex AI runs the conformance pipeline as the plain call does out.

Uses the credentials of `gcloud` (or a token in $WYE_CLOUD_TOKEN), the standard library, and the job that Wye emits, as it stands.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wye.driver import compile_source, compile_target
from wye.testing.cases import Case, plain_call
from wye_targets.vertex import Vertex
from wye_targets.vertex.capabilities import Options
from wye_targets.vertex.placement import Placement

PIPELINE = Path(__file__).with_name("conformance.py")
FINAL = ("PIPELINE_STATE_SUCCEEDED", "PIPELINE_STATE_FAILED", "PIPELINE_STATE_CANCELLED", "PIPELINE_STATE_PAUSED")
PAUSE, PATIENCE = 20.0, 2 * 3600.0
"""Seconds between two looks at a run; after which nobody waits any longer."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Client:
    """The API of one region, with the token of whoever calls."""

    endpoint: str
    parent: str
    token: str

    def create(self, job: dict[str, Any]) -> str:
        return str(self._asked("POST", f"{self.parent}/pipelineJobs", job)["name"])

    def get(self, name: str) -> dict[str, Any]:
        return self._asked("GET", name)

    def _asked(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/v1/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: HTTP {error.code}: {error.read().decode('utf-8', 'replace')[:2000]}") from None
        except OSError as error:
            raise SystemExit(f"{method} {path}: {error}") from None


def job_of(store: str, project: str, location: str, account: str | None) -> dict[str, Any]:
    options = Options(store=store, project=project, location=location, placement=Placement(service_account=account))
    files, _ = compile_target(compile_source(PIPELINE), Vertex(), options)
    job: dict[str, Any] = json.loads(next(f for f in files if f.path == "pipeline_job.json").text)
    return job


def verify(client: Client, job: dict[str, Any], say: Say = print, pause: float = PAUSE) -> bool:
    """Two runs: one that must succeed with what the plain call returns, and one that must fail where it is told to."""
    expected = json.loads(plain_call(Case("conformance", PIPELINE)).value or "null")
    assert expected, "the plain call failed"
    runs = {"agrees with the plain call": {"expected": expected}, "fails when a step fails": {"fail": True}}
    names = {}
    for what, values in runs.items():
        names[what] = client.create({**job, "runtimeConfig": {**job["runtimeConfig"], "parameterValues": values}})
        say(f"started {names[what]}")
    ended = {what: _ended(client, name, say, pause) for what, name in names.items()}
    good = {what: _good(what, run, say) for what, run in ended.items()}
    for what, well in good.items():
        say(f"{'ok ' if well else 'BAD'} {what}: {names[what]}")
    return all(good.values())


def _ended(client: Client, name: str, say: Say, pause: float) -> dict[str, Any]:
    seen, waited = "", 0.0
    while True:
        run = client.get(name)
        state = str(run.get("state"))
        if state != seen:
            say(f"{name.rpartition('/')[2]}: {state}")
            seen = state
        if state in FINAL:
            return run
        if waited > PATIENCE:
            raise SystemExit(f"{name} has not ended after {PATIENCE / 3600:g} hours")
        time.sleep(pause)
        waited += pause


def _good(what: str, run: dict[str, Any], say: Say) -> bool:
    tasks = run.get("jobDetail", {}).get("taskDetails", [])
    states = {str(t.get("taskName")): str(t.get("state")) for t in tasks}
    if what.startswith("agrees"):
        if run["state"] == "PIPELINE_STATE_SUCCEEDED":
            return True
        for task in tasks:
            if task.get("state") == "FAILED":
                say(f"  {task.get('taskName')}: {task.get('error', {}).get('message', 'failed')}")
        say(f"  {run.get('error', {}).get('message', 'no message')}")
        return False
    if run["state"] != "PIPELINE_STATE_FAILED":
        say("  a step has failed, and the run has not")
        return False
    others = sorted(n for n, s in states.items() if s == "FAILED" and n not in ("stumble", "exit-handler-1", "conformance"))
    if others:
        say(f"  tasks that should not have failed: {', '.join(others)}")
    handled = states.get("on-failure", "SUCCEEDED") == "SUCCEEDED"
    if not handled:
        say(f"  the step of on_failure: {states['on-failure']}")
    return handled and not others


def main(settings: dict[str, str]) -> int:
    missing = [n for n in ("PROJECT", "LOCATION", "STORE") if not settings.get(n)]
    if missing:
        print(
            f"say {', '.join(missing)}: make verify-cloud TARGET=vertex PROJECT=my-project LOCATION=europe-west4 STORE=gs://my-bucket/wye"
        )
        return 2
    project, location = settings["PROJECT"], settings["LOCATION"]
    job = job_of(settings["STORE"], project, location, settings.get("SERVICE_ACCOUNT") or None)
    endpoint = settings.get("WYE_CLOUD_ENDPOINT") or f"https://{location}-aiplatform.googleapis.com"
    token = settings.get("WYE_CLOUD_TOKEN") or _token()
    return 0 if verify(Client(endpoint, f"projects/{project}/locations/{location}", token), job) else 1


def _token() -> str:
    try:
        done = subprocess.run(["gcloud", "auth", "print-access-token"], capture_output=True, text=True, check=True, env=os.environ)
    except (OSError, subprocess.CalledProcessError) as error:
        message = getattr(error, "stderr", "") or error
        raise SystemExit(f"no token: `gcloud auth print-access-token`: {message}") from None
    return done.stdout.strip()
