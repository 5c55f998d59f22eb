from __future__ import annotations


def add(text: str, letter: str) -> str:
    return text + letter
