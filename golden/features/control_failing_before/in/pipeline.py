"""A step before a `try` fails: the `try` is not entered, and a failing check in a branch holds back what follows."""

from __future__ import annotations

from wye import pipeline, step


@step
def load(n: int) -> list[int]:
    return list(range(n))


@step
def check(rows: list[int]) -> None:
    raise ValueError("bad rows")


@step
def deploy(rows: list[int]) -> str:
    return "deployed"


@step
def cleanup() -> None:
    print("must not run")


@pipeline
def failing_before(n: int = 3) -> str:
    rows = load(n)
    if n > 2:
        check(rows)
    try:
        url = deploy(rows)
    finally:
        cleanup()
    return url
