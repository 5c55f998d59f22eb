from __future__ import annotations


def sets() -> tuple[set[int], frozenset[str]]:
    return {3, 1, 2}, frozenset({"only"})
