import wye
from wye import Cache, pipeline, step


def name() -> str:
    return wye.context().run_id


@step(cache=Cache(max_age="1d"))  # error: [WYE6022]
def stamp() -> str:
    return name()


@step
def mark() -> str:
    return name()


@pipeline
def flow() -> list[str]:
    return [stamp(), mark.options(cache=True)(), mark()]  # error: [WYE6022]
