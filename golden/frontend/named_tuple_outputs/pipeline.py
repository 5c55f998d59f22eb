from typing import NamedTuple

from wye import pipeline, step


class Scores(NamedTuple):
    auc: float
    model: object


@step
def fit() -> Scores:
    return Scores(0.5, object())


@step
def use(value: object) -> str:
    return type(value).__name__


@pipeline
def flow() -> Scores:
    s = fit()
    auc, model = fit()
    use(s)
    use(s.model)
    use(auc)
    return s
