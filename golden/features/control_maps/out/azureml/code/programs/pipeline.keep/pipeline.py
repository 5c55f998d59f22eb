from __future__ import annotations


def keep(word: str) -> bool:
    return "e" in word
