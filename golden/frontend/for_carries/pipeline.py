"""Iterations that need what earlier ones left, or that can end early."""

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
def flow(n: int, xs: list[int]) -> object:
    total, seen, best = 0, [], None
    for x in xs:
        if x == 3:
            continue
        total = add(total, x)
        seen.append(total)
        if g(total):
            best = x
            break
    for x in xs:
        if g(x):
            return [x]
    return [total, seen, best]
