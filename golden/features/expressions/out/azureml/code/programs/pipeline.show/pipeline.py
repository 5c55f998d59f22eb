from __future__ import annotations
from enum import Enum


class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"


def show(value: Any) -> str:
    return repr(value)
