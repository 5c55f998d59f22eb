from __future__ import annotations


def cell(x: int, y: int) -> int:
    return x * 10 + y
