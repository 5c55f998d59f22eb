from __future__ import annotations


def poke(row: dict[str, list[int]]) -> dict[str, list[int]]:
    row["a"].append(9)
    return row
