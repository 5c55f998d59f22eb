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
def flow(name: str = "a,b", d: dict[str, int] = {"a": 1}, xs: list[int] = [1]) -> list[object]:
    return [
        name.upper().split(","), name.replace("a", "b"), ",".join([name, "z"]), name.startswith("a"), name.format(1, k=2), name.strip().title(),
        d.get("a", 0), list(d.items()), sorted(d.keys()), list(d.values()), xs.index(1), xs.count(1), (1, 2).index(2), "x".join(["a"]),
    ]
