from __future__ import annotations


def twice(n: int) -> int:
    return n * 2
