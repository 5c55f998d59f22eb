"""A pipeline that returns nothing; its last call is there for its effect."""

from __future__ import annotations

from wye import pipeline, step


@step
def load() -> list[int]:
    return [1]


@step
def publish(rows: list[int]) -> None:
    print("published", rows)


@pipeline
def returns_nothing() -> None:
    """Publishes what it loads."""
    publish(load())
