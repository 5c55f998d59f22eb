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
def flow(n: int = 3, xs: list[int] = [1, 2], d: dict[str, int] = {"a": 1}) -> list[object]:
    x = n
    return [
        [x * n for x in xs if x > 1 if x < 9], {k: v + n for k, v in d.items()}, sorted({y % 2 for y in xs}), sum(a * b for a in xs for b in xs),
        [[z for z in range(y)] for y in xs], x,
    ]
