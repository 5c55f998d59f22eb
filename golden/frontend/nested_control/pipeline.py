"""Nested pipelines with control flow, called from branches and loops."""

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
def inner(n: int, strict: bool = True) -> int:
    if strict:
        effect(n)
    if n > 3:
        return f(n)
    return n


@pipeline
def flow(n: int, xs: list[int]) -> object:
    a = inner(n)
    if n > 1:
        b = inner(a, strict=False)
    else:
        b = 0
    return [a, b, [inner(x) for x in xs]]
