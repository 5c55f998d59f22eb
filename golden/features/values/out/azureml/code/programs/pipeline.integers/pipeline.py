from __future__ import annotations


def integers() -> list[int]:
    return [2**53 + 1, -(2**53) - 1, 2**64, 10**40, 0]
