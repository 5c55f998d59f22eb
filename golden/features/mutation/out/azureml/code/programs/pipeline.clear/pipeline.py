from __future__ import annotations


def clear(xs: list[int]) -> int:
    xs.clear()
    return len(xs)
