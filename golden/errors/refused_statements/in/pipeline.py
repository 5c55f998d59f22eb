from wye import pipeline, step


@step
def load(n: int) -> list[int]:
    return list(range(n))


@step
def score(rows: list[int], least: int = 0) -> float:
    return len(rows) - least


@step
def publish(value: float) -> None:
    print(value)


@pipeline
def flow(n: int = 3) -> None:
    import os  # error: [WYE1010]
    global rows  # error: [WYE1010]
    with open("x") as f:  # error: [WYE1010]
        pass
    match n:  # error: [WYE1010]
        case 1:
            pass
    def inner():  # error: [WYE1010]
        return 1
    class Inner:  # error: [WYE1010]
        pass
    del n  # error: [WYE1010]
    yield n  # error: [WYE1010]
