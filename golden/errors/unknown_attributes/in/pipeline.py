from dataclasses import dataclass
from enum import Enum

from wye import pipeline, step


class Kind(Enum):
    A = 1


@dataclass
class Point:
    x: int


@step
def make() -> Point:
    return Point(1)


@step
def use(kind: Kind, n: int) -> int:
    return n


@pipeline
def flow(name: str = "x") -> list[object]:
    p = make()
    a = use(Kind.B, p.y)  # error: [WYE1014]
    b = name.uper()  # error: [WYE1013]
    c = use.optoins(timeout=1)(Kind.A, 1)  # error: [WYE1012]
    d = p.x
    e = name.length  # error: [WYE1014]
    f = Point(z=1)  # error: [WYE1032]
    return [a, b, c, d, e, f]
