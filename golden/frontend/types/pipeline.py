from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Dict, List, Literal, Optional, Tuple, Union
from uuid import UUID

import numpy as np
import pandas
from pandas import DataFrame as Frame
from wye import pipeline, step

Rows = list[dict[str, Any]]


class Kind(Enum):
    A = 1


@dataclass
class Point:
    x: int
    file: Path


class Model:
    pass


@step
def a(x: Optional[int], y: Union[int, str], z: int | None, w: Literal["a", 1], v: "list[int]", u: Dict[str, List[int]], t: Tuple[int, ...]) -> None: ...


@step
def b(x: Kind, y: Point, z: Model, w: Frame, v: pandas.Series, u: np.ndarray, t: Any, s: object, r: Rows) -> Point: ...


@step
def c(x: dt.datetime, y: dt.date, z: Decimal, w: UUID, v: bytes, u: set[int], t: frozenset[str], s: complex, r: Path) -> Path: ...


@step
def d(x: Sequence[int], y: Mapping[str, int], z: list, w: dict, v: tuple, u: "Missing", t: type[int]) -> list[Path]: ...


@step
def e(x, y: float = 1) -> tuple[Frame, dict[str, Path], bytes, int]: ...


@pipeline
def flow(x: list[dict[str, Any]] = [], y: Optional[float] = None) -> int:
    v, _, _, n = e(x)
    a(v, v, v, v, v, v, v)
    b(v, v, v, v, v, v, v, v, v)
    c(v, v, v, v, v, v, v, v, v)
    d(v, v, v, v, v, v, v)
    return n
