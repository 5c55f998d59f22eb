"""The task of an Airflow run and the XCom values of its inputs in, its own XCom value out; the step runs in a fresh interpreter.

This file travels as it is in `<pipeline>_steps/` and is loaded by path when a task runs, never when the DAG file is parsed.
It needs the standard library and Airflow's `Variable`. An XCom value is `{output: {"text": wire} | {"file": path}}`.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

INLINE = 32 * 1024
"""Bytes of wire text up to which a value stands in the XCom itself; a longer one goes to the store."""

LOCAL_EXECUTORS = {"LocalExecutor", "SequentialExecutor", "DebugExecutor"}

log = logging.getLogger("airflow.task")


def run_step(steps: Path, store: str | None, context: Any, inputs: dict[str, Any]) -> Any:
    """Run the task's program and return its XCom value; of the last task, `outputs`, the pipeline's return value."""
    file = steps / "tasks" / f"{context['ti'].task_id}.json"
    task = json.loads(file.read_text("utf-8"))
    scratch = Path(tempfile.mkdtemp(prefix="wye-"))
    try:
        values, out = scratch / "values.json", scratch / "out"
        found = {name: value_of(source, context, inputs) for name, source in task["inputs"].items()}
        values.write_text(json.dumps(found), "utf-8")
        command = [interpreter(task.get("requirements", [])), str(steps / "wye_runtime" / "__main__.py"), "--task", str(file)]
        command += ["--values", str(values), "--out", str(out), "--work", str(scratch / "work")]
        if task.get("program"):
            command += ["--program", str(steps / "programs" / task["program"])]
        code = run(command, {**os.environ, **secrets(task.get("secrets", []))})
        if code or not (out / "done.json").exists():
            raise RuntimeError(failure(out, code))
        made = {o["name"]: publish(out, o, store, context) for o in task["outputs"]}
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if task.get("returns"):
        return made["out"].get("text") or Path(made["out"]["file"]).as_uri()
    return made


def value_of(source: dict[str, Any], context: Any, inputs: dict[str, Any]) -> Any:
    """Where the runner finds an input: in the XCom of the task that made it, or among the parameters of the run."""
    if "task" in source:
        return inputs[source["argument"]][source["output"]]
    value = context["params"][source["param"]]
    if source["conf"] == "native" and (source["type"] == "str" or not isinstance(value, str)):
        return {"value": int(value) if source["type"] == "int" else value}  # to JSON schema 3.0 is an integer
    return {"raw": value if isinstance(value, str) else json.dumps(value)}


def publish(out: Path, output: dict[str, Any], store: str | None, context: Any) -> dict[str, str]:
    """One output's place in the XCom value: short wire text itself, everything else moved to the store."""
    made = out / (output["name"] + (".json" if output["format"] == "json" else ""))
    if output["format"] == "json" and made.stat().st_size <= INLINE:
        return {"text": made.read_text("ascii")}
    ti = context["ti"]
    folder = Path(store_folder(store), ti.dag_id, safe(ti.run_id), ti.task_id, str(ti.try_number))
    target = folder / made.name
    with contextlib.suppress(FileNotFoundError):  # left by an attempt of the same number that was lost
        shutil.rmtree(target) if target.is_dir() else target.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.move(str(made), str(target))
    return {"file": str(target)}


def safe(run_id: str) -> str:
    """A run id as a folder's name: readable, and as unique as the id."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", run_id)[:100] + "-" + hashlib.sha256(run_id.encode()).hexdigest()[:8]


def store_folder(store: str | None) -> str:
    """The store of the stack, else `$WYE_STORE`, else a folder that all tasks see because the executor is a local one."""
    chosen = store or os.environ.get("WYE_STORE")
    if chosen:
        return os.path.abspath(os.path.expanduser(chosen))
    from airflow.configuration import conf

    executors = {e.split(":")[-1].split(".")[-1].strip() for e in conf.get("core", "executor").split(",")}
    if executors <= LOCAL_EXECUTORS:
        return str(home() / "artifacts")
    raise RuntimeError(
        f"no store for artifacts: the tasks of {', '.join(sorted(executors))} share no folder; "
        "set `store` in the stack's options, or the variable WYE_STORE on every worker, to a folder that all workers mount"
    )


def home() -> Path:
    return Path(os.path.abspath(os.path.expanduser(os.environ.get("AIRFLOW_HOME") or "~/airflow")), "wye")


def secrets(wanted: list[dict[str, Any]]) -> dict[str, str]:
    """The secrets that a step names, from Airflow's Variables (or the secrets back end behind them), masked in the logs."""
    if not wanted:
        return {}
    try:
        from airflow.sdk import Variable
        from airflow.sdk.log import mask_secret
    except ImportError:  # Airflow 2
        from airflow.models import Variable
        from airflow.utils.log.secrets_masker import mask_secret
    found = {}
    for secret in wanted:
        value = Variable.get(secret["name"])
        if secret.get("key"):
            value = json.loads(value)[secret["key"]]
        found[secret["env"]] = str(value)
        mask_secret(str(value))
    return found


def run(command: list[str], env: dict[str, str]) -> int:
    """Run the command in a session of its own, its lines in the task's log. It never outlives the task, whatever ends that."""
    pipe = subprocess.PIPE
    child = subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=tied()
    )
    reader = threading.Thread(target=copy_lines, args=(child.stdout,), daemon=True)
    reader.start()
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: Any) -> None:  # Airflow 3 goes on after SIGTERM; Airflow 2 raises in its own handler
        end(child, signal.SIGTERM)
        if callable(before):
            before(number, frame)

    if main:
        signal.signal(signal.SIGTERM, stop)
    try:
        return child.wait()
    finally:
        if child.poll() is None:
            end(child, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(15)  # the runner gives a step ten seconds
        end(child, signal.SIGKILL)
        reader.join(5)
        if main:
            signal.signal(signal.SIGTERM, before)


def tied() -> Any:
    """On Linux a child is told when its parent is gone, even if that was killed outright."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    libc, death_signal = ctypes.CDLL(None), 1  # PR_SET_PDEATHSIG
    return lambda: libc.prctl(death_signal, signal.SIGTERM)


def end(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def copy_lines(stream: Any) -> None:
    for line in stream:
        log.info("%s", line.decode("utf-8", "replace").rstrip("\r\n"))


def failure(out: Path, code: int) -> str:
    try:
        error = json.loads((out / "error.json").read_text("utf-8"))
        return ": ".join([*error["type"][:1], error["message"]])[:2000]
    except (OSError, ValueError, LookupError):
        return f"the step's process ended with exit code {code} and left no result"


def interpreter(packages: list[str]) -> str:
    """The worker's own Python, or that of a virtual environment with the packages: made once per worker, under a lock, and kept."""
    if not packages:
        return sys.executable
    key = hashlib.sha256("\n".join([sys.executable, sys.version, *packages]).encode()).hexdigest()[:16]
    folder = home() / "environments" / key
    python, ready = str(folder / "bin" / "python"), folder / "ready"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)
            uv = shutil.which("uv")
            make = [uv, "venv", "--python", sys.executable, str(folder)] if uv else [sys.executable, "-m", "venv", str(folder)]
            install = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
            for command in (make, [*install, *packages]):
                if code := run(command, dict(os.environ)):
                    raise RuntimeError(f"cannot install {' '.join(packages)}: `{' '.join(command[:3])}` ended with exit code {code}")
            ready.touch()
    return python
