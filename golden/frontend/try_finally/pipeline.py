"""finally: runs whatever happens; its own names; a return inside the body."""

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
    rows = f(n)
    try:
        model = f(rows)
        if g(model):
            return model
    finally:
        done = f(rows)
    return [model, done]
