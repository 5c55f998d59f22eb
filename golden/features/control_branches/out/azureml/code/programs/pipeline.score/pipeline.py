from __future__ import annotations


def score(text: str) -> float:
    return len(text) / 10
