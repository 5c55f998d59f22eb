from __future__ import annotations


class Model:
    def __init__(self, weight: int) -> None:
        self.weight = weight


def weigh(model) -> int:
    return model.weight
