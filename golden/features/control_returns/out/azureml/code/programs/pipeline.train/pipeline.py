from __future__ import annotations


def train(rows: list[int], rate: float) -> float:
    return sum(rows) * rate
