"""A plain `if` on a step's output: the program that most pipeline SDKs compile to one fixed branch."""

from __future__ import annotations

from wye import pipeline, step


@step
def flip(seed: int) -> str:
    return "heads" if (seed * 2654435761) % 7 < 4 else "tails"


@step
def a() -> str:
    return "a ran"


@step
def b() -> str:
    return "b ran"


@pipeline
def coin(seed: int = 1) -> str:
    r = flip(seed)
    if r == "heads":
        said = a()
    else:
        said = b()
    return said
