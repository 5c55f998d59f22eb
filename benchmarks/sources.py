"""A number of steps in, the source of a chain of so many steps out, for Wye and for kfp."""

WYE = """\
from wye import pipeline, step


@step
def add(x: int, y: int = 1) -> int:
    return x + y


@pipeline
def chain(x: int = 0) -> int:
{calls}
    return x
"""

KFP = """\
from kfp import dsl


@dsl.component
def add(x: int, y: int = 1) -> int:
    return x + y


@dsl.pipeline
def chain(x: int = 0) -> int:
{calls}
    return x
"""


def wye_chain(n: int) -> str:
    return WYE.format(calls="\n".join(f"    x = add(x, {i})" for i in range(n)))


def kfp_chain(n: int) -> str:
    return KFP.format(calls="\n".join(f"    x = add(x=x, y={i}).output" for i in range(n)))
