from __future__ import annotations


def pure(x: int) -> int:
    return x + 1
