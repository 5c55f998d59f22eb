"""What a branch leaves: joins of outputs, constants, expressions and objects; names that stay; an arm that only fails."""

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
def flow(n: int, m: int = 2) -> object:
    kept = f(n)
    other = 1
    if g(n):
        a, b, c = f(n), 1, thing(n)
        d = f(m) + 1
        other = kept
    elif m > 2:
        a, b, c = 0, f(m), None
        d = 2
    else:
        raise ValueError(f"n is {n}")
    return [kept, other, a, b, c, d]
