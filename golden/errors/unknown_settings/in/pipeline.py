from wye import Resources, Retry, Schedule, pipeline, step


@step(retries=3, time_out="1h")  # error: [WYE2013]
def a(n: int) -> int:
    return n


@step(resources=Resources(cpus=2), retry=Retry(2, dely="1s"))  # error: [WYE2014]
def b(n: int) -> int:
    return n


@pipeline(shedule=Schedule(cron="0 6 * * *"), defaults={"retyr": Retry(1)})  # error: [WYE2013]
def flow(n: int = 3) -> int:
    return b.options(timeot="5m")(a(n))  # error: [WYE2013]
