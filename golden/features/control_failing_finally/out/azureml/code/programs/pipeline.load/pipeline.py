from __future__ import annotations


def load(n: int) -> list[int]:
    return list(range(n))
