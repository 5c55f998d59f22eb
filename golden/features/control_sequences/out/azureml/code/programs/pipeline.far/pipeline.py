from __future__ import annotations


def far(a: int) -> bool:
    return a > 4
