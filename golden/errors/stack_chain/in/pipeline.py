from wye import pipeline, step


@step
def train(n: int) -> int:
    return n


@pipeline
def flow(n: int = 3) -> int:
    return train(n)
