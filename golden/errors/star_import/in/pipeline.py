from numpy import *
from wye import pipeline, step


@step
def load(n: int) -> int:
    return n


@pipeline
def flow(n: int = 3) -> int:
    return load(sum([n]))  # error: [WYE1003]
