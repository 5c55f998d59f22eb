"""A step that returns something else than it declares fails, in plain Python and everywhere."""

from __future__ import annotations

from wye import pipeline, step


@step
def count(words: list[str]) -> int:
    return words and words[0]


@step
def double(n: int) -> int:
    return n * 2


@pipeline
def failing_type(words: list[str] = ["three"]) -> int:
    return double(count(words))
