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
def gate(value: float) -> None:
    publish(value)
    publish(value + 1)


@pipeline
def outer(value: float) -> float:
    gate(value)
    return value


@pipeline
def flow(n: int = 3) -> float:
    before = score(load(n))
    gate(before)
    value = outer(before)
    return score(load(n), least=int(value))
