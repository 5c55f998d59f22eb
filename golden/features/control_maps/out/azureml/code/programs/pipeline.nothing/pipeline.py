from __future__ import annotations


def nothing(word: str) -> str | None:
    return None if len(word) < 4 else word
