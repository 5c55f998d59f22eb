from __future__ import annotations


def measure(text: str) -> tuple[int, str, str]:
    return len(text), text[:1], text[-1:]
