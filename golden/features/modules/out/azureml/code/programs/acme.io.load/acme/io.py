from __future__ import annotations


def load(n: int) -> list[int]:
    """The first numbers."""
    return list(range(n))
