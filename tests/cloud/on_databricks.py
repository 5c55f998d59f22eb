"""A workspace and a volume in; whether Databricks runs the conformance pipelines as they are meant out.

The standard library, over HTTPS: the files of each bundle go to a folder of the workspace, `job.json` with that folder in it to the Jobs
API. The token is $DATABRICKS_TOKEN, else that of `databricks auth token`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from calls import Api, compiled, run
from verify import HANDLER, KEPT, Ended, Refused, Values, each, facts, missing, typed

from wye.backend.target import EmittedFile
from wye_targets.databricks import Databricks, DatabricksOptions

NEEDED = ("DATABRICKS_HOST", "STORE")
EXAMPLE = "TARGET=databricks DATABRICKS_HOST=https://dbc-12345678-90ab.cloud.databricks.com STORE=/Volumes/main/default/wye"
LARGEST = 10 * 1024 * 1024
"""Bytes of a file that one request may bring. https://docs.databricks.com/api/workspace/workspace/import"""
LEFT_OUT = ("UPSTREAM_FAILED", "UPSTREAM_CANCELED", "EXCLUDED", "SKIPPED", "DISABLED")
LAST = ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")
TIMES = "trigger {{job.trigger.time.iso_datetime}}, start {{job.start_time.iso_datetime}}"
"""What is given for a run: Databricks puts the times in its place."""


@dataclass(slots=True)
class Client:
    api: Api
    folder: str
    options: DatabricksOptions
    jobs: dict[str, int] = field(default_factory=dict)
    uploaded: bool = False

    def deploy(self, pipeline: str, source: Path) -> None:
        files = compiled(source, pipeline, Databricks(), self.options)
        place = f"{self.folder}/{pipeline}"
        self._upload(place, [f for f in files if f.path.startswith(("notebooks/", "src/"))])
        text = next(f.text for f in files if f.path == "job.json").replace("${workspace.file_path}", f"/Workspace{place}")
        if "${" in text:
            raise Refused(f"job.json asks for {text[text.index('${') :].partition('}')[0]}}}, and no setting says it")
        self.jobs[pipeline] = int(self.api.post("/api/2.2/jobs/create", json.loads(text))["job_id"])

    def _upload(self, place: str, files: list[EmittedFile]) -> None:
        self.uploaded = True
        folders = sorted({str(PurePosixPath(place, f.path).parent) for f in files})
        for folder in folders:
            self.api.post("/api/2.0/workspace/mkdirs", {"path": folder})
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda f: self.api.post("/api/2.0/workspace/import", _imported(place, f)), files))

    def start(self, pipeline: str, values: Values) -> str:
        given = typed(values) | ({"told": TIMES} if pipeline == "facts" else {})
        return str(self.api.post("/api/2.2/jobs/run-now", {"job_id": self.jobs[pipeline], "job_parameters": given})["run_id"])

    def state(self, run: str) -> tuple[str, bool]:
        state = self.api.get("/api/2.2/jobs/runs/get", run_id=run).get("state", {})
        return _word(state), state.get("life_cycle_state") in LAST

    def ended(self, pipeline: str, run: str) -> Ended:
        found = self.api.get("/api/2.2/jobs/runs/get", run_id=run)
        tasks = {str(t["task_key"]): t for t in found.get("tasks", [])}  # a hundred of them are there at once
        words = {key: _word(t.get("state", {})) for key, t in tasks.items()}
        ran = [key for key, word in words.items() if word not in ("SUCCESS", *LEFT_OUT) and not key.endswith("verdict")]
        failed = {key: self._output(tasks[key]).get("error") or _why(tasks[key]) for key in ran}
        word = _word(found.get("state", {}))
        value = self._output(tasks["outputs"]).get("notebook_output", {}).get("result") if words.get("outputs") == "SUCCESS" else None
        handled = words.get(HANDLER, "there is no such task")
        notes = facts(value) if pipeline == "facts" else []
        if pipeline == "broken":
            notes = [f"the run is {word} when its last task is {words.get('outputs')}"]
            notes += [f"beside the task that fails, {t} is {words.get(t)}" for t in ("slow", "slow_2")]
        if pipeline == "spread":
            notes = [f"when an iteration fails: {words}"]
        return Ended(
            word,
            {"SUCCESS": True, "FAILED": False}.get(word),
            {key: message for key, message in failed.items() if KEPT not in message},
            "done" if handled == "SUCCESS" else handled,
            value,
            notes,
            _why(found),
        )

    def _output(self, task: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self.api.get("/api/2.2/jobs/runs/get-output", run_id=task["run_id"])
        except Refused:  # of a task that has been stopped, say
            return {}

    def stop(self, run: str) -> None:
        self.api.post("/api/2.2/jobs/runs/cancel", {"run_id": int(run)})

    def clean(self) -> None:
        """The jobs, with their runs, and the folder; files on the volume stay."""
        requests: list[tuple[str, dict[str, Any]]] = [("/api/2.2/jobs/delete", {"job_id": job}) for job in self.jobs.values()]
        if self.uploaded:
            requests.append(("/api/2.0/workspace/delete", {"path": self.folder, "recursive": True}))
        each(partial(self.api.post, *request) for request in requests)


def _word(state: Mapping[str, Any]) -> str:
    return str(state.get("result_state") or state.get("life_cycle_state") or "no state")


def _why(run: Mapping[str, Any]) -> str:
    return str(run.get("state", {}).get("state_message") or "no message")


def _imported(place: str, file: EmittedFile) -> dict[str, Any]:
    """The request that brings a file. AUTO makes files of what does not say in its first line that it is a notebook. One that is empty
    would not be taken (https://github.com/databricks/cli/issues/2661): it gets a line."""
    if len(file.content) > LARGEST:
        raise Refused(f"{file.path} has {len(file.content):,} bytes, and a request brings {LARGEST:,}")
    about: dict[str, Any] = {"path": f"{place}/{file.path}", "format": "AUTO"}
    if file.path.startswith("notebooks/"):
        about = {"path": f"{place}/{file.path.removesuffix('.py')}", "format": "SOURCE", "language": "PYTHON"}
    return {**about, "content": base64.b64encode(file.content or b"\n").decode("ascii"), "overwrite": True}


def client(settings: dict[str, str], folder: Path) -> Client | None:
    if missing(settings, NEEDED, EXAMPLE):
        return None
    scope, slash, _ = settings.get("SECRET", "").partition("/")
    if scope and not slash:
        raise Refused(f"SECRET is a scope and a key here: SECRET={scope}/key")
    host = settings["DATABRICKS_HOST"].rstrip("/")
    host = host if "://" in host else f"https://{host}"
    given = settings.get("DATABRICKS_TOKEN")
    api = Api(host, given or _token(host), None if given else lambda: _token(host))
    home = settings.get("FOLDER", "").removeprefix("/Workspace") or "/".join(
        ["", "Users", api.get("/api/2.0/preview/scim/v2/Me")["userName"]]
    )
    return Client(api, f"{home}/wye-verify-{datetime.now(UTC):%Y%m%dT%H%M%S}", DatabricksOptions(store=settings["STORE"]))


def _token(host: str) -> str:
    return str(json.loads(run(["databricks", "auth", "token", "--host", host]))["access_token"])
