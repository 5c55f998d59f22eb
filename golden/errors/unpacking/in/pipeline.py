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
def flow(n: int = 3) -> object:
    a, b = n  # error: [WYE3003]
    c, d, e = 1, 2  # error: [WYE1027]
    *f, *g = load(n)  # error: [WYE1027]
    return [a, b, c, d, e, f, g]
