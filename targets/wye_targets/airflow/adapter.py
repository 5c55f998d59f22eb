"""The task of an Airflow run and the XCom values of its inputs in, its own XCom value out; the step runs in a fresh interpreter.

This file travels as it is in `<pipeline>_steps/` and is loaded by path when a task runs, never when the DAG file is parsed.
It needs the standard library and Airflow's `Variable`. An XCom value is `{output: {"text": wire} | {"file": path}}`, or where the store is
an address `{"store": key, "name": …}`; what that names is written and read by a process of the runner's package, `store.json` says how.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import logging
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from datetime import timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

INLINE = 32 * 1024
"""Bytes of wire text up to which a value stands in the XCom itself; a longer one goes to the store."""

HERE = Path(__file__).parent

LOCAL_EXECUTORS = {"LocalExecutor", "SequentialExecutor", "DebugExecutor"}

log = logging.getLogger("airflow.task")


def run_step(steps: Path, store: str | None, context: Any, inputs: dict[str, Any]) -> Any:
    """Run the current task and return its XCom value; of the last task, `outputs`, the pipeline's return value.

    Tasks that only choose or count run here; what evaluates an expression or calls a step runs in a process of its own.
    """
    task = json.loads((steps / "tasks" / f"{context['ti'].task_id}.json").read_text("utf-8"))
    check_guards(task, context, inputs)
    if "watches" in task:
        context = {**context, "failure": failure_of(task, context)}
    if task["op"] == "join":
        return join(task, steps, store, context, inputs)
    if task["op"] in ("enter", "verdict"):
        return True
    values = {name: value_of(source, context, inputs) for name, source in task["inputs"].items()}
    made = execute(task, values, steps, store, context) if task["op"] not in ("branch", "items", "test") else {}
    if task["op"] == "test":
        return {"out": {"text": json.dumps(decision(task, values, made))}}
    if task.get("region") == "branch":
        return follow(task, decision(task, values, made), context)
    if task.get("region") == "items":
        return indices(task, made["out"] if made else values["over"], made, context)
    if task.get("returns"):
        out = made["out"]
        return f"{store}/{out['store']}/{out['name']}" if "store" in out else out.get("text") or Path(out["file"]).as_uri()
    return made


def execute(task: dict[str, Any], values: dict[str, Any], steps: Path, store: str | None, context: Any) -> dict[str, Any]:
    """Run the task's program in a fresh interpreter; its outputs, as they go into the XCom."""
    scratch = Path(tempfile.mkdtemp(prefix="wye-"))
    try:
        file, given, out = scratch / "task.json", scratch / "values.json", scratch / "out"
        gets: dict[tuple[str, str], str] = {}
        if is_address(store):
            values = {name: stores().localized(entry, str(scratch / "in"), gets) for name, entry in values.items()}
        if gets:
            transfer({"get": [[*output, place] for output, place in gets.items()]}, scratch)
        file.write_text(json.dumps({**task, "context": surroundings(context)}), "utf-8")
        given.write_text(json.dumps(values), "utf-8")
        program = steps / "programs" / (task.get("program") or "")
        env = {**os.environ, **secrets(task.get("secrets", []))}
        command = [
            interpreter(task.get("requirements", []), task.get("install", {}), program, env),
            str(steps / "wye_runtime" / "__main__.py"),
            "--task",
            str(file),
        ]
        command += ["--values", str(given), "--out", str(out), "--work", str(scratch / "work")]
        if task.get("program") or task["op"] == "island":
            command += ["--program", str(program)]
        code = run(command, env)
        if code or not (out / "done.json").exists():
            if task.get("tells"):
                context["ti"].xcom_push(key="error", value=error_of(out))
            raise RuntimeError(failure(out, code))
        key = stored(out, task, context, scratch) if is_address(store) else None
        return {o["name"]: publish(out, o, store, context, key) for o in task["outputs"]}
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


# --- branches, lists, joins -----------------------------------------------------------------------------------------------------------


def check_guards(task: dict[str, Any], context: Any, inputs: dict[str, Any]) -> None:
    """Skip this task where the block that it stands in is not entered. Most tasks are skipped by Airflow, with what they wait for."""
    for guard in task.get("guards", []):
        if "gate" in guard:
            key = "arm" if "is" in guard else "return_value"
            found = context["ti"].xcom_pull(task_ids=guard["gate"], key=key, map_indexes=-1)
            entered = found is not None if key == "return_value" else found == guard["is"]
        else:
            entered = present(guard["source"], inputs) and plain(value_of(guard["source"], context, inputs)) == guard["is"]
        if not entered:
            skip(task["id"])


