import statistics as _statistics

from wye import step as task


def half(x):
    return x / 2


@task
def mean(rows: list) -> float:
    return _statistics.fmean(rows)
