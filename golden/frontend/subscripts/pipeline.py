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
def flow(n: int = 3, d: dict[str, list[int]] = {"a": [1]}, name: str = "abc") -> list[object]:
    rows = load(n)
    return [rows[0], rows[-1], rows[1:], rows[:n], rows[::2], rows[n - 1], d["a"][0], d[name[0]], name[1:][0], (n, rows)[1][0]]
