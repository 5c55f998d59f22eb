from __future__ import annotations


def items(n: int) -> list[int]:
    return list(range(n))
