"""One attempt, in an interpreter of its own: a job (task, values, folders) in; outputs, then `done.json`, or `error.json` out."""

from __future__ import annotations

import builtins
import inspect
import json
import os
import shutil
import sys
import traceback
from functools import reduce
from typing import Any, Dict, List

from .files import copy_value, element_type, load, part, parts, save
from .types import Type, format_of, from_json
from .values import CannotTravel, decode, find, normalise, parse_argument

CannotTravel.__module__ = "builtins"  # as people read it in a traceback


def main(job: Dict[str, Any]) -> None:
    sys.path[:] = job["path"] + [p for p in sys.path if p and p not in job["path"]]
    out = os.path.join(job["folder"], "out")
    try:
        with open(job["task"], encoding="utf-8") as task, open(job["values"], encoding="utf-8") as values:
            attempt = Attempt(json.load(task), json.load(values), job["folder"])
        attempt.run(out)
        _write(os.path.join(out, "done.json"), {"outputs": [o["name"] for o in attempt.task["outputs"]]})
    except BaseException as error:
        text = _traceback(error, job)
        print(text, end="", file=sys.stderr)
        record = error_record(error, text)
        _write(os.path.join(out, "error.json"), record)
        sys.exit(record["exit"])


def error_record(error: BaseException, text: str = "") -> Dict[str, Any]:
    """What `error.json` says of an exception; `text` is its traceback."""
    names = [c.__qualname__ if c.__module__ == "builtins" else f"{c.__module__}:{c.__qualname__}" for c in type(error).__mro__]
    return {"type": names, "message": _message(error), "traceback": text, "exit": 3 if isinstance(error, CannotTravel) else 1}


class Attempt:
    """A task with the values of its inputs; `folder` is scratch space."""

    def __init__(self, task: Dict[str, Any], values: Dict[str, Any], folder: str) -> None:
        self.task, self.values, self.folder, self.copies = task, values, folder, 0

    def run(self, out: str) -> None:
        task = self.task
        for module in filter(None, (task.get("entry"), task.get("function", "").partition(":")[0])):
            __import__(module)
        self.what = f"the value of {task['id']}"
        if task["op"] == "compute":
            items = [self.value(task["value"])]
        elif task["op"] == "fail":
            items = []
            if task.get("when") is None or self.value(task["when"]):
                exec(self.code("raise _error", "exec"), {"_error": self.value(task["value"])})
        else:
            self.what = f"step {task['function']}"
            items = self.split(self.call())
        for port, item in zip(task["outputs"], items):
            file = port["name"] + ".json" * (port["format"] == "json")
            try:
                save(item, from_json(port["type"]), port["format"], os.path.join(out, file))
            except (TypeError, CannotTravel) as error:
                raise _told(error, f"{self.what}, output {port['name']}") from None

    def call(self) -> Any:
        function = find(self.task["function"])
        known = inspect.signature(function).parameters
        args: List[Any] = []
        keywords: Dict[str, Any] = {}
        for name, parameter in self.task["parameters"].items():
            t = from_json(parameter["type"])
            form = self.task["args"].get(name)
            if form is not None:
                value = self.value(form)
            elif name in known and known[name].default is not inspect.Parameter.empty:
                value = known[name].default
            else:  # Python itself says what is missing
                continue
            try:
                value = normalise(value, t)
                if form is None or "py" in form or "cast" in form:  # by value, as everything that is handed over
                    value = copy_value(value, t, format_of(t), self.fresh())
            except (TypeError, CannotTravel) as error:
                raise _told(error, f"{self.what}, argument {name}") from None
            if parameter["kind"] == "keyword_only" or len(args) < list(self.task["parameters"]).index(name):
                keywords[name] = value
            else:
                args.append(value)
        return function(*args, **keywords)

    def split(self, result: Any) -> List[Any]:
        """The outputs in a step's result."""
        ports, kind = self.task["outputs"], self.task["result"]
        if kind == "one":
            return [result]
        wanted = tuple if kind == "tuple" else find(kind)
        if type(result) is not wanted or len(result) != len(ports):
            got = f"a tuple of {len(result)}" if type(result) is tuple else type(result).__qualname__
            what = f"a tuple of {len(ports)}" if kind == "tuple" else kind
            raise TypeError(f"{self.what} must return {what}, got {got}")
        return list(result)

    def value(self, form: Dict[str, Any]) -> Any:
        if "const" in form:
            return decode(json.dumps(form["const"]))
        if "input" in form:
            return self.input(form["input"])
        if "cast" in form:
            try:
                return normalise(self.value(form["value"]), from_json(form["cast"]))
            except TypeError as error:
                raise _told(error, self.what) from None
        names = {"__builtins__": builtins, "_unpack": _unpack, "_reduce": reduce}
        names.update((n, find(c)) for n, c in form.get("use", {}).items())
        names.update((n, self.value(v)) for n, v in form.get("with", {}).items())
        return eval(self.code(form["py"], "eval"), names)

    def code(self, text: str, mode: str) -> Any:
        """Python that stands, for a traceback, where the user wrote it."""
        path, line = self.task["span"].split(":")[:2]
        return compile("\n" * (int(line) - 1) + text, path, mode)

    def input(self, name: str) -> Any:
        """A copy of an input, for one reader."""
        declared = self.task["inputs"][name]
        where = f"parameter {declared.get('param', name)}"
        return self.entry(self.values[name], from_json(declared["type"]), declared["format"], where)

    def entry(self, given: Dict[str, Any], t: Type, format: str, where: str) -> Any:
        if "text" in given:
            return decode(given["text"])
        if "list" in given:
            return [self.entry(e, element_type(t), format.rstrip("*"), where) for e in given["list"]]
        if "item" in given:
            return self.item(given["item"], int(given["index"]), t, format, where)
        if "file" not in given:
            try:
                return parse_argument(given["raw"], t) if "raw" in given else normalise(given["value"], t)
            except (TypeError, ValueError) as error:
                raise _told(error, where) from None
        path, format = given["file"], given.get("format", format)
        if format[-1:] == "*":
            return [self.entry({"file": p}, "any", format[:-1], where) for p in parts(path, format)]
        if os.path.isdir(path):
            path = shutil.copytree(path, os.path.join(self.fresh(), "copy"), symlinks=True)
        return load(path, format)

    def item(self, given: Dict[str, Any], index: int, t: Type, format: str, where: str) -> Any:
        """One element of a list; the others are not touched where they stand by themselves."""
        if "list" in given:
            return self.entry(given["list"][index], t, format, where)
        if "file" in given:
            whole = given.get("format") or format + "*" * os.path.isdir(given["file"])
            if whole[-1:] == "*":
                return self.entry({"file": part(given["file"], whole, index)}, t, whole[:-1], where)
        return self.entry(given, ("list", t), format, where)[index]

    def fresh(self) -> str:
        self.copies += 1
        folder = os.path.join(self.folder, "in", str(self.copies))
        os.makedirs(folder)
        return folder


