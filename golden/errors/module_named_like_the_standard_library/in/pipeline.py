from json import dumps
from wye import pipeline, step


@step
def load(n: int) -> str:
    return dumps(n)


@pipeline
def flow(n: int = 3) -> str:
    return load(n)
