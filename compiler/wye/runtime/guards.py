"""What a task looks at before it runs, where a platform has no conditions of its own: a task form, states of others, a way to read a value
in; whether the task is to run, which value an input is, whether a region has failed, out.

    "guards": [{"if": ORIGIN, "is": true}]    it is skipped unless all hold
    "checks": [TASK]                          it is stopped unless all of them have succeeded
    ORIGIN  {"const": V} | {"param": p} | {"task": id, "output": port, "format": f} | {"select": ORIGIN, "then": ORIGIN, "else": ORIGIN}

A state is `{"task": id, "status": "done" | "skipped" | "stopped" | "failed" | …, "error": …}`; `{}` of a task that left none.
"""

from __future__ import annotations

import json
import os
from typing import Any, Callable, Dict, Iterable, Optional

from .values import wire

Json = Dict[str, Any]
LOST: Json = {"type": [], "message": "it left no result", "traceback": "", "exit": 1}
"""The error of a task that could not say what became of it."""


def kept_from(form: Json, state: Callable[[str], Json], truth: Callable[[Json], bool]) -> Optional[str]:
    """Why the task does not run: "stopped" by a failure before it, "skipped" where its arm is not taken. None when it runs."""
    if any(state(t).get("status") not in ("done", "skipped") for t in form.get("checks", ())):
        return "stopped"
    return None if all(truth(g["if"]) == g["is"] for g in form.get("guards", ())) else "skipped"


def chosen(origin: Json, truth: Callable[[Json], bool]) -> Json:
    """The origin of a value: behind joins, the arm that was taken."""
    while "select" in origin:
        origin = origin["then" if truth(origin["select"]) else "else"]
    return origin


def true(text: str) -> bool:
    """A condition, as it travels."""
    if text not in ("true", "false"):
        raise ValueError(f"a condition must be true or false, not {text[:80]}")
    return text == "true"


def first_failure(tasks: Iterable[str], state: Callable[[str], Json]) -> Optional[Json]:
    """The error record of the first of the tasks that failed; what was stopped or skipped has not."""
    for task in tasks:
        found = state(task)
        if found.get("status") not in ("done", "skipped", "stopped"):
            error = found.get("error") or LOST
            return {**error, "message": f"{task}: {error['message']}"}
    return None


def plain_text(file: str, format: str, where: Optional[str] = None) -> str:
    """A value that a task left in a file, as wire text; of an artifact the path, or where it is else."""
    where = where or file
    if os.path.isdir(file):
        with open(os.path.join(file, "value.json"), encoding="ascii") as value:
            return wire(json.load(value, object_hook=lambda d: os.path.join(where, d["$path"]) if list(d) == ["$path"] else d))
    with open(file, "rb") as stream:
        first = stream.read(2)
        whole = first == b"\x80\x04" or format == "bytes"
        return wire(where) if whole else (first + stream.read()).decode("ascii")
