"""What becomes of a plan's tasks, blocks and runs, as data: the results of many in, the result of all out.

Done, failed and stopped are the three outcomes of a node and of a block: None, an error record, and `STOPPED`. A node is stopped when
what it waits for is not done, and when the run is ending. A block's outcome is that of the first of its nodes that failed, in program
order, whichever failed first in time; of a `map`, of the first item. So an `except` finds the same error on every run.
"""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from typing import Any, Awaitable, Callable, Dict, Iterable, List, Optional, Tuple

from .values import wire

Json = Dict[str, Any]
Outcome = Optional[Json]

STOPPED: Json = {"type": [], "message": "did not run", "traceback": "", "exit": 1}


@dataclass(frozen=True)
class Event:
    """What happened to a task: `kind` is started, retrying, succeeded, failed, skipped or cancelled. `how` is that of its result; `lines`
    are the last that a failed attempt wrote, where somebody reads them."""

    kind: str
    task: str
    step: Optional[str]
    attempt: int = 0
    seconds: float = 0.0
    delay: float = 0.0
    error: Optional[Json] = None
    how: str = ""
    lines: Tuple[str, ...] = ()


@dataclass
class TaskResult:
    """What became of a task. `seconds` count from its first attempt's start; `error` is the runner's error record, and `handled` says
    that an `except` has dealt with it. `how` it came to that: "" by running, `resumed` in an earlier session of the run, or `cached`."""

    id: str
    step: Optional[str]
    status: str = "skipped"
    seconds: float = 0.0
    attempts: int = 0
    error: Optional[Json] = None
    handled: bool = False
    how: str = ""


@dataclass
class PlanResult:
    """`status` is succeeded, failed or cancelled; `returned` is the file and the format of what the pipeline returned, `results` are the
    entries of the plan's yields, `error` is the first failure in program order that nothing handled."""

    status: str
    tasks: List[TaskResult]
    returned: Optional[Tuple[str, str]] = None
    message: Optional[str] = None
    results: Optional[List[Json]] = None
    error: Optional[Json] = None


class Context:
    """How far a failure reaches: it stops what has not started in here, when `stops`, and what stops `outer` stops this as well.
    `around` is the context that this one stands in, and `handlers` those of the `try` whose body it is."""

    def __init__(
        self, stops: bool, outer: Optional[Context] = None, around: Optional[Context] = None, handlers: Iterable[Json] = ()
    ) -> None:
        self.stops, self.outer, self.around, self.handlers = stops, outer, around, handlers
        self.stopped = False
        self.failed: List[TaskResult] = []

    def ended(self) -> bool:
        return self.stopped or (self.outer is not None and self.outer.ended())

    def catches(self, error: Json) -> bool:
        """Whether some `except` around deals with it."""
        return handler_of(self.handlers, error) is not None or (self.around is not None and self.around.catches(error))


def handler_of(handlers: Iterable[Json], error: Json) -> Optional[Json]:
    """The handler that an error goes to."""
    return next((h for h in handlers if not h["types"] or set(h["types"]) & set(error["type"])), None)


class Trail:
    """In which session of a run a node, or anything inside a region, has run last (`ran`), and anything that it waits for (`since`).

    What was done in an earlier session counts as done as long as nothing that it waits for has run after it: a `finally` whose body is
    run once more is run once more."""

    def __init__(self, outer: Optional[Trail] = None) -> None:
        self.outer = outer
        self.since: int = outer.since if outer else 0
        self.ran: int = 0

    def wait_for(self, *others: Trail) -> None:
        self.since = max(self.since, *(other.ran for other in others))

    def mark(self, session: int) -> None:
        self.ran = max(self.ran, session)
        if self.outer is not None:
            self.outer.mark(session)


async def together(some: Iterable[Awaitable[Any]]) -> Outcome:
    """Wait for all, and for the cancelled to end; the first outcome."""
    outcomes: List[Any] = await asyncio.gather(*some, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return first(outcomes)


def first(outcomes: List[Outcome]) -> Outcome:
    """The outcome of all, given each one's in program order."""
    not_done = [o for o in outcomes if o is not None]
    return next((o for o in not_done if o is not STOPPED), STOPPED if not_done else None)


def shown_text(path: str, format: str, place: Callable[[str], str] = str) -> str:
    """A value as wire text for people, without importing anything of the user's: an artifact is `place` of its file."""
    if os.path.isdir(path):
        with open(os.path.join(path, "value.json"), encoding="ascii") as text:
            return wire(json.loads(text.read(), object_hook=lambda d: place(os.path.join(path, d["$path"])) if list(d) == ["$path"] else d))
    with open(path, "rb") as file:
        start = file.read(2)
        if format == "bytes" or start == b"\x80\x04":  # a pickle
            return wire(place(path))
        return (start + file.read()).decode("ascii")
