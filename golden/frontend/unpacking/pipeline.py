from wye import pipeline, step


@step
def load(n: int) -> list[int]:
    return list(range(n))


@step
def score(rows: list[int], least: int = 0) -> float:
    return len(rows) - least


@step
def publish(value: float) -> None:
    print(value)


@pipeline
def flow(n: int = 3) -> float:
    first, *middle, last = load(n)
    (a, b), c = (n, 1), 2
    x = y = load(2)
    [p] = load(1)
    return score([first, *middle, last, a, b, c, p], least=len(x) + len(y))
