from __future__ import annotations

from enum import Enum


class Kind(Enum):
    EVEN = 0
    ODD = 1

    @classmethod
    def of(cls, n: int) -> Kind:
        from .text import parity  # a circle: text imports kinds

        return cls[parity(n)]
