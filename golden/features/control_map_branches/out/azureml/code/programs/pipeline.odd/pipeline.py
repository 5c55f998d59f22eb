from __future__ import annotations


def odd(x: int) -> bool:
    return x % 2 == 1
