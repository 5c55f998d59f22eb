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
    first = later  # error: [WYE1004]
    later = n
    for x in []:
        last = x
    return score(load(last))  # error: [WYE1004]
