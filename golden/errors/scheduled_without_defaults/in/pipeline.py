from wye import Schedule, pipeline, step


@step
def load(n: int) -> int:
    return n


@pipeline(schedule=Schedule(cron="0 6 * * *"))
def flow(n: int, m: int = 2) -> int:  # error: [WYE2009]
    return load(n)
