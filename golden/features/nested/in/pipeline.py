"""Pipelines in pipelines: defaults, several results, one that is called twice, one called for its effect, one from another module."""

from __future__ import annotations

import shared.flows as flows
from shared.flows import normalise as norm
from wye import pipeline, step


@step
def source(n: int) -> list[int]:
    return list(range(n))


@step
def total(xs: list[int], factor: int = 1) -> int:
    return sum(xs) * factor


@step
def require(value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"{value} < {least}")


@pipeline
def summed(n: int, factor: int = 2) -> int:
    return total(source(n), factor)


@pipeline
def both(n: int, *, factor: int = 3) -> tuple[int, int]:
    low = summed(n)
    return low, summed(n, factor=factor)


@pipeline
def gate(value: int, least: int = 0) -> None:
    require(value, least)


@pipeline
def pick(items: list[int], index: int = -1) -> int:
    return items[index]


@pipeline
def identity(x: int) -> int:
    return x


@pipeline
def nested(n: int = 4) -> dict[str, object]:
    low, high = both(n)
    gate(high, least=low)
    scaled = norm([low, high])
    return {
        "both": [low, high],
        "again": both(n + 1, factor=n),
        "scaled": scaled,
        "module": flows.largest(source(n)),
        "pick": pick([n, low]),
        "identity": identity(n),
        "after": summed.after(high)(2),
    }
