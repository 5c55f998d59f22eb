from __future__ import annotations


def source(n: int) -> list[int]:
    return list(range(n))
