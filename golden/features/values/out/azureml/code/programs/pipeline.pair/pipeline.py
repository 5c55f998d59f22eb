from __future__ import annotations
from typing import NamedTuple, Optional


class Pair(NamedTuple):
    left: int
    right: Optional[str]


def pair(left: int) -> Pair:
    return Pair(left, None)