def skip(task: str) -> None:
    try:
        from airflow.sdk.exceptions import AirflowSkipException
    except ImportError:  # Airflow 2 and 3.0
        from airflow.exceptions import AirflowSkipException
    raise AirflowSkipException(f"{task} stands in a branch that is not taken")


def failure_of(task: dict[str, Any], context: Any) -> dict[str, Any]:
    """What the step of `on_failure` is told, which skips itself when the run has not failed."""
    found = states(context)
    if not any(state in ("failed", "upstream_failed") for id in task["watches"] for _, state in found.get(id, ())):
        skip(task["id"])
    first = next(((id, index) for id in task["order"] for index, state in sorted(found.get(id, ())) if state == "failed"), None)
    told = {"run_id": context["run_id"], "pipeline": context["ti"].dag_id, "task_id": None, "error_type": None, "message": "the run failed"}
    if first is None:
        return told
    name = first[0] + (f"[{first[1]}]" if first[1] >= 0 else "")
    error = context["ti"].xcom_pull(task_ids=first[0], key="error", map_indexes=first[1]) or {}
    return {**told, "task_id": name, "message": f"the task {name} failed", **error}


def states(context: Any) -> dict[str, list[tuple[int, str]]]:
    """The states of the run's tasks: by id, those of its instances with their map indexes, -1 where there are none."""
    ti, found = context["ti"], dict[str, list[tuple[int, str]]]()
    if not hasattr(ti, "get_task_states"):  # Airflow 2
        for other in context["dag_run"].get_task_instances():
            found.setdefault(other.task_id, []).append((other.map_index, str(other.state)))
        return found
    for name, state in ti.get_task_states(dag_id=ti.dag_id, run_ids=[context["run_id"]]).get(context["run_id"], {}).items():
        id, _, index = name.rpartition("_")
        mapped = index.isdigit() and name not in context["dag"].task_dict
        found.setdefault(id if mapped else name, []).append((int(index) if mapped else -1, str(getattr(state, "value", state))))
    return found


def decision(task: dict[str, Any], values: dict[str, Any], made: dict[str, Any]) -> Any:
    """Which arm is taken: the truth of the one test, or of several the number of the first that is true."""
    if made:
        return plain(made["out"])
    tests = [truth(entry, task["id"]) for entry in values.values()]
    return tests[0] if len(tests) == 1 else [*tests, True].index(True)


def truth(entry: dict[str, Any], what: str) -> bool:
    found = plain(entry)
    if not isinstance(found, bool):
        raise TypeError(f"the condition of {what} is not a bool: {found!r}"[:200])
    return found


def follow(task: dict[str, Any], taken: Any, context: Any) -> list[str]:
    """The tasks that a branch starts. Airflow 3 does not keep what a branch returns: joins read its choice under a key of its own."""
    context["ti"].xcom_push(key="arm", value=taken)
    followed: list[str] = task["arms"][json.dumps(taken)]
    return followed


def indices(task: dict[str, Any], entry: dict[str, Any], made: dict[str, Any], context: Any) -> list[str]:
    """One text for each item of a list: what a mapped task, or group, expands over. A list that was made here is pushed beside it."""
    from airflow.configuration import conf

    count, limit = length(entry), conf.getint("core", "max_map_length", fallback=1024)
    if count > limit:
        raise ValueError(f"{task['id']}: a list of {count} items is longer than Airflow's limit, [core] max_map_length = {limit}")
    if made:
        context["ti"].xcom_push(key="over", value=made)
    return [str(i) for i in range(count)]


def length(entry: dict[str, Any]) -> int:
    if "list" in entry:
        return len(entry["list"])
    if "count" in entry:
        return int(entry["count"])
    if "file" in entry and os.path.isdir(entry["file"]):
        return len(os.listdir(entry["file"]))
    found = plain(entry)
    if not isinstance(found, list):
        raise TypeError(f"not a list: {found!r}"[:200])
    return len(found)


