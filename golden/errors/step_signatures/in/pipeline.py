from wye import pipeline, step


@step
def a(*args: int) -> int:  # error: [WYE2006]
    return 1


@step
def b(**kwargs: int) -> int:  # error: [WYE2006]
    return 1


@step
async def c(n: int) -> int:  # error: [WYE2005]
    return n


@step
def d(n: int):
    yield n  # error: [WYE2007]


@pipeline
def flow(n: int = 3) -> int:
    return a() + b() + c(n) + d(n)
