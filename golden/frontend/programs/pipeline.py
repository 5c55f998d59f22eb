"""The module's docstring."""

from __future__ import annotations

import json
import math  # used by nobody
from functools import singledispatch
from typing import TYPE_CHECKING

import missing_package
from wye import pipeline, step

if TYPE_CHECKING:
    from nowhere import Nothing

LIMIT = 10  # used by `load`
UNUSED = [1, 2, 3]
HANDLERS: dict[str, object] = {}


def handler(name: str):
    def add(f):
        HANDLERS[name] = f
        return f

    return add


@handler("csv")
def _csv(n: int) -> list[int]:
    return list(range(min(n, LIMIT)))


def unused() -> None:
    missing_package.run()


class Plain:
    """Unreached."""


@singledispatch
def show(x: object) -> str:
    return "object"


@show.register
def _show_int(x: int) -> str:
    return json.dumps(x)


# A comment above the step stays.
@step
def load(n: int) -> list[int]:
    """Loads."""
    return HANDLERS["csv"](n)  # through the registry


@step
def text(n: int) -> str:
    return show(n)


@pipeline
def flow(n: int = 3) -> list[object]:
    return [load(n), text(n)]


if __name__ == "__main__":
    flow()
