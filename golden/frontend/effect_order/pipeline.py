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
    rows = load(n)
    publish(1.0)
    other = load(2)
    publish(2.0)
    return score(rows, least=len(other))
