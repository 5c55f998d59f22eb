from wye import pipeline

from ..steps import total


@pipeline
def half(value: int) -> float:
    return total([value]) / 2
