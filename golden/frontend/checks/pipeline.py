"""raise and assert: one task each where nothing else stands in the branch."""

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


class Bad(ValueError):
    pass


@pipeline
def flow(n: int, d: dict[str, int]) -> int:
    assert n > 0, f"n is {n}"
    x = f(n)
    if x > 10:
        raise Bad("x", x)
    if x < 0:
        effect(n)
        raise RuntimeError
    size = d["k"]
    return f(size)
