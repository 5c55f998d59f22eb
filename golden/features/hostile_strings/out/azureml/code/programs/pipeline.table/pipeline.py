from __future__ import annotations


def table(cells: dict[str, str]) -> dict[str, str]:
    return cells
