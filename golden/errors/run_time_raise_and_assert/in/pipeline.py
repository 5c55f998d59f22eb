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
def flow(n: int = 3) -> None:
    assert n > 1, "too few"  # error: [WYE1011]
    publish(1.0)
    raise ValueError("always")  # error: [WYE1011]
