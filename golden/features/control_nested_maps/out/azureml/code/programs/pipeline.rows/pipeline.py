from __future__ import annotations


def rows(n: int) -> list[list[int]]:
    return [list(range(i)) for i in range(n)]
