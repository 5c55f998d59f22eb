"""What the plain call reads from real annotations is what the compiler reads from their text."""

from __future__ import annotations

import importlib
import sys

import pytest

from wye.frontend.annotations import Annotations
from wye.frontend.constants import Constants
from wye.frontend.declarations import Declarations
from wye.frontend.project import Project
from wye.sdk.describe import describe_function

KINDS = """\
import dataclasses
import enum
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypedDict, TypeVar

T = TypeVar("T")

class Color(enum.Enum):
    RED = 1

class Mode(str, enum.Enum):
    A = "a"

class Shade(enum.IntFlag):
    A = 1

@dataclasses.dataclass
class Row:
    name: str
    values: list[float]

@dataclasses.dataclass()
class Report(Row):
    file: Path
    extra: "Any" = None

@dataclasses.dataclass
class Node:
    children: "list[Node]"

class Pair(NamedTuple):
    x: float
    path: Path

class Config(TypedDict):
    a: int

@dataclasses.dataclass
class Box(Generic[T]):
    item: T

class Model:
    pass

class Sub(Row):
    pass
"""

FLOW = """\
{future}
import collections.abc
import datetime as dt
import decimal
import http
import pathlib
import typing as t
from collections import OrderedDict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Dict, Final, FrozenSet, List, Literal, NewType, Optional
from typing import Sequence, Set, Tuple, TypedDict, Union
from uuid import UUID

import kinds
from kinds import Box, Color, Config, Mode, Model, Node, Pair, Report, Row, Sub
from wye import pipeline, step

if TYPE_CHECKING:
    import nowhere
    from kinds import Row as Lazy
    from nowhere.deep import Thing

UserId = NewType("UserId", int)
Vector = list[float]
Maybe = Optional[float]

{steps}
"""

PARAMETERS = [
    "int", "float", "bool", "str", "bytes", "complex", "None", "object", "Any", "t.Any", "list", "dict", "tuple", "set", "frozenset",
    "List", "Dict", "Tuple", "Set",
    "list[int]", "List[int]", "dict[str, float]", "Dict[str, List[int]]", "set[str]", "Set[int]", "frozenset[int]", "FrozenSet[int]",
    "tuple[int, str]", "Tuple[int, str]",
    "tuple[int, ...]", "tuple[int]", "tuple[()]", "Tuple[()]", "list[list[dict[str, tuple[int, float]]]]", "Optional[int]",
    "Union[int, str, None]", "int | None",
    "None | int | str", "list[int | None]", "Optional[list[float]]", "Union[int, Any]", "int | Model", "Literal['a', 1, True, None]",
    "Literal[-1]", "Literal[Color.RED]", "Literal[b'a']",
    "Annotated[int, 'n']", "Annotated[list[float], 3]", "Final[int]", "Path", "pathlib.Path", "list[Path]", "dict[str, Path]",
    "Path | None", "dt.datetime", "dt.date", "dt.time",
    "dt.timedelta", "Decimal", "decimal.Decimal", "UUID", "Color", "Mode", "kinds.Mode", "kinds.Shade", "Row", "Report", "Node", "Pair",
    "Config", "Box", "Box[int]", "Model", "Sub", "list[Row]",
    "dict[Color, float]", "UserId", "list[UserId]", "Vector", "Maybe", "Sequence[int]", "collections.abc.Mapping[str, int]",
    "t.Callable[[int], int]", "type[int]", "OrderedDict", "http.HTTPStatus",
    "bytearray", "memoryview", "range", "t.Iterable[int]", "'list[int]'", "list['Row']", "Optional['Row']",
]  # fmt: skip
LATE = [
    "Lazy", "list[Lazy]", "nowhere.Frame", "dict[str, nowhere.Frame]", "Optional[nowhere.Frame]", "nowhere.Frame | None",
    "int | nowhere.Frame", "nowhere.Array[int]", "Thing", "list[Thing]",
    "tuple[Thing, float]", "Union[Thing, list[float]]",
]  # fmt: skip
RESULTS = [
    "None", "int", "tuple[int, float]", "Tuple[int, float]", "tuple[Annotated[int, 'a'], Annotated[float, 'b']]", "tuple[Model, float]",
    "tuple[int, ...]", "tuple[()]", "tuple[int]",
    "Annotated[float, 'auc']", "Annotated[tuple[int, float], 'both']", "Pair", "Optional[Pair]", "Model", "Path",
    "tuple[Path, list[float]]", "list[Row]", "'tuple[int, str]'",
]  # fmt: skip


def test_agrees_with_the_compiler(tmp_path, monkeypatch):
    check(tmp_path, monkeypatch, "from __future__ import annotations", PARAMETERS + LATE)


def test_agrees_with_the_compiler_on_evaluated_annotations(tmp_path, monkeypatch):
    check(tmp_path, monkeypatch, "", PARAMETERS)


def check(tmp_path, monkeypatch, future, parameters):
    steps = [f"@step\ndef p{i}(x: {text}): ..." for i, text in enumerate(parameters)]
    steps += [f"@step\ndef r{i}() -> {text}: ..." for i, text in enumerate(RESULTS)]
    (tmp_path / "kinds.py").write_text(KINDS)
    (tmp_path / "flow.py").write_text(FLOW.format(future=future, steps="\n\n".join(steps)))
    project = Project(tmp_path / "flow.py")
    annotations = Annotations(project)
    declarations = Declarations(project, annotations, Constants(project))
    compiled = {d.name: declarations.step(d) for kind, d in declarations.all(project.entry)}
    project.diagnostics.check()
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("flow", "kinds"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    flow = importlib.import_module("flow")
    try:
        for name, step in compiled.items():
            text = parameters[int(name[1:])] if name[0] == "p" else RESULTS[int(name[1:])]
            described = describe_function(getattr(flow, name).function)
            assert dict(described.parameters) == {p.name: p.type for p in step.parameters}, text
            assert described.type == step.type, text
            assert [*described.ports] == [(p.name, p.type) for p in step.ports], text
            result = f"{described.kind.__module__}:{described.kind.__qualname__}" if described.result == "class" else described.result
            assert result == step.result, text
    finally:
        for name in ("flow", "kinds"):
            sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("annotation", "wanted"),
    [(int, "int"), ("int", "int"), ("no such syntax(", "any"), ("1 / 0", "any"), (3, "any"), ([int], "any"), ({}, "any")],
)
def test_odd_annotations(annotation, wanted):
    def f(x): ...

    f.__annotations__["x"] = annotation
    assert describe_function(f).parameters == {"x": wanted}
    assert describe_function(f).type == "any"


def test_local_classes_are_any():
    import enum

    class Here(enum.Enum):
        A = 1

    def f(x): ...

    f.__annotations__["x"] = Here
    assert describe_function(f).parameters == {"x": "any"}
