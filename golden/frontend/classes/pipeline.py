from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from wye import pipeline, step


class Kind(Enum):
    A = "a"
    B = "b"


class Pair(NamedTuple):
    left: int
    right: int = 0


@dataclass(frozen=True)
class Config:
    depth: int
    kind: Kind = Kind.A
    names: list[str] = field(default_factory=list)


@step
def use(config: Config, kind: Kind = Kind.B) -> Config:
    return config


@pipeline
def flow(n: int = 3) -> list[object]:
    c = use(Config(n, names=["x"]))
    p = Pair(n)
    return [c.depth, use(c, Kind.A), Config(1, Kind.B).kind is Kind.B, p.left, Kind.A.value, c.kind == Kind.A]
