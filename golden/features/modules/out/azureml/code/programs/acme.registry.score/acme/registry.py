from __future__ import annotations

SCORES: dict[str, Callable[[list[int]], int]] = {}


def register(name: str):
    def add(function):
        SCORES[name] = function
        return function

    return add


@register("sum")
def _sum(rows: list[int]) -> int:
    return sum(rows)


@register("max")
def _max(rows: list[int]) -> int:
    return max(rows)


class Base:
    pass


class Leaf(Base):
    weight = 100


def score(name: str, rows: list[int]) -> int:
    return SCORES[name](rows) + sum(c.weight for c in Base.__subclasses__())
