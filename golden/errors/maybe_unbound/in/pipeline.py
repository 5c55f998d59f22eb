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
    if n > 1:
        a = score(n)
    for row in load(n):
        last = score(row)
    try:
        first = score(n)
        second = score(n + 1)
    except ValueError:
        publish(first)  # error: [WYE1005]
        third = 0.0
    finally:
        publish(second)  # error: [WYE1005]
    return [a, last, row, second, third]  # error: [WYE1005]
