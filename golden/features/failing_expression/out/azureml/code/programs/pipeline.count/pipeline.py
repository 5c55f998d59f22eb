from __future__ import annotations


def count(n: int) -> int:
    return n
