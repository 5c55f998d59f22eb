from __future__ import annotations

from typing import NamedTuple


class Scores(NamedTuple):
    auc: float
    table: dict[str, float]
    model: object


def scores() -> Scores:
    return Scores(1, {"a": 0.5}, {1, 2})
