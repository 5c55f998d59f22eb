from __future__ import annotations

BASE = 10


def mixed(a: int, b: int = 2, /, c: int = BASE, *, d: str = "d", e: Optional[list[int]] = None) -> str:
    return f"{a} {b} {c} {d} {e}"
