"""Run parameters of every JSON type, overridden at run time by params.json."""

from __future__ import annotations

from typing import Any, Optional

from wye import pipeline, step


@step
def show(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"


@step
def add(n: int, x: float) -> float:
    return n + x


@pipeline
def parameters(
    n: int = 1,
    x: float = 2.5,
    flag: bool = False,
    text: str = "default",
    maybe: Optional[str] = "something",
    rows: list[dict[str, Any]] = [{"a": 1}],
    table: dict[str, list[float]] = {},
    free=None,
    kept: str = "kept {{ ds }}",
) -> list[Any]:
    return [show(n), show(x), show(flag), show(text), show(maybe), show(rows), show(table), show(free), show(kept), add(n, x), rows, free]
