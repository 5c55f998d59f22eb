from wye import pipeline, step


@step
def load(n: int) -> list[int]:
    return list(range(n))


@step
def score(n: int) -> float:
    return n / 2


@step
def publish(value: float) -> None:
    print(value)


@pipeline
def flow(n: int = 3) -> object:
    some = any(score(row) > 1 for row in load(n))  # error: [WYE1011]
    best = max(load(n), key=lambda row: score(row))  # error: [WYE1011]
    return [some, best]
