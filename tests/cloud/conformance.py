"""A small pipeline of what a cloud may do otherwise than its documents say. It checks itself: a run's final state is the answer.

`expected` is what the plain call returns; without it nothing is checked. With `fail` a step fails, and the run must.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import wye
from wye import Failure, ScheduledTime, pipeline, step


@step
def numbers(n: int) -> list[int]:
    return list(range(n))


@step
def square(x: int) -> int:
    return x * x


@step
def echo(text: str) -> str:
    return text


@step
def write(text: str) -> Path:
    place = Path("folder")
    (place / "empty").mkdir(parents=True)
    (place / "a.txt").write_text(text)
    return place


@step
def read(place: Path) -> str:
    """Spoils its own copy alone."""
    text = (place / "a.txt").read_text()
    (place / "a.txt").unlink()
    return f"{sorted(p.name for p in place.iterdir())} {text}"


@step
def stumble(fail: bool) -> bool:
    if fail:
        raise RuntimeError("this run is meant to fail")
    return True


@step
def known(day: datetime) -> bool:
    here = wye.context()
    return day.utcoffset() is not None and here.scheduled_time == day and bool(here.run_id)


@step
def tell(failure: Failure) -> None:
    print(f"the run has failed, as it should: {failure.message}")


@step
def agree(found: list[object], expected: str) -> str:
    text = json.dumps(found)
    if expected and text != expected:
        raise AssertionError(f"the plain call returns {expected}, this run {text}")
    return text


@pipeline(on_failure=tell)
def conformance(
    n: int = 2,
    text: str = 'it\'s "{{$}}" $HOME $(id) é 😀 \\ \n %s',
    xs: list[float | None] = [0.1, None, 1e300],  # noqa: B006
    fail: bool = False,
    expected: str = "",
    day: datetime = ScheduledTime(),
) -> str:
    found = [square(x) for x in numbers(n)]
    nothing = [square(x) for x in numbers(0)]
    if len(found) > 1:
        said = echo(text)
        place = write("first")
    else:
        said = "none"
        place = write("second")
    texts = [read(place), read(place)]
    left = n
    while left > 0:
        left = square(left) - 2 * left
    try:
        caught = echo({"a": "b"}["missing"])
    except KeyError:
        caught = "caught"
    going = stumble(fail)
    return agree([found, nothing, said, texts, xs, left, caught, going, known(day)], expected)
