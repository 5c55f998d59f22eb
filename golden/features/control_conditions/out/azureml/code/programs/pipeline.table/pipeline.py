from __future__ import annotations


def table(n: int) -> dict[str, int]:
    return {"k": n, "z": -n}
