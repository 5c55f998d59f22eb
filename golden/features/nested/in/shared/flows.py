from __future__ import annotations

from wye import pipeline, step

from .helpers import biggest


@step
def divide(xs: list[int], by: int) -> list[float]:
    return [x / by for x in xs]


@step
def largest_of(xs: list[int]) -> int:
    return biggest(xs)


@pipeline
def largest(xs: list[int]) -> int:
    return largest_of(xs)


@pipeline
def normalise(xs: list[int]) -> list[float]:
    return divide(xs, largest(xs))
