from __future__ import annotations


def improve(model: Model) -> Model:
    model.weights.append(1.0)
    return model
