"""A branch with an effect keeps its place; one without is ordered by its data."""

from wye import each, pipeline, step


@step
def f(x: int) -> int:
    return x + 1


@step
def g(x: int) -> bool:
    return x > 1


@step
def numbers(n: int) -> list[int]:
    return list(range(n))


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def effect(x: int) -> None:
    assert x >= 0


@step
def thing(x: int):
    return {x}


@pipeline
def flow(n: int) -> int:
    rows = f(n)
    if n > 1:
        effect(rows)
    if n > 2:
        size = f(rows)
    else:
        size = rows
    return add(size, f(n))
