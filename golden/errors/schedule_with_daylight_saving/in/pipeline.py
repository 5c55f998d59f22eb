from wye import Schedule, pipeline, step


@step
def train(n: int) -> int:
    return n


@pipeline(schedule=Schedule(cron="0 6 * * *", timezone="Europe/Zurich"))  # error: [WYE4001]
def flow(n: int = 3) -> int:
    return train(n)
