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
def flow(n: int = 3, xs: list[int] = [1]) -> list[int]:
    rows = load(n)
    rows.append(4)  # error: [WYE1017]
    xs.append(4)  # error: [WYE1017]
    rows[0] = 1  # error: [WYE1017]
    rows.sort()  # error: [WYE1017]
    mine = []
    other = mine
    mine.append(n)  # error: [WYE1017]
    d = {"a": 1}
    d.pop("a")  # error: [WYE1017]
    n.real = 2  # error: [WYE1017]
    return rows
