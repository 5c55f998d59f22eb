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
def ping(n: int) -> int:
    return pong(n)


@pipeline
def pong(n: int) -> int:
    return ping(n)  # error: [WYE1016]


@pipeline
def flow(n: int = 3) -> int:
    return ping(n)