def _told(error: Exception, where: str) -> Exception:
    """The error with the place where it happened in its message."""
    if isinstance(error, CannotTravel):
        return CannotTravel(f"{where}: {error.path}", error.message)
    return type(error)(f"{where}: {error}")


def _unpack(value: Any, count: int, star: Any = None) -> Any:
    """`a, b = value` (and `a, *b = value`): the items, or ValueError as Python raises it."""
    items = list(value)
    if star is None and len(items) > count:
        raise ValueError(f"too many values to unpack (expected {count})")
    if len(items) < count - (star is not None):
        least = count if star is None else f"at least {count - 1}"
        raise ValueError(f"not enough values to unpack (expected {least}, got {len(items)})")
    if star is None:
        return tuple(items)
    end = len(items) - (count - 1 - star)
    return (*items[:star], items[star:end], *items[end:])


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return f"<{type(error).__qualname__} without a text>"


def _traceback(error: BaseException, job: Dict[str, Any]) -> str:
    """The traceback without the runner's frames, with the user's own files and line numbers."""
    try:
        with open(os.path.join(job["program"] or "", "lines.json"), encoding="utf-8") as file:
            known = json.load(file)
    except (OSError, ValueError):
        known = {}

    def translate(path: str, line: int) -> Any:
        entry = known.get(os.path.relpath(path, job["program"])) if job["program"] and os.path.isabs(path) else None
        if not entry or "lines" not in entry:
            return path, 0
        here, there = max((run for run in entry["lines"] if run[0] <= line), default=(1, 1))
        return entry["source"], there - here

    seen = set()

    def clean(shown: Any) -> None:
        if shown is None or id(shown) in seen:
            return
        seen.add(id(shown))
        shown.stack[:] = [f for f in shown.stack if not f.filename.startswith((job["runtime"], "<frozen importlib"))]
        for frame in shown.stack:
            _ = frame.line  # read now, while the file's own name and number stand there
            path, shift = translate(frame.filename, frame.lineno)
            frame.filename, frame.lineno = path, frame.lineno + shift
            if getattr(frame, "end_lineno", None):
                frame.end_lineno += shift
        if getattr(shown, "lineno", None) and shown.filename:  # a SyntaxError in a program
            path, shift = translate(shown.filename, int(shown.lineno))
            shown.filename, shown.lineno = path, str(int(shown.lineno) + shift)
        for inner in (shown.__cause__, shown.__context__, *(getattr(shown, "exceptions", None) or ())):
            clean(inner)

    shown = traceback.TracebackException(type(error), error, error.__traceback__)
    clean(shown)
    return "".join(shown.format())


def _write(path: str, content: Any) -> None:
    with open(path + ".tmp", "w") as file:
        json.dump(content, file)
    os.replace(path + ".tmp", path)
