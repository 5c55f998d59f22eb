from __future__ import annotations


def big(letter: str, count: int) -> str:
    return letter * count
