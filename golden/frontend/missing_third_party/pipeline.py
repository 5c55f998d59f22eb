import no_such_library as nsl
from no_such_library.deep import thing
from wye import pipeline, step


@step(packages=["no-such-library==1"])
def use(x: nsl.Frame) -> "nsl.Frame":
    return thing(x)


@pipeline
def flow(n: int = 3) -> nsl.Frame:
    return use(use(n))
