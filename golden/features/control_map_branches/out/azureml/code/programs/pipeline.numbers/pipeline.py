from __future__ import annotations


def numbers(n: int) -> list[int]:
    return list(range(n))
