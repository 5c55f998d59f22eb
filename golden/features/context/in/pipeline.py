"""The time for which a run is meant, and what a step knows of its run: one value for all tasks, in branches, loops and nested pipelines."""

from datetime import datetime, timedelta

import wye
from wye import ScheduledTime, Uri, pipeline, step
from wye import context as here


def about() -> wye.Context:
    return here()


@step
def look(day: datetime, number: int = 0) -> dict[str, object]:
    found = about()
    assert isinstance(found, wye.Context)
    assert found == wye.context()
    return {
        "same": found.scheduled_time == day,
        "offset": str(day.utcoffset()),
        "attempt": found.attempt,
        "pipeline": found.pipeline != "",
        "task": found.task_id != "",
        "number": number,
    }


@step
def run_id() -> str:
    return wye.context().run_id


@step
def join(base: Uri, day: datetime) -> Uri:
    assert day == wye.context().scheduled_time
    return Uri(f"{base}/{(day - day + timedelta(days=3)).days}")


@step
def shorter(text: str) -> str:
    return text[1:] if wye.context().run_id else ""


@pipeline
def inner(number: int, day: datetime = ScheduledTime()) -> dict[str, object]:
    return look(day, number)


@pipeline
def main(
    root: Uri = Uri("gs://bucket/{{ds}}/$HOME"), day: datetime = ScheduledTime(), numbers: list[int] = [1, 2]
) -> tuple[list[dict[str, object]], bool, list[Uri], str]:
    seen = [look(day)]
    for number in numbers:
        seen.append(look(day, number))
    seen.append(inner(3))
    seen.append(inner(4, day))
    first = run_id()
    text = "ab"
    while text:
        text = shorter(text)
    if first != "":
        second = run_id()
    else:
        second = "none"
    places = [join(root, day), join(Uri(f"{root}/{numbers[0]}"), day)]
    return seen, first == second, places, text
