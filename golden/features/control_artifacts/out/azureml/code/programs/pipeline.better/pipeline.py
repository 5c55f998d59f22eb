from __future__ import annotations


class Model:
    def __init__(self, weight: int) -> None:
        self.weight = weight


def better(model) -> bool:
    return model.weight > 1
