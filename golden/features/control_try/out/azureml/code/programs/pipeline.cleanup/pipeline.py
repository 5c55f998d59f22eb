from __future__ import annotations


def cleanup(n: int) -> str:
    return f"clean {n}"
