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


GRID = {"a": [1, 2], "b": []}


@pipeline
def flow(n: int = 3) -> list[object]:
    found = []
    for name in ["a", "c"]:
        for size in GRID["a"]:
            found.append([name, load(size)])
    for size in GRID["b"]:
        found.append(size)
    last = None
    for i in [1, 2]:
        last = load(i)
    return [found, last]
