"""A quality gate fails: the plain call raises, so every run fails, and what is after the gate does not run."""

from __future__ import annotations

from wye import pipeline, step


class Unfit(ValueError):
    """The user's own exception."""


@step
def load(n: int) -> list[int]:
    return list(range(n))


@step
def check(rows: list[int], least: int) -> None:
    if len(rows) < least:
        raise Unfit(f"only {len(rows)} rows: {{{{ ds }}}} 'quoted' \"both\"\nsecond line")


@step
def deploy(rows: list[int]) -> str:
    return "deployed"


@pipeline
def failing(n: int = 2, least: int = 3) -> str:
    rows = load(n)
    check(rows, least)
    return deploy(rows)
