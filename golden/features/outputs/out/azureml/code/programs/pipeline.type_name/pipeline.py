from __future__ import annotations

from typing import NamedTuple


class Scores(NamedTuple):
    auc: float
    table: dict[str, float]
    model: object


def type_name(value: Scores) -> str:
    return type(value).__name__
