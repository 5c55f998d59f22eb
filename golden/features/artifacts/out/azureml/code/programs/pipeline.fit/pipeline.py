from __future__ import annotations

from models import Model


def fit(weights: list[float]) -> Model:
    return Model(weights)
