# error: [WYE6011] [WYE6012]
import numpy  # error: [WYE6016]
from acme import rate

from wye import pipeline, step

SEEN: list[int] = []


@step(packages=["numpy"])
def load() -> float:
    SEEN.append(1)  # error: [WYE6004]
    return float(numpy.ones(3).sum())


@step
def convert(n: float) -> float:
    return n * rate()


@pipeline
def flow() -> None:
    convert(load())
