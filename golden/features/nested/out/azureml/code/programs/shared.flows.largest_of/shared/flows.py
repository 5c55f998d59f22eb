from __future__ import annotations

from .helpers import biggest


def largest_of(xs: list[int]) -> int:
    return biggest(xs)
