from __future__ import annotations


def reals(xs: list[float], table: dict[str, float]) -> str:
    return f"{xs} {table}"
