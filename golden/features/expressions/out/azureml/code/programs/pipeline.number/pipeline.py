from __future__ import annotations


def number(x: int) -> int:
    return x
