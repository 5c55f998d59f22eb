"""The body of a `try` fails, its clean-up succeeds: the run has failed."""

from __future__ import annotations

from wye import pipeline, step


@step
def load(n: int) -> list[int]:
    return list(range(n))


@step
def train(rows: list[int]) -> int:
    raise RuntimeError("no memory")


@step
def cleanup(n: int) -> None:
    print("clean", n)


@pipeline
def failing_finally(n: int = 3) -> int:
    rows = load(n)
    try:
        model = train(rows)
    finally:
        cleanup(n)
    return model
