import os

from wye import Resources, pipeline, step

SIZE = os.environ.get("SIZE", "1Gi")  # error: [WYE2018]
NAMES = ["a"]
NAMES.append("b")


@step(resources=Resources(memory=SIZE), tags={"n": str(3)})  # error: [WYE2018]
def a(n: int) -> int:
    return n


@step(packages=NAMES)  # error: [WYE2018]
def b(n: int) -> int:
    return n


@pipeline
def flow(n: int = 3) -> int:
    return b(a.options(timeout=n)(n))  # error: [WYE2018]
