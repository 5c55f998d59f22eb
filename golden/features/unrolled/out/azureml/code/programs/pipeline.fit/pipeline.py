from __future__ import annotations


def fit(n: int, name: str, rate: float = 1.0) -> float:
    return n * rate
