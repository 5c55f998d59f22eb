from wye import pipeline, step


@step
def load(n: int) -> int:
    return n


@pipeline
def nightly(n: int = 1) -> int:
    return load(n)
