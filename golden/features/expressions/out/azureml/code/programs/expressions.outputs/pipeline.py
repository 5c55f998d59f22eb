from __future__ import annotations
from enum import Enum


class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"
