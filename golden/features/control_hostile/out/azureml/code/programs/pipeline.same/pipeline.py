from __future__ import annotations


def same(text: str) -> str:
    return text
