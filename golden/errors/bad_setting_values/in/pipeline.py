from wye import Resources, Retry, Schedule, Secret, pipeline, step


@step(resources=Resources(memory="lots"))  # error: [WYE2014]
def a(n: int) -> int:
    return n


@step(resources=Resources(cpu=-1))  # error: [WYE2014]
def b(n: int) -> int:
    return n


@step(timeout="soon", retry=Retry(-1))  # error: [WYE2014]
def c(n: int) -> int:
    return n


@step(secrets=[Secret("db", env="2FAST")])  # error: [WYE2014]
def d(n: int) -> int:
    return n


@step(env={"MODE": 3})  # error: [WYE2014]
def e(n: int) -> int:
    return n


@step(packages="pandas")  # error: [WYE2014]
def f(n: int) -> int:
    return n


@pipeline(schedule=Schedule(cron="0 25 * * *"))  # error: [WYE2014]
def flow(n: int = 3) -> int:
    return f(e(d(c(b(a(n))))))
