from __future__ import annotations


def truth(n: int) -> bool:
    return n > 0
