"""None, empty containers, integers past 2**53, NaN, infinities, tuples, enums, dataclasses and odd keys, through every hand-over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, NamedTuple, Optional
from uuid import UUID

from wye import pipeline, step


class Colour(Enum):
    RED = "red"
    BLUE = ("b", 1)


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Pair(NamedTuple):
    left: int
    right: Optional[str]


@dataclass(frozen=True)
class Point:
    x: float
    y: float = 0.0


@dataclass
class Shape:
    name: str
    points: list[Point] = field(default_factory=list)
    colour: Colour = Colour.RED
    extra: dict[str, Any] = field(default_factory=dict)


@step
def nothing() -> None:
    return None


@step
def maybe(value: Optional[int]) -> Optional[int]:
    return value


@step
def numbers() -> list[float]:
    return [float("nan"), float("inf"), float("-inf"), -0.0, 5e-324, 1.7976931348623157e308, 0.1]


@step
def integers() -> list[int]:
    return [2**53 + 1, -(2**53) - 1, 2**64, 10**40, 0]


@step
def integer(value: int) -> int:
    return value + 1


@step
def real(value: float) -> float:
    return value


@step
def truth(value: bool) -> bool:
    return not value


@step
def any_of(value: Any) -> Any:
    return value


@step
def describe(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"


@step
def nested() -> tuple[tuple[int, tuple[str, None]], list[tuple[int, ...]]]:
    return (1, ("a", None)), [(), (1,), (1, 2)]


@step
def keys() -> dict[int, dict[str, list[int]]]:
    return {3: {"z": [1]}, 1: {}, 2: {"b": [], "a": [2]}}


@step
def by_tuple() -> dict[tuple[int, str], bool]:
    return {(2, "b"): True, (1, "a"): False}


@step
def sets() -> tuple[set[int], frozenset[str]]:
    return {3, 1, 2}, frozenset({"only"})


@step
def raw() -> bytes:
    return bytes(range(256))


@step
def times() -> list[Any]:
    return [
        date(2026, 1, 31), time(6, 30), datetime(2026, 1, 31, 6, 30, 0, 123456), datetime(2026, 1, 31, tzinfo=timezone.utc),
        timedelta(days=-1, microseconds=1), Decimal("1.10"), UUID(int=7), 1 + 2j,
    ]  # fmt: skip


@step
def shape(colour: Colour, level: Level) -> Shape:
    return Shape("s", [Point(1, 2), Point(0.5)], colour, {"level": level, "pair": Pair(1, None), "$dollar": (1, 2)})


@step
def inside(s: Shape) -> tuple[bool, bool, bool, str]:
    return s.colour is Colour.BLUE, isinstance(s.points[0], Point), isinstance(s.extra["pair"], Pair), repr(s)


@step
def pair(left: int) -> Pair:
    return Pair(left, None)


@step
def gather(values: list[Any]) -> list[Any]:
    return values


@pipeline
def values(
    none: Optional[int] = None,
    empty_list: list[int] = [],
    empty_dict: dict[str, int] = {},
    big: int = 2**53 + 1,
    ratio: float = 1,
    tiny: float = 5e-324,
    flag: bool = False,
    deep: list[list[Any]] = [[], [None, [[]], {}]],
    word: str = "",
) -> dict[str, Any]:
    point = shape(Colour.BLUE, Level.HIGH)
    p = pair(7)
    return {
        "none": [nothing(), maybe(none), maybe(None), maybe(3)],
        "empty": [any_of(empty_list), any_of(empty_dict), any_of([]), any_of({}), any_of(word), any_of(())],
        "big": [integer(big), integer(9007199254740993), integers()],
        "real": [real(ratio), real(tiny), real(3), numbers(), any_of(numbers())],
        "truth": [truth(flag), truth(True)],
        "deep": any_of(deep),
        "nested": [nested(), any_of(nested())],
        "keys": [keys(), any_of(keys()), by_tuple(), any_of({1: "one", "1": "text", None: 2.0, True: "one again"})],
        "sets": [describe(sets()), any_of(sets())],
        "raw": describe(raw()),
        "times": [times(), any_of(times())],
        "shape": [inside(point), point, p, p.left, p.right],
        "reprs": [describe(none), describe(big), describe(ratio), describe(keys()), describe(p), describe(Level.HIGH), describe(Colour.RED)],
        "gathered": gather([none, big, nothing(), numbers(), {"k": nested()}, (1, (2, none)), Colour.BLUE]),
    }
