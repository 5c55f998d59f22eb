"""A run on a target's own engine: what a target that can start its artifact is given, and what it gives back.

Such a target has a function `run(launch: Launch) -> Ran`, which `wye run --on TARGET` calls. It imports what it needs when it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from wye.backend.check import CheckedPipeline
from wye.runtime.outcome import Event, TaskResult


class CannotRun(Exception):
    """The engine is not there, or does not take the artifact; the message is one line, `help` the remedy."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


@dataclass(frozen=True, slots=True)
class Launch:
    """One run to make. `folder` is the run's own: the artifact stands in it, and all that the run leaves here goes there. `values` are
    the wire texts of all parameters; `keep`: leave everything on the engine as it is. `on_event` is told what becomes of each task."""

    checked: CheckedPipeline
    options: Any
    folder: Path
    run_id: str
    values: Mapping[str, str]
    scheduled: str
    keep: bool
    on_event: Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of it. `returned`: the file, here, and the format of what the pipeline returned; `again`: the command that goes
    on with a run that failed, None when none does; `notes`: lines for people."""

    status: Literal["succeeded", "failed", "cancelled"]
    tasks: tuple[TaskResult, ...]
    returned: tuple[Path, str] | None = None
    message: str | None = None
    notes: tuple[str, ...] = ()
    again: str | None = None
