from __future__ import annotations


def use(f: object, xs: list[int]) -> list[int]:
    return f(xs)
