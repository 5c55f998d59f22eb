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
def flow(n: int = 3, words: list[str] = ["a"]) -> list[float]:
    scores = [score(rows) for rows in [load(n)]]
    for row in load(n):  # error: [WYE1011]
        publish(row)
    for word in words:  # error: [WYE1011]
        publish(1.0)
    return [score(load(x)) for x in load(n)]  # error: [WYE1011]
