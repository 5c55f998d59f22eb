from __future__ import annotations
from enum import Enum


class Colour(Enum):
    RED = "red"
    BLUE = ("b", 1)


def gather(values: list[Any]) -> list[Any]:
    return values
