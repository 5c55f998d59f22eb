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
def flow(n: int = 3) -> object:
    try:
        publish(n)
    except ValueError as error:  # error: [WYE1010]
        raise  # error: [WYE1010]
    except TypeError:
        raise ValueError("no") from n  # error: [WYE1010]
    for row in load(n):  # error: [WYE1010]
        publish(row)
    else:
        publish(0.0)
    while n > 1:  # error: [WYE1010]
        break
    else:
        publish(1.0)
    return n
