from wye import Schedule, pipeline, step


@step
def train(n: int) -> int:
    return n


@pipeline(schedule=Schedule(cron="0 6 * * *", timezone="Europe/Zurch"))  # error: [WYE2014]
def misspelt(n: int = 3) -> int:
    return train(n)


@pipeline(schedule=Schedule(cron="0 6 31 2,4 *"))  # error: [WYE2014]
def never(n: int = 3) -> int:
    return misspelt(n)


@pipeline(schedule=Schedule(at="2026-10-25T02:30", timezone="Europe/Zurich"))  # error: [WYE2014]
def twice(n: int = 3) -> int:
    return never(n)


@pipeline(schedule=Schedule(every="1h", start="2026-10-25", end="2026-10-24"))  # error: [WYE2014]
def backwards(n: int = 3) -> int:
    return twice(n)


@pipeline(schedule=Schedule(cron="0 6 L * *"))  # error: [WYE2014]
def flow(n: int = 3) -> int:
    return backwards(n)
