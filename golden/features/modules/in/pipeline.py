"""Several modules: packages, relative imports, aliases, re-exports, a circle, a registry, singledispatch, TYPE_CHECKING."""

from __future__ import annotations

from typing import TYPE_CHECKING

import acme.stats as st
from acme import Kind, describe
from acme.io import load as read_rows
from acme.registry import score
from wye import pipeline, step

if TYPE_CHECKING:
    from acme.missing import Nothing

UNUSED = "kept, or dropped, without harm"
FACTOR = 2


def helper(x: float) -> float:
    """Used by a step, in this module."""
    return x * FACTOR


@step
def scaled(rows: list[int]) -> list[float]:
    return [helper(st.half(r)) for r in rows]


@step
def kinds(rows: list[int]) -> list[str]:
    return [describe(Kind.of(r)) + "|" + describe(r) + "|" + describe(str(r)) for r in rows]


@step
def checked(kind: Kind) -> tuple[bool, str]:
    return kind is Kind.EVEN, type(kind).__module__


@step
def make_kind(n: int) -> Kind:
    return Kind.of(n)


@step
def optional(x: "Nothing | None" = None) -> str:
    return repr(x)


@pipeline
def modules(n: int = 4) -> dict[str, object]:
    rows = read_rows(n)
    return {
        "scaled": scaled(rows),
        "kinds": kinds(rows),
        "scores": [score("sum", rows), score("max", rows)],
        "checked": checked(make_kind(n)),
        "optional": optional(),
        "mean": st.mean(rows),
    }
