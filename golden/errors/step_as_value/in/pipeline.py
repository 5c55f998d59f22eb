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
def flow(n: int = 3) -> list[float]:
    f = load  # error: [WYE1015]
    rows = list(map(load, [n]))  # error: [WYE1015]
    return [score(f(n)), rows, score.least]  # error: [WYE1012], [WYE1015]
