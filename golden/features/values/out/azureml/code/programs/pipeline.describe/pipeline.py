from __future__ import annotations
from enum import Enum, IntEnum
from typing import NamedTuple, Optional


class Colour(Enum):
    RED = "red"
    BLUE = ("b", 1)


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Pair(NamedTuple):
    left: int
    right: Optional[str]


def describe(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"
