"""Classes and enums keep their identity from step to step, in pickles, in spawned children, and through a base class."""

from __future__ import annotations

import multiprocessing

from kinds import Base, Child, Failure, Kind
from wye import pipeline, step


@step
def make(kind: Kind) -> Child:
    return Child(kind, {kind: 1})


@step
def check(child: Child, kind: Kind) -> list[bool]:
    return [isinstance(child, Child), isinstance(child, Base), child.kind is Kind.A, child.kind is kind, child.table[Kind.A] == 1]


@step
def spawned(numbers: list[int]) -> list[int]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(square, numbers)


def square(n: int) -> int:
    return n * n


@step
def names(child: Child) -> list[str]:
    return [type(child).__module__, type(child).__qualname__, __name__, square.__module__]


@step
def caught() -> str:
    try:
        raise Failure("own")
    except Failure as error:
        return f"{type(error).__module__}: {error}"


@step
def recursive(n: int) -> int:
    """A step called inside a running step is the bare function."""
    return n if n < 1 else recursive(n - 1) + 1


@pipeline
def identity(numbers: list[int] = [1, 2, 3]) -> dict[str, object]:
    child = make(Kind.A)
    return {
        "same": check(child, Kind.A),
        "spawned": spawned(numbers),
        "names": names(child),
        "caught": caught(),
        "recursive": recursive(3),
        "kind": Kind.B,
    }
