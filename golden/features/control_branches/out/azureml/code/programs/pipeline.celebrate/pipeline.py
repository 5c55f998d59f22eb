from __future__ import annotations


def celebrate(name: str) -> str:
    return f"hurray, {name}"
