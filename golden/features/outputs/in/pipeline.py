"""One step, several outputs: tuples, NamedTuples, named outputs; read whole, by element, by unpacking."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from wye import pipeline, step


class Scores(NamedTuple):
    auc: float
    table: dict[str, float]
    model: object


@step
def two() -> tuple[int, str]:
    return 1, "one"


@step
def one() -> tuple[int]:
    return (5,)


@step
def many(n: int) -> tuple[int, ...]:
    return tuple(range(n))


@step
def items(n: int) -> list[int]:
    return list(range(n))


@step
def scores() -> Scores:
    return Scores(1, {"a": 0.5}, {1, 2})


@step
def named() -> Annotated[float, "accuracy"]:
    return 0.75


@step
def both() -> tuple[Annotated[int, "rows"], Annotated[list[str], "columns"]]:
    return 3, ["a", "b"]


@step
def untyped():
    return {"free": (1, 2)}


@step
def show(value: Any) -> str:
    return repr(value)


@step
def add(a: int, b: int = 10) -> int:
    return a + b


@pipeline
def outputs() -> dict[str, Any]:
    number, word = two()
    whole = two()
    first, *rest = many(4)
    a, (b, c) = add(1), two()
    x, y, z = items(3)
    s = scores()
    rows, columns = both()
    (lonely,) = one()
    return {
        "unpacked": [show(number), show(word)],
        "whole": [show(whole), show(whole[0]), show(whole[1]), show(whole[-1]), whole],
        "starred": [first, rest, show(rest)],
        "nested": [a, b, c],
        "list": add(x, y) + z,
        "named_tuple": [show(s.auc), s.table["a"], show(s[1]), show(s.model), type_name(s), s.auc],
        "annotated": [named(), show(named())],
        "both": [rows, columns, len(columns)],
        "lonely": show(lonely),
        "untyped": [untyped(), show(untyped())],
        "swapped": swap(number, rows),
    }


@step
def type_name(value: Scores) -> str:
    return type(value).__name__


@step
def swap(a: int, b: int) -> tuple[int, int]:
    return b, a
