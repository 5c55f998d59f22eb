from __future__ import annotations


def render(template: str, value: str) -> str:
    return template + value
