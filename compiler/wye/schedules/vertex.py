"""A `Schedule` in; the fields of a Vertex AI `Schedule` out: `cron` with its zone before it, `startTime`, `endTime`, `maxRunCount`, the
limits of runs at a time.

A `start` that has passed when the schedule is created makes the service run it for every time since, as users report
(https://github.com/sky-uk/kfp-operator/pull/583); nobody knows here when that will be, so it is refused. What Vertex does with a time
of the clock that is missing or comes twice is not documented, nor whether `startTime` and `endTime` count themselves: the first is
refused too, and the window is made so that it does not matter. `state` and `catchUp` are output only.
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.schedules
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from wye.schedules import meaning
from wye.schedules.fields import Inexpressible, unix
from wye.sdk.settings import Schedule

NAME = "Vertex AI"
MOST = 10
"""Runs that are started at a time where any number may go on: `maxConcurrentRunCount` limits the starting, not the runs."""

_SECOND = timedelta(seconds=1)


def request(schedule: Schedule) -> dict[str, Any]:
    """All of it, but for the names and the job. Raises `Inexpressible`."""
    catchup(schedule)
    paused(schedule)
    found: dict[str, Any] = {"cron": expression(schedule)}
    for name, moment in zip(("startTime", "endTime"), window(schedule)):
        if moment is not None:
            found[name] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    if schedule.at is not None:
        found["maxRunCount"] = "1"
    return found | overlap(schedule)


def expression(schedule: Schedule) -> str:
    """`TZ=zone`, and the five fields."""
    at = meaning.instant(schedule)
    if at is not None:
        if at.second or at.microsecond:
            raise Inexpressible("a time with seconds", "give it in whole minutes")
        return f"TZ=UTC {at.minute} {at.hour} {at.day} {at.month} *"
    fields, zone = meaning.clock(schedule, partial(meaning.changed, platform=NAME), NAME)
    return f"TZ={zone} {unix(fields)}"


def window(schedule: Schedule) -> tuple[datetime | None, datetime | None]:
    """A second more on both sides where the schedule fires on whole minutes alone, as it always does: so that both ends count."""
    at = meaning.instant(schedule)
    if at is not None:
        return at - _SECOND, at + _SECOND
    start, end = meaning.window(schedule)
    if start is not None:
        wrong = "Vertex AI runs a schedule for all times since its `start`, if that has passed when the schedule is created"
        raise Inexpressible(wrong, "leave out `start`, and create the schedule when it is to begin")
    return None, end + _SECOND if end is not None and end.second < 59 else end


def catchup(schedule: Schedule) -> None:
    if schedule.catchup:
        raise Inexpressible("Vertex AI is told to make up for what it missed only when a paused schedule is resumed", "leave out `catchup`")


def paused(schedule: Schedule) -> None:
    if schedule.paused:
        raise Inexpressible("a schedule of Vertex AI is created active", "leave out `paused`, and pause it when it is there")


def overlap(schedule: Schedule) -> dict[str, Any]:
    """How many runs at a time, and what becomes of one too many."""
    match schedule.overlap:
        case "allow":
            return {"maxConcurrentRunCount": str(MOST)}
        case "skip":
            return {"maxConcurrentRunCount": "1", "maxConcurrentActiveRunCount": "1"}
        case "queue":
            return {"maxConcurrentRunCount": "1", "maxConcurrentActiveRunCount": "1", "allowQueueing": True}
        case other:
            raise Inexpressible(f'overlap="{other}"', 'use overlap="skip", "queue" or "allow": Vertex AI ends no run for another')
