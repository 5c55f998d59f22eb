import os

from wye import pipeline, step

MODE = os.environ.get("MODE", "slow")  # error: [WYE6009]


@step(env={"MODE": "fast"})
def mode() -> str:
    return MODE


@pipeline
def flow() -> str:
    return mode()
