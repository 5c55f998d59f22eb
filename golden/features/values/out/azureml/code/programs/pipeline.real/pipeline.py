from __future__ import annotations


def real(value: float) -> float:
    return value
