"""Branches without tasks are expressions; with tasks, ternaries and short circuits are regions."""

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
def flow(n: int, m: int = 2, name: str = "x") -> object:
    if n > m:
        size, label = n, name + "!"
    else:
        size, label = m * 2, name
    both = g(n) and g(m)
    either = n > 3 or g(m)
    chosen = f(n) if size > 3 else f(m)
    small = n if n < m else m
    chain = f(n) < f(m) < f(size)
    return [size, label, both, either, chosen, small, chain]
