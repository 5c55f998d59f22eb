from __future__ import annotations


class Trouble(ValueError):
    pass


def risky(n: int) -> int:
    if n > 2:
        raise Trouble(f"too large: {n}")
    if n < 0:
        raise KeyError(n)
    return n
