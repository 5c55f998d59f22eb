from __future__ import annotations


def many(n: int) -> tuple[int, ...]:
    return tuple(range(n))
