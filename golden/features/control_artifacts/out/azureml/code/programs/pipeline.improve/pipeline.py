from __future__ import annotations


class Model:
    def __init__(self, weight: int) -> None:
        self.weight = weight


def improve(model):
    model.weight += 10
    return model
