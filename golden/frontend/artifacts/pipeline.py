from pathlib import Path

from wye import pipeline, step


class Model:
    pass


@step
def fit(data: Path) -> Model:
    return Model()


@step
def write(n: int) -> Path:
    return Path("x")


@step
def raw(model: Model) -> bytes:
    return b""


@step
def untyped(x):
    return x


@pipeline
def flow(n: int = 3) -> Path:
    model = fit(write(n))
    untyped(raw(model))
    untyped([model, n])
    return write(n)
