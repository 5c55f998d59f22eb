from __future__ import annotations


def swap(a: int, b: int) -> tuple[int, int]:
    return b, a
