from __future__ import annotations


def count(word: str) -> int:
    return len(word)
