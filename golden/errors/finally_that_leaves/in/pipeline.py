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
    for row in load(n):
        try:
            publish(row)
        finally:
            for x in (1, 2):
                if n > x:
                    break
            if n > 2:
                break  # error: [WYE1029]
            if n > 1:
                continue  # error: [WYE1029]
    try:
        publish(1.0)
    finally:
        return 0.0  # error: [WYE1029]
