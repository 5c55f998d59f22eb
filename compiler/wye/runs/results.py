"""Results of tasks kept by content: a task with its inputs in, the outputs that the same work gave before out.

<cache>/results/<key>/  entry.json  out/<output>…

The key is the hash of all that a result depends on: the task's program (every file), its entry, its argument expressions, what it reads
(parameters by their text, artifacts by their bytes), its `env`, the Python and the packages that it runs with. A secret counts by its
name: its value would lie in the cache as a hash that can be guessed at, and a password that is changed says nothing about the result.
Only what succeeded is kept. An entry is copied, never linked, and checked while it is copied: one that is not what it was is no entry.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from wye.runs.disk import copy, digest, read_json, remove, write_json

Json = dict[str, Any]
VERSION = 1
_NOT_MEANING = frozenset({"id", "span", "inputs", "after", "retry", "timeout", "interpreter"})
"""Fields of a task file that no result depends on; inputs and the interpreter count by what they hold."""
_NO_SETTINGS = frozenset({"cache", "resources", "tags", "targets", "image", "python"})
"""Settings that have no meaning for a process of this machine."""
LEFT_OVER = 24 * 3600.0
"""Seconds after which what a killed process was about to write is removed."""


class Results:
    """The cache in a folder. `surroundings` gives the digest of what a task's interpreter has: its Python, its packages."""

    def __init__(self, folder: Path, surroundings: Callable[[Json], str]) -> None:
        self.folder, self._surroundings = folder, surroundings
        self._files: dict[str, str] = {}

    def wanted(self, task: Json) -> bool:
        """Whether a task's result may be kept: its author says so."""
        return task["op"] in ("call", "compute") and "cache" in task.get("settings", {})

    # --- the key -----------------------------------------------------------------------------------------------------------------

    def key(self, task: Json, values: Json, program: Any) -> str:
        """`program`: its content. Raises OSError when an input cannot be read."""
        form = {k: v for k, v in task.items() if k not in _NOT_MEANING}
        form["settings"] = {k: v for k, v in task.get("settings", {}).items() if k not in _NO_SETTINGS}
        inputs = {
            name: [declared["type"], declared["format"], self._entry(values[name], declared["format"])]
            for name, declared in task["inputs"].items()
        }
        whole = [VERSION, _runtime(), form, inputs, program, self._surroundings(task)]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()

    def _entry(self, entry: Mapping[str, Any], format: str) -> Any:
        """An input by content: the same for a parameter's text and a file that holds it."""
        if "text" in entry:
            return hashlib.sha256(entry["text"].encode()).hexdigest()
        if "list" in entry:
            return [self._entry(e, format.rstrip("*")) for e in entry["list"]]
        if "item" in entry:
            return [self._entry(entry["item"], format), entry["index"]]
        path = entry["file"]
        if path not in self._files:
            self._files[path] = digest(Path(path))
        return self._files[path]

    # --- entries -----------------------------------------------------------------------------------------------------------------

    def get(self, key: str, task: Json, out: Path) -> Json | None:
        """Put an entry's outputs and `done.json` at `out`, whole or not at all; what it says of itself. None: there is no such entry."""
        place = self.folder / key
        entry = read_json(place / "entry.json")
        names = [o["name"] for o in task["outputs"]]
        if not isinstance(entry, dict) or entry.get("key") != key or sorted(entry.get("outputs", ())) != sorted(_files(task)):
            return None
        most = task["settings"]["cache"]["max_age"]
        if most is not None and time.time() - entry["made"] >= most:
            return None
        new = out.with_name(f"{out.name}.{os.urandom(4).hex()}")
        try:
            new.mkdir()
            for file, known in entry["outputs"].items():
                if copy(place / "out" / file, new / file) != known:
                    return None
                self._files[str(out / file)] = known
            write_json(new / "done.json", {"outputs": names})
            shutil.rmtree(out, ignore_errors=True)
            new.rename(out)
        except OSError:  # replaced or removed meanwhile
            return None
        finally:
            shutil.rmtree(new, ignore_errors=True)
        return entry

    def put(self, key: str, task: Json, out: Path, facts: Json) -> None:
        """Keep a task's outputs. A cache that cannot be written is no error."""
        new = self.folder / f".new-{os.urandom(6).hex()}"
        with contextlib.suppress(OSError):
            self._sweep()
            (new / "out").mkdir(parents=True)
            outputs = {file: copy(out / file, new / "out" / file) for file in _files(task)}
            write_json(new / "entry.json", {"key": key, "made": time.time(), **facts, "outputs": outputs})
            self._place(new, self.folder / key)
        shutil.rmtree(new, ignore_errors=True)

    def _place(self, new: Path, place: Path) -> None:
        try:
            new.rename(place)
        except OSError:  # there is one: too old, or another run's of just now
            old = self.folder / f".old-{os.urandom(6).hex()}"
            try:
                with contextlib.suppress(OSError):
                    place.rename(old)
                new.rename(place)
            finally:
                shutil.rmtree(old, ignore_errors=True)

    def _sweep(self) -> None:
        if not self.folder.is_dir():
            return
        for place in self.folder.glob(".[no][el][wd]-*"):
            with contextlib.suppress(OSError):
                if time.time() - place.stat().st_mtime > LEFT_OVER:
                    shutil.rmtree(place)


def clean(folder: Path, before: float) -> int:
    """Delete the results that were kept before a time; how many."""
    found = 0
    for note in folder.glob("*/entry.json"):
        if note.stat().st_mtime < before:
            remove(note.parent)
            found += 1
    return found


def _files(task: Json) -> list[str]:
    return [o["name"] + ".json" * (o["format"] == "json") for o in task["outputs"]]


@cache
def _runtime() -> str:
    """What reads and writes values: another Wye may do that otherwise."""
    texts = sorted((p.name, p.read_text("utf-8")) for p in resources("wye.runtime").iterdir() if p.name.endswith(".py"))
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()
