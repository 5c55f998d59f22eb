from __future__ import annotations


def check(x: int) -> None:
    if x > 100:
        raise ValueError(x)
