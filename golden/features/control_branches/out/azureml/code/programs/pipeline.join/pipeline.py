from __future__ import annotations


def join(parts: list[str]) -> str:
    return " | ".join(parts)
