import json

LIMIT = 3

from wye import pipeline, step


@step
def load(n: int) -> list[int]:
    return list(range(n))


@step
def score(n: int) -> float:
    return n / 2


@step
def publish(value: float) -> None:
    print(value)


@pipeline
def flow(n: int = 3) -> float:
    try:
        return score(n)
    except json.JSONDecodeError:  # error: [WYE1030]
        publish(1.0)
    except (ValueError, LIMIT):  # error: [WYE1030]
        publish(2.0)
    raise n  # error: [WYE1030]
