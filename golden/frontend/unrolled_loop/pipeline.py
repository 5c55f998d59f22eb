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


SIZES = (1, 2)


@pipeline
def flow(n: int = 3) -> list[float]:
    scores = []
    for size in SIZES:
        rows = load(size)
        scores.append(score(rows, least=size + n))
    for k in [10]:
        publish(scores[0])
    return scores
