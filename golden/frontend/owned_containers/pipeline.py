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
def flow(n: int = 3) -> object:
    xs = [n]
    xs.append(1)
    xs.extend([2, n])
    xs += [3]
    d = {"a": n}
    d["b"] = load(n)
    d.update({"c": 1})
    d["a"] = 0
    ys = list(xs)
    ys.append(9)
    value = score(xs)
    xs.append(4)
    return [xs, d, ys, value]
