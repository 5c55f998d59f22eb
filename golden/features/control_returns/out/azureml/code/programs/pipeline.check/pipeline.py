from __future__ import annotations


def check(rows: list[int]) -> None:
    if len(rows) > 50:
        raise ValueError("too many rows")
