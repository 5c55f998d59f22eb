from __future__ import annotations


def integer(value: int) -> int:
    return value + 1
