from __future__ import annotations


def best(scores: list[float]) -> float:
    return max(scores)
