"""Services that are none, for tests of the clients: a server that answers as a function says, a Databricks workspace, a command on PATH."""

from __future__ import annotations

import base64
import json
import re
import shlex
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Answer = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@contextmanager
def serving(answer: Callable[[Request], Answer]) -> Iterator[str]:
    """The address of a server of this process's own."""

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1  # an answer in one piece

        def _do(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, _, query = self.path.partition("?")
            asked = Request(self.command, path, dict(urllib.parse.parse_qsl(query)), dict(self.headers), json.loads(text) if text else None)
            status, found = answer(asked)
            data = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = _do

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


# --- Databricks -----------------------------------------------------------------------------------------------------------------------

ME = "me@example.com"
HOME = "/".join(["", "Users", ME])


@dataclass(frozen=True, slots=True)
class Finished:
    """A run's end: its result, that of each task, what notebooks exited with or why they failed."""

    result: str
    tasks: dict[str, str]
    exits: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


class Workspace:
    """As much of Databricks' API as the client uses, by its rules: what is imported stands in a folder that is there, has a byte, and is a
    notebook or a file; a job's notebooks are there; job parameters are texts, and the job's. `finish` says what becomes of a run."""

    def __init__(self, finish: Callable[[Json, dict[str, str]], Finished], token: str = "dapi-1") -> None:
        self.finish, self.token = finish, token
        self.folders, self.files, self.notebooks = {HOME}, dict[str, bytes](), dict[str, str]()
        self.jobs: dict[int, Json] = {}
        self.runs: dict[int, Finished] = {}
        self.looks: dict[int, int] = {}
        self.requests: list[Request] = []
        self.refuse: dict[str, Answer] = {}
        self.lock = threading.Lock()

    def answer(self, asked: Request) -> Answer:
        with self.lock:
            self.requests.append(asked)
            if asked.headers.get("Authorization") != f"Bearer {self.token}":
                return 403, {"error_code": "403", "message": "Invalid access token."}
            if asked.path in self.refuse:
                return self.refuse[asked.path]
            known = {
                ("GET", "/api/2.0/preview/scim/v2/Me"): lambda: (200, {"userName": ME}),
                ("POST", "/api/2.0/workspace/mkdirs"): self._mkdirs,
                ("POST", "/api/2.0/workspace/import"): self._import,
                ("POST", "/api/2.0/workspace/delete"): self._delete,
                ("POST", "/api/2.2/jobs/create"): self._create,
                ("POST", "/api/2.2/jobs/run-now"): self._run_now,
                ("GET", "/api/2.2/jobs/runs/get"): self._get,
                ("GET", "/api/2.2/jobs/runs/get-output"): self._output,
                ("POST", "/api/2.2/jobs/runs/cancel"): lambda: (200, {}),
                ("POST", "/api/2.2/jobs/delete"): lambda: (200, {}) if self.jobs.pop(asked.body["job_id"], None) else _wrong("no job"),
            }
            action = known.get((asked.method, asked.path))
            return action() if action else (404, {"error_code": "ENDPOINT_NOT_FOUND", "message": f"No API found for {asked.path}"})

    @property
    def _body(self) -> Json:
        return dict(self.requests[-1].body)

    def _mkdirs(self) -> Answer:
        path = Path(self._body["path"])
        self.folders |= {str(p) for p in (path, *path.parents)}
        return 200, {}

    def _import(self) -> Answer:
        body = self._body
        path, data = body["path"], base64.b64decode(body["content"], validate=True)
        if str(Path(path).parent) not in self.folders:
            return _wrong(f"The parent folder ({Path(path).parent}) does not exist.", "RESOURCE_DOES_NOT_EXIST", 404)
        if not data:
            return _wrong("No input data source provided")
        if body["format"] == "SOURCE" and body["language"] == "PYTHON":
            self.notebooks[path] = data.decode()
        elif body["format"] == "AUTO" and re.match(rb"(#|//|--) Databricks notebook source", data):
            self.notebooks[path.rpartition(".")[0]] = data.decode()
        elif body["format"] == "AUTO":
            self.files[path] = data
        else:
            return _wrong("format")
        return 200, {}

    def _delete(self) -> Answer:
        path = self._body["path"]
        if path not in self.folders or not self._body["recursive"]:
            return _wrong("no such folder", "RESOURCE_DOES_NOT_EXIST", 404)
        for table in (self.files, self.notebooks):
            for name in [n for n in table if n.startswith(path + "/")]:
                del table[name]
        return 200, {}

    def _create(self) -> Answer:
        job = self._body
        tasks = [t.get("for_each_task", {}).get("task", t) for t in job["tasks"]]
        paths = [t["notebook_task"]["notebook_path"].removeprefix("/Workspace") for t in tasks if "notebook_task" in t]
        for path in paths:
            if path not in self.notebooks:
                return _wrong(f"no notebook {path}")
        self.jobs[len(self.requests)] = job
        return 200, {"job_id": len(self.requests)}

    def _run_now(self) -> Answer:
        job, given = self.jobs[self._body["job_id"]], self._body["job_parameters"]
        if not given.keys() <= {p["name"] for p in job.get("parameters", ())} or not all(isinstance(v, str) for v in given.values()):
            return _wrong(f"job_parameters: {given}")
        number = 1000 * (len(self.runs) + 1)
        self.runs[number] = self.finish(job, {p["name"]: p["default"] for p in job.get("parameters", ())} | given)
        return 200, {"run_id": number, "number_in_job": number}

    def _get(self) -> Answer:
        number = int(self.requests[-1].query["run_id"])
        run = self.runs[number]
        self.looks[number] = self.looks.get(number, 0) + 1
        if self.looks[number] < 2:
            return 200, {"run_id": number, "state": {"life_cycle_state": "RUNNING", "state_message": ""}}
        tasks = [
            {"task_key": key, "run_id": number + i, "state": {"life_cycle_state": "TERMINATED", "result_state": word, "state_message": ""}}
            for i, (key, word) in enumerate(run.tasks.items(), 1)
        ]
        state = {"life_cycle_state": "TERMINATED", "result_state": run.result, "state_message": f"ended as {run.result}"}
        return 200, {"run_id": number, "state": state, "tasks": tasks}

    def _output(self) -> Answer:
        number, place = divmod(int(self.requests[-1].query["run_id"]), 1000)
        run = self.runs[1000 * number]
        key = list(run.tasks)[place - 1]
        found: Json = {"metadata": {"run_id": 1000 * number + place}}
        if key in run.exits:
            found["notebook_output"] = {"result": run.exits[key], "truncated": False}
        if key in run.errors:
            found |= {"error": run.errors[key], "error_trace": "Traceback …"}
        return 200, found


def _wrong(message: str, code: str = "INVALID_PARAMETER_VALUE", status: int = 400) -> Answer:
    return status, {"error_code": code, "message": message}


# --- a command ------------------------------------------------------------------------------------------------------------------------


def command(folder: Path, name: str, answers: Sequence[tuple[str, str]]) -> Path:
    """An executable that does what stands beside the first pattern (of the shell) that all of its words match; its calls stand in the file
    that this returns, a line of JSON each."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{name}.calls"
    lines = ["#!/bin/sh", f"printf '%s\\001' \"$@\" '\n' >> {shlex.quote(str(log))}"]
    lines += ['case "$*" in', *(f"{pattern.replace(' ', chr(92) + ' ')}) {action} ;;" for pattern, action in answers)]
    lines += ['*) echo "unknown: $*" >&2; exit 252 ;;', "esac"]
    script = folder / name
    script.write_text("\n".join(lines) + "\n", "utf-8")
    script.chmod(0o755)
    log.touch()
    return log


def calls(log: Path) -> list[list[str]]:
    return [call.split("\001")[:-1] for call in log.read_text("utf-8").split("\n\001")[:-1]]


def printing(content: Any) -> str:
    """The action that prints this as JSON."""
    return f"printf '%s\\n' {shlex.quote(json.dumps(content))}"
