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
def flow(n: int = 3, name: str = "x") -> float:
    rows = load(name)  # error: [WYE3001]
    one = score(n)  # error: [WYE3001]
    two = score(rows, least="many")  # error: [WYE3001]
    return "text"  # error: [WYE3001]
