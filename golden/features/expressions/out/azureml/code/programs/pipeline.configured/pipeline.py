from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"


@dataclass(frozen=True)
class Config:
    depth: int
    name: str = "tree"
    mode: Mode = Mode.FAST


def configured(config: Config) -> str:
    return f"{config.name}:{config.depth}:{config.mode.value}"
