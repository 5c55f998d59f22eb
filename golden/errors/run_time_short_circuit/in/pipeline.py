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
    a = n > 1 and score(load(n))  # error: [WYE1011]
    b = score(load(n)) if n > 1 else 0.0  # error: [WYE1011]
    return [a, b]
