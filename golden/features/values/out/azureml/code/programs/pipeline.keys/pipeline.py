from __future__ import annotations


def keys() -> dict[int, dict[str, list[int]]]:
    return {3: {"z": [1]}, 1: {}, 2: {"b": [], "a": [2]}}
