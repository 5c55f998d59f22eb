"""Runs one task in a Kubeflow container: the executor input and the container's arguments in, the files that KFP collects out.

Embedded in every executor; standard library only, Python 3.9 to 3.14.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from typing import Any

VALUE_LIMIT = 120000  # the executor input, with every value in it, is one argument: at most 131,071 bytes
FILES = "files:"  # begins the argument that is many files in one
PACKED_FROM = 16384  # a value from this size on is compressed, so that a task may have several
PACKED = "zlib:"  # no wire text begins so
EXACT = 2**53 - 1  # a number of KFP's is a double: from 2**53 on, it may be another number than the one that was given
MOUNTS = (("gs://", "/gcs/"), ("minio://", "/minio/"), ("s3://", "/s3/"))  # where the launcher puts artifacts
SECRETS = "/wye/secrets/"
DISK = "/wye/disk"
FOLDERS = ".wye-folders.json"  # an object store keeps no empty folder: their names travel in this file
SCHEDULED = "scheduled"  # the default of a parameter that is the time for which the run is meant
STATUS = "wye-final-status"  # what became of the whole, for the step that runs when a run has failed
SUCCEEDED = ("CACHED", "COMPLETE", "SUCCEEDED")  # a state that is none of these may be that of a pod that was killed
RUN_ID, RUN_TIME, TASK_ID = "wye-run-id", "wye-run-time", "wye-task-id"  # inputs that the service fills in
NOTHING = ".wye-nothing"  # a folder with this file alone is what a task gives that a loop without items had: no artifact
ITEMS_LIMIT = 1000000  # the items of a list: no task gets them all, they are rows of the service's data base


class Refused(Exception):
    """The task cannot be run, or its result cannot be handed on; `code` is the exit code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def main(arguments: list[str], folder: str) -> int:
    """`arguments`: the executor input, the task, the program's files. `folder` holds the unpacked runtime."""
    try:
        return run(json.loads(arguments[0], parse_int=integer), *unpack(arguments[1:], os.path.join(folder, "program")), folder)
    except Refused as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code


def run(executor: Any, task: dict[str, Any], program: str | None, folder: str) -> int:
    given = executor.get("inputs", {})
    parameters = given.get("parameterValues", {})
    task.update(json.loads(parameters.get("wye-call", "{}")))
    home = task.pop("home", folder)  # where an image that was built for this pipeline has the runner and the programs
    if home != folder:
        sys.path.insert(1, home)
        program = os.path.join(home, "programs", task.get("program") or "")
        program = program if task["op"] == "island" or task.get("program") else None
    if "context" in task:
        task["context"] = surroundings(task["context"], parameters)
    scratch = DISK if os.path.isdir(DISK) else folder
    out = os.path.join(scratch, "out")
    if STATUS in parameters and parameters[STATUS].get("state") in SUCCEEDED:
        print("the run has not failed: nothing to do")
        publish(task, executor["outputs"], None)
        return 0
    if any(parameters[name] == "" for name in task.get("guards", ())):
        publish(task, executor["outputs"], None)  # an empty list has one iteration, in which nothing is done
        return 0
    values = {name: entry(name, source, parameters, given.get("artifacts", {})) for name, source in task["inputs"].items()}
    if task["op"] == "pass":
        hand_on(task, values, out)
        publish(task, executor["outputs"], out)
        return 0
    command = [sys.executable, os.path.join(home, "wye_runtime", "__main__.py"), "--out", out, "--work", os.path.join(scratch, "work")]
    for name, content in (("task", task), ("values", values)):
        path = os.path.join(folder, name + ".json")
        with open(path, "w") as file:
            json.dump(content, file)
        command += ["--" + name, path]
    if program:
        command += ["--program", program]
    code = subprocess.call(command, env=dict(os.environ, **secrets(task)))
    if code == 0:
        publish(task, executor["outputs"], out)
    return code if code >= 0 else 128 - code


