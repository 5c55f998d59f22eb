from __future__ import annotations


class Model:
    def __init__(self, weight: int) -> None:
        self.weight = weight


def best(models) -> int:
    return max(m.weight for m in models)
