from __future__ import annotations


def split(text: str) -> list[str]:
    return text.split()
