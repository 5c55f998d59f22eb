from __future__ import annotations


def sort(xs: list[int]) -> list[int]:
    xs.sort()
    return xs
