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
    rows = [n]
    for row in rows:  # error: [WYE1017]
        rows.append(row)
    table = {"a": n}
    for key, value in table.items():  # error: [WYE1017]
        table[key + "b"] = value
    kept = None
    more = []
    for row in load(n):
        more.append(row)  # error: [WYE1017]
        kept = more
    return [rows, table, more, kept]
