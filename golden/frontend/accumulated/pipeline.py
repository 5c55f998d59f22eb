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
    total = 0
    for k in [1, 2, 3]:
        total += len(load(k)) * n
    text = ""
    for word in ["a", "b"]:
        text = text + word + str(n)
    return [total, text]
