import functools

from wye import pipeline, step


@functools.cache
@step  # error: [WYE2011]
def a(n: int) -> int:
    return n


@step
@step  # error: [WYE2012]
def b(n: int) -> int:
    return n


class Flows:
    @pipeline
    def inside(n: int) -> int:  # error: [WYE2019]
        return a(n)


def factory():
    @step
    def made(n: int) -> int:  # error: [WYE2019]
        return n

    return made


@pipeline
@functools.cache  # error: [WYE2008]
def flow(n: int = 3) -> int:
    return b(a(n))
