from __future__ import annotations


def total(xs: list[int]) -> int:
    return sum(xs)
