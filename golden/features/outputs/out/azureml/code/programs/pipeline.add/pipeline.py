from __future__ import annotations


def add(a: int, b: int = 10) -> int:
    return a + b