def surroundings(context: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """What `wye.context()` says. A retry of the service's tells its number."""
    attempt = int(os.environ.get("KFP_RETRY_INDEX") or 0) + 1
    found = {"run_id": parameters[RUN_ID], "attempt": attempt, "task_id": parameters[TASK_ID]}
    return {**context, **found, "scheduled_time": run_time(parameters) or None}


def run_time(parameters: dict[str, Any]) -> str:
    """The time for which the run is meant; empty where the service does not know that placeholder."""
    text = str(parameters[RUN_TIME])
    return "" if text.startswith("{{") else re.sub("Z$", "+00:00", text)


def entry(name: str, source: dict[str, Any], parameters: dict[str, Any], artifacts: dict[str, Any]) -> dict[str, Any]:
    """A value as the runner takes it."""
    how = source["as"]
    if how == "failure":
        from wye_runtime.values import wire  # type: ignore[import-not-found]  # it is in the container

        message = parameters[STATUS].get("error", {}).get("message") or "a task of the run failed"
        told = {"run_id": parameters[RUN_ID], "pipeline": source["pipeline"], "task_id": None, "error_type": None, "message": message}
        return {"text": wire(told)}
    if how == "list":
        return {"list": [{"text": unpacked(text)} for text in parameters[name] if text]}
    if how == "time" and parameters[name] == SCHEDULED:
        time = run_time(parameters)
        if not time:
            raise Refused(
                2, f"this service does not tell the time for which a run is meant (Kubeflow Pipelines does since 2.17): give {name!r}"
            )
        return {"raw": time}
    if how == "time":
        return {"raw": parameters[name]}
    if how not in ("file", "files"):
        return {how: arrived(name, parameters[name], source)}
    found = [{"file": restore(local_path(a))} for a in artifacts[name]["artifacts"]]
    real = [e for e in found if not os.path.exists(os.path.join(e["file"], NOTHING))]
    if "index" not in source:
        return {"list": real} if how == "files" else found[0]
    index = int(parameters[source["index"]])
    return real[index] if how == "files" else {"item": dict(found[0], format=source["format"] + "*"), "index": index}


def hand_on(task: dict[str, Any], values: dict[str, Any], out: str) -> None:
    """The adapter's own task: hand on a value, or the items of a list, as the runner would have left an output in `out`."""
    os.makedirs(out)
    given = values.get("value") or {"text": task.get("text") or ""}
    place = given.get("file")
    if "item" in given:
        base = os.path.join(given["item"]["file"], str(given["index"]))
        place = base if os.path.exists(base) else base + ".json"
    text = wired(given, task["inputs"].get("value", {})) if place is None and "list" not in given else None
    for port in task.get("items", ()):
        if text is None:  # artifacts: their numbers
            number = len(given["list"]) if "list" in given else sum(n.partition(".")[0].isdigit() for n in os.listdir(str(place)))
            text = json.dumps(list(range(number)))
        write(os.path.join(out, port + ".json"), text)
    for port in task["outputs"]:
        target = os.path.join(out, port["name"] + ".json" * (port["format"] == "json"))
        if text is not None:
            write(target, text)
        else:
            copy(str(place), target)


def wired(given: dict[str, Any], source: dict[str, Any]) -> str:
    """The wire text of a value."""
    if "text" in given:
        return str(given["text"])
    from wye_runtime.types import from_json  # type: ignore[import-not-found]  # it is in the container
    from wye_runtime.values import encode, normalise, parse_argument

    t = from_json(source["type"])
    return str(encode(parse_argument(given["raw"], t) if "raw" in given else normalise(given["value"], t), t))


def unpack(arguments: list[str], folder: str) -> tuple[dict[str, Any], str | None]:
    """The task, and the folder where the program's files now are. Each argument was made by `emit.quote`."""
    parts: list[str] = []
    for argument in arguments:
        text = os.fsencode(argument).decode("utf-8")  # whatever the locale
        if text[:1] == "+":
            parts[-1] += text[1:]
        else:
            parts.append(text)
    parts = [re.sub("\u241f(\\.?)", lambda m: "\u241f" if m[1] else "", part) for part in parts]
    for part in parts[1:]:
        for name, data in files(part):
            path = os.path.join(folder, *name.split("/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)
    return json.loads(parts[0]), folder if parts[1:] else None


def files(part: str) -> list[tuple[str, bytes]]:
    """A module below a line with its name, or many files: a line with their names and sizes, then what stands in them."""
    if not part.startswith(FILES):
        header, _, text = part.partition("\n")
        return [(header[2:], text.encode("utf-8"))]
    listing, _, rest = zlib.decompress(base64.b64decode(part[len(FILES) :])).partition(b"\n")
    found, at = [], 0
    for name, size in json.loads(listing):
        found.append((name, rest[at : at + size]))
        at += size
    return found


def integer(text: str) -> float:
    return -0.0 if text == "-0" else int(text)  # the launcher writes -0.0 as -0


def arrived(name: str, value: Any, source: dict[str, Any]) -> Any:
    """A value as it was before KFP carried it, all of whose numbers are doubles."""
    if source["as"] == "text":
        if value == "":  # the service's word for what there is not
            raise Refused(2, f"the input {name!r} has no value")
        return unpacked(value)
    if source["as"] == "raw" and value is None:
        return "null"
    kind = source["type"] if source["as"] == "value" else None
    if kind == "int" and isinstance(value, float) and value.is_integer():
        value = int(value)
    if kind == "int" and isinstance(value, int) and abs(value) > EXACT:
        raise Refused(2, f"parameter {name!r}: Kubeflow carries integers up to 2**53 - 1 exactly")
    return value


def local_path(artifact: dict[str, Any]) -> str:
    """Where the launcher has put an artifact, or takes it from: the rule of `kfp.dsl.Artifact.path`."""
    path: str = artifact.get("customPath") or artifact["uri"]
    for scheme, mount in MOUNTS:
        if path.startswith(scheme):
            path = mount + path[len(scheme) :]
    if artifact.get("metadata", {}).get("_kfp_workspace") is True:
        path = os.path.join("/kfp-workspace/.artifacts", path.lstrip("/"))
    return path


def secrets(task: dict[str, Any]) -> dict[str, str]:
    """Variables of secrets that are mounted as folders because nobody named the entry: it must be the only one."""
    found = {}
    for secret in task.get("secrets", ()):
        folder = SECRETS + secret["env"]
        if os.path.isdir(folder):
            entries = [e for e in os.listdir(folder) if not e.startswith("..")]
            if len(entries) != 1:
                names = ", ".join(sorted(entries))
                raise Refused(2, f"secret {secret['name']!r} has the entries {names}: say which, key=…")
            with open(os.path.join(folder, entries[0]), "rb") as file:
                found[secret["env"]] = os.fsdecode(file.read())
    return found


def restore(path: str) -> str:
    listing = os.path.join(path, FOLDERS)
    if os.path.isfile(listing):
        with open(listing) as file:
            for name in json.load(file):
                if not os.path.isdir(os.path.join(path, name)):
                    os.makedirs(os.path.join(path, name))
    return path


def publish(task: dict[str, Any], outputs: dict[str, Any], out: str | None) -> None:
    """Hand the runner's outputs to KFP; or, without any, what stands for nothing. Every parameter is checked before anything is written."""
    ports = task["outputs"]
    found: dict[str, Any] = {}
    for port in ports:
        if port["format"] == "json":
            found[port["key"]] = packed(read(os.path.join(out, port["name"] + ".json"))) if out else ""
            bounded(port["name"], found[port["key"]], VALUE_LIMIT)
        elif port["format"] == "json*":
            folder = os.path.join(out or "", port["name"])
            texts = [packed(read(os.path.join(folder, f"{i}.json"))) for i in range(len(os.listdir(folder)))] if out else []
            found[port["key"]] = bounded(port["name"], texts or [""], VALUE_LIMIT)
    for name, keys in task.get("items", {}).items():
        texts = listed(read(os.path.join(out, name + ".json"))) if out else []
        for key, filled in keys.items():
            found[key] = bounded(name, texts or [""] * filled, ITEMS_LIMIT)
    for name, wanted in task.get("numbers", {}).items():
        for key, high in wanted.items():
            found[key] = number(read(os.path.join(out, name + ".json")), high) if out else 0
    made = {}
    for port in ports:
        if not port["format"].startswith("json"):
            artifact = outputs["artifacts"][port["key"]]["artifacts"][0]
            if out:
                copy(os.path.join(out, port["name"]), local_path(artifact))
            else:
                write(os.path.join(local_path(artifact), NOTHING), "")
            made[port["key"]] = {"artifacts": [{"name": artifact.get("name", ""), "uri": artifact["uri"], "metadata": {}}]}
    for key, value in found.items():
        write(outputs["parameters"][key]["outputFile"], value if isinstance(value, str) else json.dumps(value))
    if made:
        write(outputs["outputFile"], json.dumps({"artifacts": made}))


def bounded(name: str, value: Any, limit: int) -> Any:
    size = len(json.dumps(value))
    if size > limit:
        raise Refused(3, f"output {name!r} takes {size} bytes, a Kubeflow parameter {limit} at most: return an artifact instead")
    return value


def listed(text: str) -> list[str]:
    """The items of a list, each as a text of its own."""
    from wye_runtime.values import wire

    return [packed(wire(item)) for item in json.loads(text)]


def number(text: str, high: bool) -> Any:
    """A number as a double can hold it, which a condition compares with constants that are smaller; `high`: NaN is the highest."""
    value = json.loads(text)
    if isinstance(value, int):
        return max(-EXACT - 1, min(value, EXACT + 1))
    value = float(value["$float"] if isinstance(value, dict) else value)
    most = sys.float_info.max
    return (most if high else -most) if value != value else max(-most, min(value, most))


def packed(text: str) -> str:
    return PACKED + base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii") if len(text) >= PACKED_FROM else text


def unpacked(text: str) -> str:
    return zlib.decompress(base64.b64decode(text[len(PACKED) :])).decode("ascii") if text.startswith(PACKED) else text


def copy(source: str, target: str) -> None:
    if os.path.isdir(target):
        shutil.rmtree(target)  # what an earlier attempt left
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if not os.path.isdir(source):
        shutil.copyfile(source, target)
        return
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    empty = [os.path.relpath(place, source) for place, folders, files in os.walk(source) if not folders and not files]
    if empty:
        write(os.path.join(target, FOLDERS), json.dumps(sorted(empty)))


def read(path: str) -> str:
    with open(path) as file:
        return file.read()


def write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
