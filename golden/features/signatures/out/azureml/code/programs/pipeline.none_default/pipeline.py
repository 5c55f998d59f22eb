from __future__ import annotations


def none_default(x: int = 3, *, y: Optional[int] = 4) -> str:
    return f"{x} {y}"
