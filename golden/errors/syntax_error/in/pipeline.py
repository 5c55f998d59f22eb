from wye import pipeline, step


@step
def load(n: int) -> list[int]:
    return list(range(n))


@pipeline
def flow(n: int = 3)
    return load(n)  # error: [WYE1002]
