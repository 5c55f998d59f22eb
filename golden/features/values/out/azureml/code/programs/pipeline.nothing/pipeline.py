from __future__ import annotations


def nothing() -> None:
    return None
