from __future__ import annotations


def number(n: int) -> int:
    return n
