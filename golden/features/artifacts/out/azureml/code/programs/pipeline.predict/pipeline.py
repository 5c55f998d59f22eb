from __future__ import annotations


def predict(model: Model, x: float) -> float:
    return model.predict(x)
