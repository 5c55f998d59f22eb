from __future__ import annotations


def truth(value: bool) -> bool:
    return not value
