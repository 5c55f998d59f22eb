from __future__ import annotations


def one() -> tuple[int]:
    return (5,)
