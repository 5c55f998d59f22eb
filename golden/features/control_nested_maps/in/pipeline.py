"""Loops in loops, and loops over what loops made."""

from __future__ import annotations

from wye import pipeline, step


@step
def rows(n: int) -> list[list[int]]:
    return [list(range(i)) for i in range(n)]


@step
def cell(x: int, y: int) -> int:
    return x * 10 + y


@step
def total(xs: list[int]) -> int:
    return sum(xs)


@pipeline
def nested_maps(n: int = 4) -> dict[str, object]:
    grid = rows(n)
    cells = [[cell(i, x) for x in row] for i, row in enumerate(grid)]
    flat = [cell(x, x) for row in grid for x in row]
    totals = [total(row) for row in cells]
    return {"cells": cells, "flat": flat, "totals": totals, "again": [total([t, t]) for t in totals]}
