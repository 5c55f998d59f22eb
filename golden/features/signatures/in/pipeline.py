"""Every way to hand an argument over: positional-only, keyword-only, defaults of every kind, keywords out of order, literal unpacking."""

from __future__ import annotations

from typing import Literal, Optional, Union

from wye import pipeline, step

BASE = 10


@step
def mixed(a: int, b: int = 2, /, c: int = BASE, *, d: str = "d", e: Optional[list[int]] = None) -> str:
    return f"{a} {b} {c} {d} {e}"


@step
def union(value: Union[int, str, None], mode: Literal["x", "y", 1] = "x") -> str:
    return f"{value!r} {mode!r}"


@step
def reals(xs: list[float], table: dict[str, float]) -> str:
    return f"{xs} {table}"


@step
def none_default(x: int = 3, *, y: Optional[int] = 4) -> str:
    return f"{x} {y}"


@step
def no_annotations(a, b=(1, 2)):
    return [a, b]


@pipeline
def signatures(n: int = 1, /, m: int = 2, *, name: str = "name") -> list[object]:
    return [
        mixed(n),
        mixed(n, m, 3, d=name),
        mixed(n, e=[m], c=m + 1),
        mixed(*[n, m], **{"d": "star"}),
        union(n),
        union(None, "y"),
        union(name, 1),
        reals([1, n, 2.5], {"a": m}),
        none_default(y=None),
        none_default(y=m, x=n),
        no_annotations(n),
        no_annotations(a=name, b={"k": (n, m)}),
    ]
