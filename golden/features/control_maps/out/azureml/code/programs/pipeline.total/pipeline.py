from __future__ import annotations


def total(numbers: list[int]) -> int:
    return sum(numbers)
