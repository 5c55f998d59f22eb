"""The folder where runs are kept and what a person calls a run in; runs with their state out. A run in progress holds its lock.

.wye/runs/<run>/  plan.json  params.json  run.json  outputs.json  lock
                  programs/<program>/…   tasks/<task>/{task.json,values.json,log.txt,out/,error.json,result.json}
A task in a loop has a folder for each iteration: tasks/<loop>/<n>/<task>/…
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wye.diagnostics.suggest import did_you_mean
from wye.runs.disk import in_use, locked, read_json, remove

ROOT = Path(".wye/runs")
LATEST = "latest"
LEFT_OVER = 3600.0
"""Seconds after which a folder that nobody finished making, or deleting, is removed."""


class NoRun(Exception):
    """There is no such run, or it cannot be had now; `help` says what to write."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its folder tells of it; `note` is its run.json."""

    folder: Path
    note: dict[str, Any]

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def status(self) -> str:
        """running, succeeded, failed, cancelled; interrupted: it was running, and its process is gone."""
        if self.in_progress():
            return "running"
        said = str(self.note.get("status"))
        return "interrupted" if said == "running" else said

    def in_progress(self) -> bool:
        return in_use(self.folder / "lock")

    def tasks(self) -> list[dict[str, Any]]:
        """What became of its tasks: as the run noted at its end, else as far as their folders tell."""
        noted = self.note.get("tasks")
        return list(noted) if noted is not None and not self.in_progress() else list(self._found())

    def _found(self) -> Iterator[dict[str, Any]]:
        for file in sorted(_task_files(self.folder / "tasks"), key=lambda p: (_modified(p), p)):
            task, result = read_json(file), read_json(file.with_name("result.json"))
            if not isinstance(task, dict) or "id" not in task:
                continue
            status = "unfinished" if result is None else "failed" if result["error"] else "succeeded"
            known = result or {"seconds": 0.0, "attempts": 0, "error": None}
            yield {"id": task["id"], "step": task.get("step"), "status": status, **{k: known[k] for k in ("seconds", "attempts", "error")}}


def _task_files(folder: Path) -> Iterator[Path]:
    """The task file of each task. What is in a task's own folder comes and goes while the task runs, and may have any name."""
    for at, folders, names in os.walk(folder):
        if "task.json" in names:
            folders.clear()
            yield Path(at) / "task.json"


def _modified(file: Path) -> int:
    """When a file was changed, in nanoseconds; 0 when it is gone."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def all_runs(root: Path = ROOT) -> list[Run]:
    """Every run, the newest first."""
    if not root.is_dir():
        return []
    folders = (f for f in root.iterdir() if f.is_dir() and not f.name.startswith("."))
    found = [Run(f.absolute(), note) for f in folders if isinstance(note := read_json(f / "run.json"), dict)]
    return sorted(found, key=lambda r: (r.note.get("started", 0.0), r.id), reverse=True)


def find_run(text: str, root: Path = ROOT) -> Run:
    """The run of that id, of the one id that begins so, or the `latest`. Raises `NoRun`."""
    runs = all_runs(root)
    if not runs:
        raise NoRun(f"there are no runs in {root}", "wye run FILE makes one")
    if text == LATEST:
        return runs[0]
    found = [r for r in runs if r.id == text] or [r for r in runs if r.id.startswith(text)]
    if not found:
        raise NoRun(f"there is no run `{text}` in {root}", did_you_mean(text, [r.id for r in runs[:8]], "latest runs"))
    if len(found) > 1:
        raise NoRun(f"{len(found)} runs begin with `{text}`", ", ".join(r.id for r in found[:5]) + (", …" if len(found) > 5 else ""))
    return found[0]


def make_root(root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    if not (root / ".gitignore").exists():
        (root / ".gitignore").write_text("*\n")


@contextmanager
def held(run: Run) -> Iterator[None]:
    """Keep everybody else from a run. Raises `NoRun` when somebody has it."""
    with locked(run.folder / "lock", wait=False) as free:
        if not free:
            raise NoRun(f"the run {run.id} is in progress (process {run.note.get('pid')})")
        yield


def delete(run: Run) -> bool:
    """Delete a run, unless it is in progress."""
    with locked(run.folder / "lock", wait=False) as free:
        if free:
            remove(run.folder)
        return free


def sweep(root: Path) -> None:
    """Remove what killed processes left half made or half deleted."""
    for place in [*root.glob(".new-*"), *root.glob(".going-*")]:
        if time.time() - os.stat(place).st_mtime > LEFT_OVER and not in_use(place / "lock"):
            shutil.rmtree(place, ignore_errors=True)


def size(folder: Path) -> int:
    """Bytes of all files in a folder, of those that are still there when they are looked at."""
    total = 0
    for at, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(at, name)).st_size
    return total
