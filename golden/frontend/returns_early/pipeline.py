"""An early return: what follows is the other arm, or stands under the condition that it did not happen."""

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
def flow(n: int, m: int = 2) -> int:
    if n == 0:
        return 0
    x = f(n)
    if g(x):
        if m > 2:
            return f(m)
        y = f(x)
    else:
        y = x
    effect(y)
    return add(x, y)
