from __future__ import annotations


def divide(xs: list[int], by: int) -> list[float]:
    return [x / by for x in xs]
