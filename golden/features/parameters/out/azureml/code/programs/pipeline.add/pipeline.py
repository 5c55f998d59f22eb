from __future__ import annotations


def add(n: int, x: float) -> float:
    return n + x
