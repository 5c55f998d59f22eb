from __future__ import annotations


def half(x: int) -> float:
    return x / 2
