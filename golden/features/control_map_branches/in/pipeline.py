"""Branches inside loops and loops inside branches, with joins in the iterations."""

from __future__ import annotations

from wye import pipeline, step


@step
def numbers(n: int) -> list[int]:
    return list(range(n))


@step
def inc(x: int) -> int:
    return x + 1


@step
def half(x: int) -> float:
    return x / 2


@step
def odd(x: int) -> bool:
    return x % 2 == 1


@step
def check(x: int) -> None:
    if x > 100:
        raise ValueError(x)


@step
def show(x: float) -> str:
    return f"<{x}>"


@pipeline
def map_branches(n: int = 5, deep: bool = True) -> list[object]:
    shown = []
    odds = 0
    for x in numbers(n):
        if odd(x):
            y = half(inc(x))
            odds += 1
        elif x > 3:
            check(x)
            y = -1.0
        else:
            y = 0.5
        shown.append(show(y))
    if deep:
        more = [inc(x) for x in numbers(n) if not odd(x)]
    else:
        more = []
    if n > 100:
        others = [inc(x) for x in numbers(n)]
    else:
        others = more
    return [shown, odds, more, others]
