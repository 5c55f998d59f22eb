from __future__ import annotations


def raw() -> bytes:
    return bytes(range(256))
