from __future__ import annotations


def plus(total: int, x: int) -> int:
    return total + x
