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
def flow(n: int = 3) -> int:
    share = 10 // n
    total = n + 1
    first = load(n)[5]
    n // 2
    "text"
    return 1
