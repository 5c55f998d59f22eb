import statistics as _statistics


def mean(rows: list) -> float:
    return _statistics.fmean(rows)
