from __future__ import annotations


def mourn(name: str) -> str:
    return f"alas, {name}"
