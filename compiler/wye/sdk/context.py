"""The run that the plain call is in, and the step that runs: what `wye.context()` and `ScheduledTime()` say there."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime

from wye.runtime.shim import Context, Failure, Uri

__all__ = ["Context", "Failure", "Run", "Uri", "context", "here", "run"]


@dataclass(slots=True)
class Run:
    """One call of a pipeline that no other called. `failed`: the exceptions that left steps, with the step's name."""

    pipeline: str
    scheduled_time: datetime = field(default_factory=lambda: datetime.now(UTC))
    failed: list[tuple[BaseException, str]] = field(default_factory=list)
    run_id: str = ""

    def __post_init__(self) -> None:
        self.run_id = f"{self.scheduled_time:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


run: ContextVar[Run | None] = ContextVar("wye_run", default=None)
_step: ContextVar[Context | None] = ContextVar("wye_context", default=None)
_latest: list[Context] = []
"""For threads that a step starts: they do not inherit the variable."""


def context() -> Context:
    """Where the step that calls this runs: run, attempt, scheduled time, task. Raises `RuntimeError` outside steps."""
    found = _step.get() or (_latest[-1] if _latest else None)
    if found is None:
        raise RuntimeError("`wye.context()` is for steps, and no step runs here")
    return found


@contextmanager
def here(step: str) -> Iterator[None]:
    """Around a step's function."""
    this = run.get() or Run("")
    made = Context(this.run_id, 1, this.scheduled_time, step, this.pipeline)
    token = _step.set(made)
    _latest.append(made)
    try:
        yield
    finally:
        _latest.remove(made)
        _step.reset(token)
