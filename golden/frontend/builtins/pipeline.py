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
def flow(n: int = 3, xs: list[int] = [2, 1], name: str = "abc") -> list[object]:
    rows = load(n)
    return [
        len(rows), sum(xs, n), min(n, 1), max(xs, default=0), sorted(xs, key=lambda x: -x, reverse=True), list(zip(xs, rows)),
        list(enumerate(rows, start=1)), list(range(n)), any(xs), all(x > 0 for x in xs), str(n), int("3"), dict(a=n), tuple(rows), set(xs) == {1},
        round(n / 2, 1), abs(n), list(map(lambda x: x + n, xs)), bool(n),
    ]
