import wye

from ._helpers import numbers


@wye.step
def load(n: int) -> list[int]:
    return numbers(n)


@wye.step()
def total(rows: list[int]) -> int:
    return sum(rows)
