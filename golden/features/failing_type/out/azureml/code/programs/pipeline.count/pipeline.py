from __future__ import annotations


def count(words: list[str]) -> int:
    return words and words[0]
