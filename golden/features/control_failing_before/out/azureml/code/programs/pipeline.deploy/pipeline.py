from __future__ import annotations


def deploy(rows: list[int]) -> str:
    return "deployed"
