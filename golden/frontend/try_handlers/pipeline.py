"""try: what raises is a task where it stands; names that handlers and what follows may read."""

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


class Trouble(ValueError):
    pass


@pipeline
def flow(n: int, d: dict[str, int]) -> object:
    kept = f(n)
    state = "new"
    try:
        k = d["k"]
        made = f(k)
        state = "made"
        effect(made)
    except Trouble:
        made = kept
    except (KeyError, IndexError):
        made = -1
    else:
        made = add(made, 1)
    finally:
        effect(kept)
    try:
        last = f(made)
    except Exception:
        return "failed"
    return [made, last]
