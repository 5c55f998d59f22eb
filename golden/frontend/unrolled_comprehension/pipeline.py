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
def flow(n: int = 3) -> object:
    many = [score(load(k)) for k in [1, 2]]
    named = {name: load(k) for name, k in [("a", 1), ("b", 2)]}
    cross = [load(a + b) for a in (1, 2) for b in (10, 20)]
    return [many, named, cross]
