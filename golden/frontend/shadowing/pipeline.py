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
def flow(load_: int = 3, list: int = 2, rows: int = 1) -> object:
    x = [rows for rows in [[1], [2]]]
    publish_ = score(load(list))
    load_ = load(load_)
    load_ = load_[0]
    return [x, rows, publish_, load_]
