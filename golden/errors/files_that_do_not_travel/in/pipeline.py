import os
from importlib.metadata import entry_points
from pathlib import Path

from acme import conf
from wye import pipeline, step


@step(files=["conf/*.yaml"])  # error: [WYE6011]
def absent() -> int:
    return 1


@step(files=["../outside.txt"])  # error: [WYE6011]
def outside() -> int:
    return 1


@step(files=["/etc/hostname"])  # error: [WYE6011]
def absolute() -> int:
    return 1


@step(files=["acme/rates.txt"])
def other_file() -> str:
    here = os.path.join(os.path.dirname(__file__), "acme", "rates.text")  # error: [WYE6005]
    return here + (Path(__file__).parent / "acme" / "rates.txt").read_text()


@step
def packaged() -> str:
    return conf.text()


@step
def plugins() -> int:
    return len(entry_points(group="acme.readers"))  # error: [WYE6014]


@pipeline
def flow() -> None:
    absent()
    outside()
    absolute()
    other_file()
    packaged()
    plugins()
