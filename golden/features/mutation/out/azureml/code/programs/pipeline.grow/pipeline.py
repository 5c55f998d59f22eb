from __future__ import annotations


def grow(x: int, seen: list[int] = []) -> list[int]:
    seen.append(x)
    return seen
