"""What a step program has as the module `wye`: the attempt that runs in; `context()` and the classes that a program may use, out.

The runner writes this file into each attempt as `wye.py` and says in its last line which attempt that is: so it is there for processes
that the step starts, too. Plain Python has the same classes from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Optional

_attempt: Any = None


@dataclass(frozen=True)
class Context:
    """Where a step runs: `attempt` counts from 1; `scheduled_time`, in UTC, is the time for which the run is meant, of a run that was
    started by hand its start, and None where the platform does not tell."""

    run_id: str
    attempt: int
    scheduled_time: Optional[datetime]
    task_id: str
    pipeline: str


@dataclass(frozen=True)
class Failure:
    """Why a run has failed: `task_id` is the first task that did, `error_type` its exception, both None where nobody knows of any (a
    time-out, a process that was killed)."""

    run_id: str
    pipeline: str
    task_id: Optional[str]
    error_type: Optional[str]
    message: str


class Uri(str):
    """Text that says where something is. Wye never opens it and never copies what is there; a `Path` is a file that travels."""

    __slots__ = ()


for _class in (Context, Failure, Uri):
    _class.__module__ = "wye"


def context() -> Context:
    """The attempt that runs here."""
    if _attempt is None:
        raise RuntimeError("`wye.context()` is for steps, and no step runs here")
    time = _attempt["scheduled_time"]
    return Context(**{**_attempt, "scheduled_time": datetime.fromisoformat(time) if time else None})


class _Inert:
    def __init__(self, *args: Any, **settings: Any) -> None:
        pass

    def __call__(self, *args: Any, **settings: Any) -> Any:
        return self


def step(function: Any = None, **settings: Any) -> Any:
    return function or (lambda f: f)


pipeline = step


def each(items: Any, **settings: Any) -> Any:
    return items


def __getattr__(name: str) -> Any:
    if name[:2] == "__":
        raise AttributeError(name)
    return _Inert
