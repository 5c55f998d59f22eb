from __future__ import annotations


def flip(seed: int) -> str:
    return "heads" if seed % 2 == 0 else "tails"
