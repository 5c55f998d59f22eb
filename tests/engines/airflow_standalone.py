"""An Airflow 3, as `airflow standalone` starts it: a DAG folder in, its REST API out; nothing of it is left when it is stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

START, RUN, STOP = 300, 300, 10
"""Seconds until a step is given up: many times what it takes, for a machine on which everything else runs too."""


class Airflow:
    """Scheduler, DAG processor, triggerer and API server on free ports, SQLite, all of one session."""

    def __init__(self, python: Path, home: Path, dags: Path) -> None:
        self.home, self.log = home, home / "standalone.log"
        self.url = f"http://127.0.0.1:{_free_port()}"
        self._token = ""
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [python.with_name("airflow"), "standalone"],
                env=_environment(python, home, dags, self.url),
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request of the REST API. HTTPError when it is refused."""
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {self._token}"} if self._token else {})}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def wait(self, what: str, ask: Callable[[], Any], seconds: float) -> Any:
        """What `ask` gives, as soon as it gives something; until the server answers, that may be an error."""
        end = time.monotonic() + seconds
        while True:
            if self._process.poll() is not None:
                raise AssertionError(f"Airflow has ended while it was asked for {what}:\n{self.tail()}")
            try:
                if found := ask():
                    return found
            except (OSError, urllib.error.URLError) as error:
                if isinstance(error, urllib.error.HTTPError) and error.code not in (404, 429, 500, 502, 503, 504):
                    raise
            if time.monotonic() > end:
                raise AssertionError(f"no {what} within {seconds} s:\n{self.tail()}")
            time.sleep(0.5)

    def sign_in(self) -> None:
        self._token = self.wait("token", lambda: self.call("GET", "/auth/token")["access_token"], START)

    def run(self, dag: str, conf: dict[str, Any]) -> dict[str, Any]:
        """Trigger the DAG as its page does, and wait until the run is over: its state, and the states of its tasks."""
        runs = f"/api/v2/dags/{dag}/dagRuns"
        run = self.call("POST", runs, {"logical_date": None, "conf": conf})
        place = f"{runs}/{run['dag_run_id']}"
        done = self.wait(f"end of {dag} {conf}", lambda: _over(self.call("GET", place)), RUN)
        tasks = self.call("GET", f"{place}/taskInstances?limit=1000")["task_instances"]
        states = {(t["task_id"], t["map_index"]): t["state"] for t in tasks}
        logs = "\n".join(self.log_of(place, t) for t in tasks if t["state"] == "failed")
        return {"state": done["state"], "tasks": states, "place": place, "logs": logs}

    def log_of(self, run: str, task: dict[str, Any]) -> str:
        """What the last attempt of a task said."""
        found = self.call("GET", f"{run}/taskInstances/{task['task_id']}/logs/{task['try_number']}?map_index={task['map_index']}")
        return "\n".join(json.dumps(line) for line in found["content"])

    def outputs(self, run: dict[str, Any]) -> Any:
        """The pipeline's value: the XCom of the task `outputs`, JSON as text."""
        return json.loads(self.call("GET", f"{run['place']}/taskInstances/outputs/xcomEntries/return_value")["value"])

    def tail(self) -> str:
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-40:])

    def stop(self) -> None:
        """The parent alone leaves orphans: every process of its session ends, politely at first."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            end = time.monotonic() + STOP
            for pid in _session(self._process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            while _session(self._process.pid) and time.monotonic() < end:
                time.sleep(0.2)
        self._process.wait()


def _over(run: dict[str, Any]) -> dict[str, Any] | None:
    return run if run["state"] in ("success", "failed") else None


def _session(leader: int) -> list[int]:
    """The processes of the session, without those that have ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(session) == leader and state != "Z":
            found.append(int(folder.name))
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(python: Path, home: Path, dags: Path, url: str) -> dict[str, str]:
    """As small as it goes on two cores, and on SQLite, which many runs at a time would lock."""
    port = url.rpartition(":")[2]
    settings = {
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db?timeout=60",  # seconds for which a lock is waited for
        "WORKERS__EXECUTION_API_TIMEOUT": "60",
        "CORE__DAGBAG_IMPORT_TIMEOUT": "120",
        "DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "180",
        "CORE__DAGS_FOLDER": str(dags),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__PARALLELISM": "3",
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "API__HOST": "127.0.0.1",
        "API__PORT": port,
        "API__BASE_URL": url,
        "API__WORKERS": "1",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "LOGGING__WORKER_LOG_SERVER_PORT": str(_free_port()),
        "LOGGING__TRIGGER_LOG_SERVER_PORT": str(_free_port()),
        "TRIGGERER__DEFAULT_CAPACITY": "10",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV") and not k.startswith(("AIRFLOW", "WYE"))}
    path = f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {
        **kept,
        "PATH": path,
        "AIRFLOW_HOME": str(home),
        "PYTHONWARNINGS": "ignore",
        **{f"AIRFLOW__{k}": v for k, v in settings.items()},
    }
