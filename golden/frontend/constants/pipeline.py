from limits import LIMITS, MOST as LEAST
import limits
from wye import pipeline, step

TEXT = "a" + "b"
SUM = (1 + 2) * 3 - 2**4
NESTED = {"k": [1, (2.5, None)], "t": True}


@step
def use(value: object, other: object = limits.MOST) -> str:
    return repr(value)


@pipeline
def flow() -> list[str]:
    return [use(TEXT), use(SUM), use(NESTED["k"]), use(NESTED["k"][1][0]), use(LIMITS), use(LEAST), use(limits.LIMITS[0], -1)]
