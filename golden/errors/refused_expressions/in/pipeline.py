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
def flow(n: int = 3, xs: list[int] = [1], d: dict[str, int] = {}) -> object:
    a = lambda x: x  # error: [WYE1023]
    b = (x for x in xs)  # error: [WYE1020]
    c = n is 3  # error: [WYE1018]
    e = [y for y in {1, 2}]  # error: [WYE1019]
    f = load(*xs)  # error: [WYE1024]
    g = score(**d)  # error: [WYE1024]
    h = ...  # error: [WYE1010]
    i = 3j  # error: [WYE1010]
    j = map(str, xs)  # error: [WYE1015], [WYE1020]
    return [a, b, c, e, f, g, h, i, j]
