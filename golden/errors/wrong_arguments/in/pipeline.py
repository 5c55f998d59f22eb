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
    a = load()  # error: [WYE1031]
    b = load(n, n)  # error: [WYE1034]
    c = score(a, lest=1)  # error: [WYE1032]
    d = score(b, least=1, **{"least": 2})  # error: [WYE1033]
    e = score(a, rows=b)  # error: [WYE1033]
    return c + d + e
