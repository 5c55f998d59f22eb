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
    a = load(n)
    b = load.after(a)(1)
    c = load.after(a, b).options(timeout="5m")(2)
    return score.options(timeout=60).after(c)(a)
