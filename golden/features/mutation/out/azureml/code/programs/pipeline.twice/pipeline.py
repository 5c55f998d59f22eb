from __future__ import annotations


def twice(row: dict[str, list[int]]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    row["a"].append(1)
    return row, row
