from __future__ import annotations

from typing import NamedTuple


class Scores(NamedTuple):
    auc: float
    table: dict[str, float]
    model: object


def show(value: Any) -> str:
    return repr(value)
