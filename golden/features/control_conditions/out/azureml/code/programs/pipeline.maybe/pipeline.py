from __future__ import annotations


def maybe(n: int) -> int | None:
    return n if n > 2 else None
