from __future__ import annotations


def untyped():
    return {"free": (1, 2)}
