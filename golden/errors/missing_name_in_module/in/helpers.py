from wye import step


@step
def load(n: int) -> int:
    return n


@step
def score(n: int) -> int:
    return n
