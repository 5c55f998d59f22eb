from __future__ import annotations


def numbers() -> list[float]:
    return [float("nan"), float("inf"), float("-inf"), -0.0, 5e-324, 1.7976931348623157e308, 0.1]
