from wye import Schedule, pipeline, step


@step
def train(n: int) -> int:
    return n


@pipeline(schedule=Schedule(cron="30 2 * * *", timezone="Europe/Zurich", catchup=True))  # error: [WYE4001]
def flow(n: int = 3) -> int:
    return train(n)
