from __future__ import annotations


def two() -> tuple[int, str]:
    return 1, "one"
