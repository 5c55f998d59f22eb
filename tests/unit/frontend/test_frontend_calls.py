"""Calls are bound as Python binds them: what Python refuses, or does more for, is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from wye.diagnostics import CompileFailed
from wye.frontend import load

HEADER = """
from dataclasses import KW_ONLY, InitVar, dataclass, field
from wye import pipeline, step

@dataclass
class Plain:
    a: int
    b: list[int] = field(default_factory=list)

@dataclass(kw_only=True)
class Named:
    a: int

@dataclass
class Partly:
    a: int
    _: KW_ONLY
    b: int = 0

@dataclass
class Made:
    a: int = field(init=False, default=3)

@dataclass
class Later:
    a: int
    def __post_init__(self): self.a += 1

@dataclass
class Only:
    a: InitVar[int]

@step
def use(x: object) -> int: ...

@pipeline
def inner(a: int, /, b: int = 1, *, c: int = 2) -> int:
    return use(a + b + c)
"""


def codes(expression: str, tmp_path: Path) -> set[str]:
    (tmp_path / "flow.py").write_text(f"{HEADER}\n@pipeline\ndef flow(n: int = 1) -> int:\n    return {expression}\n")
    try:
        load(tmp_path / "flow.py", "flow")
    except CompileFailed as failed:
        return {d.code for d in failed.diagnostics}
    return set()


@pytest.mark.parametrize("expression", ["use(Plain(n))", "use(Plain(a=n, b=[1]))", "inner(n)", "inner(n, 2, c=3)", "inner(n, b=2)"])
def test_bound(expression: str, tmp_path: Path) -> None:
    assert codes(expression, tmp_path) == set()


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("inner(n, 2, 3)", "WYE1034"),
        ("inner(a=n)", "WYE1032"),
        ("inner()", "WYE1031"),
        ("inner(n, 2, b=3)", "WYE1033"),
        ("use(Plain(n, [1], 3))", "WYE1034"),
        *((f"use({name}(n))", "WYE1025") for name in ("Named", "Partly", "Made", "Later", "Only")),
    ],
)
def test_refused(expression: str, code: str, tmp_path: Path) -> None:
    assert codes(expression, tmp_path) == {code}
