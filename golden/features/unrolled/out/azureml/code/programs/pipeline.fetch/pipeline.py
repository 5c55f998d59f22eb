from __future__ import annotations


def fetch(region: str, n: int = 1) -> list[str]:
    return [f"{region}{i}" for i in range(n)]
