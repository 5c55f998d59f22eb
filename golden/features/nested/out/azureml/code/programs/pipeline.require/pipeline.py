from __future__ import annotations


def require(value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"{value} < {least}")
