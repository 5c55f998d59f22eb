from __future__ import annotations


def publish(rows: list[int]) -> None:
    print("published", rows)
