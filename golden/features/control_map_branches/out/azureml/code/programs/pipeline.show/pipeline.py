from __future__ import annotations


def show(x: float) -> str:
    return f"<{x}>"
