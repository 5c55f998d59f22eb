from models import fit
from wye import pipeline, step


@step
def load(n: int) -> list[int]:
    return [n]


@pipeline
def flow(n: int = 3) -> object:
    return fit(load(n))
