from helpers import laod, score
from wye import pipeline


@pipeline
def flow(n: int = 3) -> int:
    return score(laod(n))  # error: [WYE1003]
