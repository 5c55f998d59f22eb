from __future__ import annotations

from functools import singledispatch

from . import kinds


def parity(n: int) -> str:
    return "ODD" if n % 2 else "EVEN"


@singledispatch
def describe(value: object) -> str:
    return "object"


@describe.register
def _(value: int) -> str:
    return f"int {value}"


@describe.register(kinds.Kind)
def _kind(value: kinds.Kind) -> str:
    return f"kind {value.name}"
