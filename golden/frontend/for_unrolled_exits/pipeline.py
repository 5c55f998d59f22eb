"""A short loop over what is known is unrolled even when it can be left: each later iteration stands under the condition."""

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
    found = 0
    for k in (1, 2, 3):
        x = add(n, k)
        if g(x):
            found = x
            break
    for k in [n, found]:
        if k > 5:
            continue
        effect(k)
    return found
