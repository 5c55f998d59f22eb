from __future__ import annotations


def recursive(n: int) -> int:
    """A step called inside a running step is the bare function."""
    return n if n < 1 else recursive(n - 1) + 1
