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
PACKED_FROM = 16384  # a value from this size on is compressed, so that a task may have several
PACKED = "zlib:"  # no wire text begins so
EXACT = 2**53 - 1  # a number of KFP's is a double: from 2**53 on, it may be another number than the one that was given
MOUNTS = (("gs://", "/gcs/"), ("minio://", "/minio/"), ("s3://", "/s3/"))  # where the launcher puts artifacts
SECRETS = "/wye/secrets/"
DISK = "/wye/disk"
FOLDERS = ".wye-folders.json"  # an object store keeps no empty folder: their names travel in this file


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
    values = {}
    for name, source in task["inputs"].items():
        if source["as"] == "file":
            values[name] = {"file": restore(local_path(given["artifacts"][name]["artifacts"][0]))}
        else:
            values[name] = {source["as"]: arrived(name, parameters[name], source)}
    scratch = DISK if os.path.isdir(DISK) else folder
    out = os.path.join(scratch, "out")
    command = [sys.executable, os.path.join(folder, "wye_runtime", "__main__.py"), "--out", out, "--work", os.path.join(scratch, "work")]
    for name, content in (("task", task), ("values", values)):
        path = os.path.join(folder, name + ".json")
        with open(path, "w") as file:
            json.dump(content, file)
        command += ["--" + name, path]
    if program:
        command += ["--program", program]
    code = subprocess.call(command, env=dict(os.environ, **secrets(task)))
    if code == 0:
        publish(task["outputs"], executor["outputs"], out)
    return code if code >= 0 else 128 - code


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
        header, _, text = part.partition("\n")
        path = os.path.join(folder, *header[2:].split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text.encode("utf-8"))
    return json.loads(parts[0]), folder if parts[1:] else None


def integer(text: str) -> float:
    return -0.0 if text == "-0" else int(text)  # the launcher writes -0.0 as -0


def arrived(name: str, value: Any, source: dict[str, Any]) -> Any:
    """A value as it was before KFP carried it, all of whose numbers are doubles."""
    if source["as"] == "text" and value.startswith(PACKED):
        return zlib.decompress(base64.b64decode(value[len(PACKED) :])).decode("ascii")
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


def publish(ports: list[dict[str, Any]], outputs: dict[str, Any], out: str) -> None:
    """Hand the runner's outputs to KFP. Every parameter is checked before anything is written."""
    texts, made = {}, {}
    for port in ports:
        if port["format"] == "json":
            with open(os.path.join(out, port["name"] + ".json")) as file:
                texts[port["key"]] = packed(file.read())
            size = len(json.dumps(texts[port["key"]]))
            if size > VALUE_LIMIT:
                message = (
                    f"output {port['name']!r} takes {size} bytes, a Kubeflow parameter {VALUE_LIMIT} at most: return an artifact instead"
                )
                raise Refused(3, message)
    for port in ports:
        if port["format"] != "json":
            artifact = outputs["artifacts"][port["key"]]["artifacts"][0]
            copy(os.path.join(out, port["name"]), local_path(artifact))
            made[port["key"]] = {"artifacts": [{"name": artifact.get("name", ""), "uri": artifact["uri"], "metadata": {}}]}
    for key, text in texts.items():
        write(outputs["parameters"][key]["outputFile"], text)
    if made:
        write(outputs["outputFile"], json.dumps({"artifacts": made}))


def packed(text: str) -> str:
    return PACKED + base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii") if len(text) >= PACKED_FROM else text


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


def write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
