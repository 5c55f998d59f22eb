"""Independent iterations: accumulated lists and dicts, filters, running totals, the last value, several names, objects."""

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
def flow(n: int, xs: list[int], d: dict[str, int]) -> object:
    ys, squares, table, total, last = [0], [], {}, 0, -1
    count = 0
    for i, x in enumerate(xs):
        y = f(x)
        ys.append(y)
        if y > 2:
            squares.append(y * y)
            count += 1
        table[f"{i}"] = y
        total += f(y)
        last = y
    things = [thing(x) for x in numbers(n)]
    for t in things:
        effect(len(t))
    pairs = {k: f(v) for k, v in d.items()}
    some = [f(x) for x in each(xs, max_parallel=2) if x > 1 if g(x)]
    grid = [[add(x, y) for y in numbers(x)] for x in numbers(n)]
    return [ys, squares, table, total, last, count, pairs, some, grid, sum(f(x) for x in xs)]
