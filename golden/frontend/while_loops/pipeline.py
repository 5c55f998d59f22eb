"""while: a condition on a step, on a carry, with break, forever, and with a walrus."""

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
def flow(n: int) -> object:
    k = n
    while g(k):
        k = f(k)
    i, steps = 0, []
    while i < n:
        i = f(i)
        steps.append(i)
        if i == 3:
            break
    while True:
        j = f(i)
        if g(j):
            break
    while (m := add(k, 2)) < 6:
        k = f(k)
    return [k, i, steps, j, m]
