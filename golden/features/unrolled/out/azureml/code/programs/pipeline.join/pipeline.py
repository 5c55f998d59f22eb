from __future__ import annotations


def join(parts: list[list[str]]) -> str:
    return ",".join(x for part in parts for x in part)
