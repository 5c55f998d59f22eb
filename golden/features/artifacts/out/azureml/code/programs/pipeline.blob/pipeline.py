from __future__ import annotations


def blob(n: int) -> bytes:
    return bytes(range(256)) * n
