from wye import pipeline, step

LEAST = 5


@step
def mixed(a: int, b: int = 2, /, c: int = LEAST, *, d: str = "d", e: list[int] | None = None, f=None) -> str:
    return ""


@step
def load(n: int) -> int:
    return n


@pipeline
def flow(n: int = 3, /, m: int = 1, *, name: str = "x") -> list[str]:
    return [mixed(n), mixed(n, m, d=str(load(2)), c=load(1)), mixed(n, f=(n, m), e=[load(3)])]
