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
def flow(n: int = 3, x: float = 0.5, flag: bool = True, name: str = "x") -> list[object]:
    return [
        n + 1 - 2 * 3, (n + 1) * 2, -n**2, (-n) ** 2, n // 2 % 3, ~n << 1 | 4 & n ^ 1, n / x,
        1 < n <= 10, n == 1 != flag, not flag, flag and n or name, (flag or n) and name, name in ["x"], name not in {"a": 1},
        name is None, flag is True, n if flag else x, (n if flag else x) if n else name,
    ]
