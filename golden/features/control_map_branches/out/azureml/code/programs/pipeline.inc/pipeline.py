from __future__ import annotations


def inc(x: int) -> int:
    return x + 1
