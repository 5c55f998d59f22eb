from __future__ import annotations


def train(rows: list[int]) -> int:
    raise RuntimeError("no memory")
