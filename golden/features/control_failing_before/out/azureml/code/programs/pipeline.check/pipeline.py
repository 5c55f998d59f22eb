from __future__ import annotations


def check(rows: list[int]) -> None:
    raise ValueError("bad rows")
