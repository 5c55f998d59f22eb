from __future__ import annotations


def cleanup(n: int) -> None:
    print("clean", n)
