"""Loops whose iterations depend on the ones before: carries, break, continue, return; and while."""

from __future__ import annotations

from wye import pipeline, step


@step
def numbers(n: int) -> list[int]:
    return list(range(n))


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def far(a: int) -> bool:
    return a > 4


@pipeline
def first(xs: list[int]) -> int | None:
    for x in xs:
        if far(x):
            return x
    return None


@pipeline
def sequences(n: int = 6) -> dict[str, object]:
    total = 0
    seen = []
    for x in numbers(n):
        if x == 1:
            continue
        total = add(total, x)
        seen.append(total)
        if far(total):
            break
    k = 0
    steps = 0
    while not far(k):
        k = add(k, 2)
        steps += 1
    return {"total": total, "seen": seen, "k": k, "steps": steps, "first": first(numbers(n + 1)), "none": first(numbers(2))}
