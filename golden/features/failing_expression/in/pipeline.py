"""An expression that raises fails the run even if nobody uses its value."""

from __future__ import annotations

from wye import pipeline, step


@step
def count(n: int) -> int:
    return n


@step
def finish() -> str:
    return "finished"


@pipeline
def failing_expression(n: int = 0) -> str:
    share = 10 // count(n)
    return finish()
