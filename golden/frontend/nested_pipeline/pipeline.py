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
def inner(rows: list[int], *, least: int = 1) -> float:
    return score(rows, least)


@pipeline
def flow(n: int = 3) -> float:
    rows = load(n)
    one = inner(rows)
    two = inner(rows, least=n)
    publish(one)
    return two
