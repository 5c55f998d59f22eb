from wye import pipeline, step


@step
def load(n: int) -> list[int]:
    return list(range(n))


@pipeline
def flow(n: int = 3)  # error: [WYE1002]
    return load(n)
