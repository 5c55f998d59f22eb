"""Project, region and output folder in; whether Vertex AI runs the conformance pipelines as they are meant out.

Uses the credentials of `gcloud` (or a token in $WYE_CLOUD_TOKEN), the standard library, and the job that Wye emits, as it stands.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calls import Api, compiled, run
from verify import Ended, Values, facts, missing

from wye.runtime.values import wire
from wye_targets.vertex import Vertex
from wye_targets.vertex.capabilities import Options
from wye_targets.vertex.placement import Placement

NEEDED = ("PROJECT", "LOCATION", "STORE")
EXAMPLE = "TARGET=vertex PROJECT=my-project LOCATION=europe-west4 STORE=gs://my-bucket/wye"
ENDS = {"PIPELINE_STATE_SUCCEEDED": True, "PIPELINE_STATE_FAILED": False, "PIPELINE_STATE_CANCELLED": None, "PIPELINE_STATE_PAUSED": None}
AROUND = ("exit_handler", "condition", "for_loop", "map")
"""How the names of groups begin, which fail with what is in them; the pipeline's own task is called by the pipeline."""


@dataclass(slots=True)
class Client:
    api: Api
    parent: str
    options: Options
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)

    def deploy(self, pipeline: str, source: Path) -> None:
        files = compiled(source, pipeline, Vertex(), self.options)
        self.jobs[pipeline] = json.loads(next(f for f in files if f.path == "pipeline_job.json").text)

    def start(self, pipeline: str, values: Values) -> str:
        job = self.jobs[pipeline]
        given = {n: v if isinstance(v, bool | int | float | str) else wire(v) for n, v in values.items()}
        made = self.api.post(
            f"/v1/{self.parent}/pipelineJobs", {**job, "runtimeConfig": {**job["runtimeConfig"], "parameterValues": given}}
        )
        self.runs.append(str(made["name"]))
        return self.runs[-1]

    def state(self, run: str) -> tuple[str, bool]:
        state = str(self.api.get(f"/v1/{run}").get("state"))
        return state, state in ENDS

    def ended(self, pipeline: str, run: str) -> Ended:
        found = self.api.get(f"/v1/{run}")
        tasks = {str(t.get("taskName")).replace("-", "_"): t for t in found.get("jobDetail", {}).get("taskDetails", [])}
        failed = {
            n: str(t.get("error", {}).get("message", "failed"))
            for n, t in tasks.items()
            if t.get("state") == "FAILED" and n != pipeline and not n.startswith(AROUND)
        }
        state = str(found.get("state"))
        word = str(tasks.get("on_failure", {}).get("state", "nothing is known"))
        notes = [f"{n}: {t.get('state')}" for n, t in tasks.items() if pipeline in ("broken", "spread", "swept") and n != pipeline]
        return Ended(
            state, ENDS.get(state), failed, "done" if word == "SUCCEEDED" else word, None, (*notes, *facts(_looked(tasks))), _why(found)
        )

    def stop(self, run: str) -> None:
        self.api.post(f"/v1/{run}:cancel", {})

    def clean(self) -> None:
        """Runs stay, to be looked at: they cost nothing once they have ended."""


def _why(found: dict[str, Any]) -> str:
    return str(found.get("error", {}).get("message", "no message"))


def _looked(tasks: dict[str, dict[str, Any]]) -> str | None:
    """What the step `look` has returned, where the answer has it among the metadata of the execution."""
    value = tasks.get("look", {}).get("execution", {}).get("metadata", {}).get("output:Output")
    return value if isinstance(value, str) else None


def client(settings: dict[str, str], folder: Path) -> Client | None:
    if missing(settings, NEEDED, EXAMPLE):
        return None
    project, location = settings["PROJECT"], settings["LOCATION"]
    place = Placement(service_account=settings.get("SERVICE_ACCOUNT") or None)
    options = Options(store=settings["STORE"], project=project, location=location, placement=place)
    address = settings.get("WYE_CLOUD_ENDPOINT") or f"https://{location}-aiplatform.googleapis.com"
    given = settings.get("WYE_CLOUD_TOKEN")
    return Client(Api(address, given or _token(), None if given else _token), f"projects/{project}/locations/{location}", options)


def _token() -> str:
    return run(["gcloud", "auth", "print-access-token"]).strip()