def join(task: dict[str, Any], steps: Path, store: str | None, context: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """The values of the arm that was taken, whatever stands in the other."""
    if "gate" in task:
        taken = context["ti"].xcom_pull(task_ids=task["gate"], key="arm", map_indexes=-1)
    else:
        taken = plain(value_of(task["inputs"]["condition"], context, inputs)) if present(task["inputs"]["condition"], inputs) else None
    if taken is None:
        skip(task["id"])
    made = {}
    for output in task["outputs"]:
        source = task["inputs"][output["arms"][json.dumps(taken)]]
        made[output["name"]] = settled(value_of(source, context, inputs), source, steps, store, context)
    return made


def settled(entry: dict[str, Any], source: dict[str, Any], steps: Path, store: str | None, context: Any) -> dict[str, Any]:
    """An entry that means the same to a reader of any type: a parameter of the run, or one item of a list, becomes wire text."""
    inner = entry.get("item", entry)
    if "file" in inner and (inner is entry or os.path.isdir(inner["file"])):
        return entry
    if "store" in inner and (inner is entry or "count" in inner):
        return entry
    if {"raw", "value"} & inner.keys():  # what that is in Python follows from the declared type
        port = {"name": "out", "type": source["type"], "format": "json"}
        task = {"wye": 1, "op": "compute", "id": context["ti"].task_id, "span": "", "inputs": {"value": source}}
        task |= {"value": {"input": "value"}, "type": source["type"], "outputs": [port], "program": None}
        return dict(execute(task, {"value": entry}, steps, store, context)["out"])
    return entry if inner is entry else {"text": wire(plain(entry))}


def wire(value: Any) -> str:
    """JSON text in ASCII in which no template engine finds anything to expand."""
    text = json.dumps(value, separators=(",", ":"))
    return re.sub(r'"(?:[^"\\]|\\.)*"', lambda m: re.sub(r"[{}$%<>&'`\x7f]", lambda c: f"\\u{ord(c[0]):04x}", m[0]), text)


def plain(entry: dict[str, Any]) -> Any:
    """The JSON value of an entry: a condition, or a list whose items nobody looks at."""
    if "list" in entry:
        return [plain(e) for e in entry["list"]]
    if "item" in entry:
        inner, index = entry["item"], int(entry["index"])
        if inner.get("format") == "json*" and "list" not in inner:  # each element stands by itself
            at = "name" if "store" in inner else "file"
            return plain({**inner, at: f"{inner[at]}/{index}.json", "format": "json"})
        return plain(inner)[index]
    if "value" in entry:
        return entry["value"]
    if "store" in entry:
        return json.loads(fetched(entry))
    return json.loads(entry["text"] if "text" in entry else entry["raw"] if "raw" in entry else Path(entry["file"]).read_text("ascii"))


# --- values ---------------------------------------------------------------------------------------------------------------------------


def value_of(source: dict[str, Any], context: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """Where the runner finds an input: in the XCom of the task that made it, or among the parameters of the run."""
    if "failure" in source:
        return {"text": wire(context["failure"])}
    if "text" in source:
        return {"text": source["text"]}
    if "item" in source:
        index, over = int(inputs[source["index"]]), source["item"]
        if over.get("each"):
            return dict(instances(inputs[over["argument"]])[index][over["output"]])
        return {"item": value_of(over, context, inputs), "index": index}
    if "repeat" in source:
        return {"list": [value_of(source["repeat"], context, inputs)] * len(inputs[source["items"]])}
    if "whole" in source:
        entry = value_of(source["whole"], context, inputs)
        one = "count" not in entry if "store" in entry else "file" in entry and not os.path.isdir(entry["file"])
        return {"format": "json", **entry} if one else entry
    if source.get("each"):
        return {"list": [made[source["output"]] for made in instances(inputs[source["argument"]])]}
    if "task" in source:
        return dict(inputs[source["argument"]][source["output"]])
    value = context["params"][source["param"]]
    if source["conf"] == "time" and value is None:
        value = scheduled_time(context)
    if source["conf"] == "native" and (source["type"] == "str" or not isinstance(value, str)):
        return {"value": int(value) if source["type"] == "int" else value}  # to JSON schema 3.0 is an integer
    return {"raw": value if isinstance(value, str) else json.dumps(value)}


def scheduled_time(context: Any) -> str:
    """The time for which the run is meant: when its schedule fired; of a run that was started by hand, its start, or what it was given."""
    run = context["dag_run"]
    kind = getattr(run.run_type, "value", run.run_type)
    names = ["logical_date", "run_after", "start_date"]  # Airflow 3 may start a run by hand without a logical date
    names[:0] = ["data_interval_end"] if kind != "manual" else []
    found = next(time for name in names if (time := getattr(run, name, None)) is not None)
    return str(found.astimezone(timezone.utc).isoformat())  # noqa: UP017 - Python 3.9


def surroundings(context: Any) -> dict[str, Any]:
    """What `wye.context()` says in a step."""
    ti = context["ti"]
    index = getattr(ti, "map_index", -1)
    task = ti.task_id + (f"[{index}]" if index is not None and index >= 0 else "")
    found = {"run_id": context["run_id"], "attempt": ti.try_number, "scheduled_time": scheduled_time(context), "task_id": task}
    return {**found, "pipeline": ti.dag_id}


def instances(given: Any) -> Any:
    """The XComs of a mapped task: none when it mapped over nothing; of one instance of a group, Airflow 3 gives just that."""
    return [] if given is None else [given] if isinstance(given, dict) else given


def present(source: dict[str, Any], inputs: dict[str, Any]) -> bool:
    """Whether the task that makes the value ran."""
    inner = source.get("item") or source
    return "argument" not in inner or inputs[inner["argument"]] is not None


def short(out: Path, output: dict[str, Any]) -> dict[str, Any] | None:
    """An output as wire text in the XCom value, where it is so short."""
    made = made_by(out, output)
    if output["format"] == "json" and made.stat().st_size <= INLINE:
        return {"text": made.read_text("ascii")}
    if output["format"] == "json*":
        texts = [f.read_text("ascii") for f in sorted(made.iterdir(), key=lambda f: int(f.stem))]
        if sum(map(len, texts)) <= INLINE:
            return {"list": [{"text": text} for text in texts]}
    return None


def made_by(out: Path, output: dict[str, Any]) -> Path:
    return Path(out, output["name"] + (".json" if output["format"] == "json" else ""))


def publish(out: Path, output: dict[str, Any], store: str | None, context: Any, key: str | None = None) -> dict[str, Any]:
    """One output's place in the XCom value: short wire text itself, everything else moved to the store. `key`: where in the store all
    outputs of the task are already."""
    inline = short(out, output)
    if inline is not None:
        return inline
    made, ti = made_by(out, output), context["ti"]
    listed = {"format": output["format"]} if output["format"][-1:] == "*" else {}
    if key:
        return {"store": key, "name": made.name, **listed, **({"count": len(os.listdir(made))} if listed else {})}
    mapped = [str(ti.map_index)] if getattr(ti, "map_index", -1) >= 0 else []
    folder = Path(store_folder(store), ti.dag_id, safe(ti.run_id), ti.task_id, *mapped, str(ti.try_number))
    target = folder / made.name
    with contextlib.suppress(FileNotFoundError):  # left by an attempt of the same number that was lost
        shutil.rmtree(target) if target.is_dir() else target.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.move(str(made), str(target))
    return {"file": str(target), **listed}


# --- a store by its address -----------------------------------------------------------------------------------------------------------


def is_address(store: str | None) -> bool:
    return "://" in (store or os.environ.get("WYE_STORE") or "")


def stores() -> Any:
    """The runner's own module for it, by path: the runner's package is imported by no worker."""
    return SimpleNamespace(**runpy.run_path(str(HERE / "wye_runtime" / "store.py")))


def stored(out: Path, task: dict[str, Any], context: Any, scratch: Path) -> str | None:
    """Put all outputs in the store, below a key of this attempt's own, unless all of them are short."""
    if all(short(out, output) is not None for output in task["outputs"]):
        return None
    ti = context["ti"]
    mapped = [str(ti.map_index)] if getattr(ti, "map_index", -1) >= 0 else []
    attempt = f"{ti.try_number}-{uuid.uuid4().hex[:8]}"
    key = str(stores().key_of(ti.dag_id, safe(ti.run_id), "tasks", ti.task_id, *mapped, attempt))
    transfer({"put": [[str(out), key]]}, scratch)
    return key


def transfer(job: dict[str, Any], scratch: Path) -> None:
    """Write or read the store in a process of its own: of the worker's Python where that has the driver, else of an environment."""
    try:
        spec = json.loads((HERE / "store.json").read_text("utf-8"))
    except FileNotFoundError:
        raise RuntimeError("WYE_STORE is an address: name it in the stack, `store`, and compile the pipeline again") from None
    file, problem = scratch / "transfer.json", scratch / "problem.txt"
    file.write_text(json.dumps({**job, "store": spec, "error": str(problem)}), "utf-8")
    env = dict(os.environ)
    there = all(importlib.util.find_spec(name) for name in ("fsspec", spec["driver"]))
    python = sys.executable if there else interpreter(spec["packages"], spec.get("install", {}), scratch, env)
    code = run([python, "-B", str(HERE / "wye_runtime" / "__main__.py"), "store", str(file)], env)
    if code:
        said = problem.read_text("utf-8") if problem.exists() else f"the process that writes and reads {spec['url']} ended with {code}"
        raise RuntimeError(said)


def fetched(entry: dict[str, Any]) -> str:
    """The text of a long value."""
    with tempfile.TemporaryDirectory(prefix="wye-") as scratch:
        place = Path(scratch, "text")
        transfer({"get": [[entry["store"], entry["name"], str(place)]]}, Path(scratch))
        return place.read_text("ascii")


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
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: Any) -> None:  # Airflow 3 goes on after SIGTERM; Airflow 2 raises in its own handler
        end(child, signal.SIGTERM)
        if callable(before):
            before(number, frame)

    if main:
        signal.signal(signal.SIGTERM, stop)
    reader.start()  # after that: who sees a line may stop the task
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


def error_of(out: Path) -> dict[str, Any]:
    """What a failed step says of itself, for the step of `on_failure`; nothing where it was killed."""
    try:
        error = json.loads((out / "error.json").read_text("utf-8"))
        return {"error_type": next(iter(error["type"]), None), "message": str(error["message"])[:2000]}
    except (OSError, ValueError, LookupError):
        return {}


def failure(out: Path, code: int) -> str:
    try:
        error = json.loads((out / "error.json").read_text("utf-8"))
        return ": ".join([*error["type"][:1], error["message"]])[:2000]
    except (OSError, ValueError, LookupError):
        return f"the step's process ended with exit code {code} and left no result"


def installing(how: dict[str, Any], wheels: Path, folder: Path, env: dict[str, str], uv: bool) -> tuple[list[str], dict[str, str]]:
    """The options and the environment of an installation. What the environment says, with its credentials, goes before the stack file."""
    env, options = dict(env), []
    names = {"index": ("PIP_INDEX_URL", "UV_INDEX_URL"), "extra": ("PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL"), "proxy": ("PIP_PROXY",)}
    for key, (name, *others) in names.items():
        if key in how:
            env.setdefault(name, how[key] if isinstance(how[key], str) else " ".join(how[key]))
        for other in others if name in env else ():
            env.setdefault(other, env[name])
    if "PIP_PROXY" in env:
        env.setdefault("HTTPS_PROXY", env["PIP_PROXY"])
        env.setdefault("HTTP_PROXY", env["PIP_PROXY"])
    for key in ("lock", "cert"):
        if key in how:
            file = folder.with_suffix(f".{key}.txt")
            file.write_text(how[key], "utf-8")
            options += {"lock": ["--require-hashes", "-r"] if how.get("hashes") else ["-c"], "cert": ["--cert"]}[key] + [str(file)]
    if "cert" in how and uv:
        env.setdefault("SSL_CERT_FILE", options[-1])
        options = options[:-2]
    return [*options, *(["--find-links", str(wheels)] if wheels.is_dir() else [])], env


def interpreter(packages: list[str], how: dict[str, Any], program: Path, env: dict[str, str]) -> str:
    """The worker's own Python, or that of a virtual environment with the packages: made once per worker, under a lock, and kept."""
    if not packages:
        return sys.executable
    wheels = program / ".wheels"
    stock = [f"{w.name} {hashlib.sha256(w.read_bytes()).hexdigest()}" for w in sorted(wheels.glob("*.whl"))]
    what = [sys.executable, sys.version, *packages, *([json.dumps(how, sort_keys=True)] if how else []), *stock]
    key = hashlib.sha256("\n".join(what).encode()).hexdigest()[:16]
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
            options, env = installing(how, wheels, folder, env, bool(uv))
            for command in (make, [*install, *options, *([] if how.get("hashes") else packages)]):
                if code := run(command, env):
                    raise RuntimeError(f"cannot install {' '.join(packages)}: `{' '.join(command[:3])}` ended with exit code {code}")
            ready.touch()
    return python
