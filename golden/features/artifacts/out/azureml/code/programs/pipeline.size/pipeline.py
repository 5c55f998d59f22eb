from __future__ import annotations


def size(data: bytes) -> int:
    return len(data)
