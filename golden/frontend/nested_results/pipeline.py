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
def pair(n: int) -> tuple[float, list[int]]:
    rows = load(n)
    return score(rows), rows


@pipeline
def constant() -> str:
    return "constant"


@pipeline
def pick(xs: list[int], i: int = 0) -> int:
    return xs[i]


@pipeline
def flow(n: int = 3) -> list[object]:
    value, rows = pair(n)
    whole = pair(2)
    return [value, whole[1], constant(), pick(rows), pick([n, 7], i=1)]
