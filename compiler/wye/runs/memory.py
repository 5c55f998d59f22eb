"""A task, its inputs and its folder in; what is known of it already (done earlier in this run, or kept by content) out.

The plan interpreter asks before it runs a task and tells when one has ended. A task's `result.json` is written last, when its outputs are
on the disk: without it the task has not run. Failures are kept too, for the `except` that has dealt with them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wye.runs.disk import digest, flush, read_json, write_json
from wye.runs.results import Results
from wye.runtime.outcome import TaskResult

Json = dict[str, Any]
RESULT = "result.json"
_NOT_MEANING = frozenset({"span", "after", "retry", "timeout", "interpreter"})
"""Fields of a task file that say where and how it runs, not what it computes."""


class Programs:
    """The programs of a run, by content. Where kept lines came from is no part of it: that is for tracebacks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, str] = {}

    def digest(self, program: str | None) -> str:
        if program is None:
            return ""
        if program not in self._known:
            found = []
            for at, folders, names in os.walk(self.folder / program):
                folders.sort()
                found += [Path(at, name) for name in sorted(names)]
            root = self.folder / program
            listed = [(p.relative_to(root).as_posix(), digest(p)) for p in found if p != root / "lines.json"]
            self._known[program] = hashlib.sha256(json.dumps(listed).encode()).hexdigest()
        return self._known[program]

    def reads_context(self, program: str | None) -> bool:
        """Whether a step may ask for `wye.context()`. That is an input as any other, and no two runs have the same."""
        files = (self.folder / program).rglob("*.py") if program else ()
        return any(b"wye" in text and b"context" in text for text in map(Path.read_bytes, files))


class Memory:
    """Of one session of a run; `session` counts from 1. Without `results` nothing is kept by content."""

    def __init__(self, folder: Path, session: int, context: Json, results: Results | None) -> None:
        self.folder, self.session, self.context, self.results = folder, session, context, results
        self.programs = Programs(folder / "programs")
        self._keys: dict[str, str] = {}

    async def recall(self, task: Json, values: Json, folder: str, since: int, catches: Callable[[Json], bool]) -> Json | None:
        """What the task came to without running now: session, how, error, attempts, seconds. None: it has to run."""
        place = Path(folder)
        if self.session > 1:
            known = read_json(place / RESULT)
            if self._counts(known, task, values, place, since) and (known["error"] is None or catches(known["error"])):
                return {**known, "how": "resumed"}
            (place / RESULT).unlink(missing_ok=True)  # before anything of it changes
        if self.results is None or not self.results.wanted(task):
            return None
        return await asyncio.get_running_loop().run_in_executor(None, self._cached, task, values, place, since)

    async def keep(self, task: Json, values: Json, folder: str, result: TaskResult) -> None:
        """A task has ended for good: succeeded, or failed without a further attempt."""
        await asyncio.get_running_loop().run_in_executor(None, self._keep, task, values, Path(folder), result)

    def _counts(self, known: Any, task: Json, values: Json, place: Path, since: int) -> bool:
        if not isinstance(known, dict) or known["session"] < since or known["task"] != self._fingerprint(task, values):
            return False
        return known["error"] is not None or (place / "out" / "done.json").exists()

    def _fingerprint(self, task: Json, values: Json) -> str:
        """What a task does with what, in this run: the same as long as the files that it names are."""
        form = {k: v for k, v in task.items() if k not in _NOT_MEANING}
        inputs = {name: _moved(entry, self.folder) for name, entry in values.items()}
        environment = Path(task["interpreter"]).parts[-3] if "interpreter" in task else ""  # its content's hash
        whole = [form, environment, self.programs.digest(task.get("program")), inputs]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()

    def _cached(self, task: Json, values: Json, place: Path, since: int) -> Json | None:
        assert self.results is not None
        start = time.monotonic()
        try:
            program = task.get("program")
            context = self.context if self.programs.reads_context(program) else None
            key = self.results.key(task, values, [self.programs.digest(program), context])
            self._keys[task["id"]] = key
            place.mkdir(parents=True, exist_ok=True)
            entry = self.results.get(key, task, place / "out")
            if entry is None:
                return None
            write_json(place / "task.json", task)
            write_json(place / "values.json", values)
            made = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry["made"]))
            (place / "log.txt").write_text(f"its result is that of {entry['task']} in run {entry['run']}, {made}\n", encoding="utf-8")
        except OSError:
            return None
        known = {"error": None, "attempts": 0, "seconds": time.monotonic() - start, "session": since}
        self._write(task, values, place, known)
        return {**known, "how": "cached"}

    def _keep(self, task: Json, values: Json, place: Path, result: TaskResult) -> None:
        facts = {"error": result.error, "attempts": result.attempts, "seconds": result.seconds}
        with contextlib.suppress(OSError):  # what cannot be kept runs once more
            if result.error is None:
                flush(place / "out")
                key = self._keys.pop(task["id"], None)
                if self.results is not None and key is not None:
                    self.results.put(key, task, place / "out", {"task": task["id"], "run": self.folder.name})
            self._write(task, values, place, facts | {"session": self.session})

    def _write(self, task: Json, values: Json, place: Path, known: Json) -> None:
        write_json(place / RESULT, {**known, "task": self._fingerprint(task, values)}, safe=True)


def _moved(entry: Json, folder: Path) -> Json:
    """An entry of a values file, wherever the run's folder stands now."""
    found = dict(entry)
    if "file" in entry:
        found["file"] = os.path.relpath(entry["file"], folder)
    if "item" in entry:
        found["item"] = _moved(entry["item"], folder)
    if "list" in entry:
        found["list"] = [_moved(e, folder) for e in entry["list"]]
    return found
