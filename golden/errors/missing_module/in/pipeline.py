import not_installed_anywhere
from helpers.text import clean  # error: [WYE6001]
from helpers.missing import thing  # error: [WYE6001]
from wye import pipeline, step


@step
def load(n: int) -> list[int]:
    return [clean(thing(not_installed_anywhere.f(n)))]


@pipeline
def flow(n: int = 3) -> list[int]:
    return load(n)
