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
def flow(n: int = 3, name: str = "x", x: float = 0.5) -> list[str]:
    rows = load(n)
    return [f"{n}", f"{name!r:>{n}}", f"{{}} {x:.2f} {rows[0]:03d}", f"{n=}", "a" f"{n}" "b", f"{name}'{name}\"{'q'}", f"{len(rows)} {{ {n} }}"]
