from __future__ import annotations


def inc(n: int) -> int:
    return n + 1
