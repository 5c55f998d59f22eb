"""A `Schedule` in; the `trigger` of an Azure Machine Learning schedule out: `cron` or `recurrence`, in a zone by its Windows name.

Its cron expressions ignore days of the month and months; a recurrence knows days of the month. What happens when the clock is changed is
documented nowhere, so that only UTC, or another time, will do.
https://learn.microsoft.com/azure/machine-learning/how-to-schedule-pipeline-job https://learn.microsoft.com/azure/machine-learning/reference-yaml-schedule
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from wye.schedules import meaning, zones
from wye.schedules.fields import FULL, Fields, Inexpressible, interval_fields, unix
from wye.sdk.settings import Schedule

NAME = "Azure Machine Learning"
_UNITS = (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60))
_WINDOWS_UTC = "UTC"


@dataclass(frozen=True, slots=True)
class Trigger:
    """By their names in a schedule's YAML; `start_time` and `end_time` are what the clock of `time_zone` shows then."""

    type: str
    time_zone: str
    start_time: str | None
    end_time: str | None
    is_enabled: bool
    expression: str = ""
    frequency: str = ""
    interval: int = 1
    schedule: dict[str, Any] = field(default_factory=dict)


def trigger(schedule: Schedule) -> Trigger:
    """All of it. Raises `Inexpressible`."""
    catchup(schedule)
    overlap(schedule)
    return _trigger(schedule)


def expression(schedule: Schedule) -> None:
    """Raises `Inexpressible` when no trigger fires as the schedule does."""
    _trigger(schedule)


def catchup(schedule: Schedule) -> None:
    if schedule.catchup:
        raise Inexpressible("Azure Machine Learning does not make up for times that it missed", "leave out `catchup`")


def overlap(schedule: Schedule) -> None:
    if schedule.overlap != "allow":
        raise Inexpressible(f'overlap="{schedule.overlap}"', 'use overlap="allow": Azure Machine Learning starts a job each time')


def windows_zone(name: str) -> str:
    """The Windows name of a zone, of CLDR's table as `tzlocal` carries it. Raises `Inexpressible` when the zones are not the same."""
    from tzlocal.windows_tz import tz_win, win_tz  # only who has such a schedule needs it

    found = _WINDOWS_UTC if zones.same(name, "UTC") else tz_win.get(name)
    if found is None or not zones.same(name, win_tz[found]):
        raise Inexpressible(f"Windows, and so Azure, has no time zone that is {name}", 'write the schedule in UTC: timezone="UTC"')
    return found


def _trigger(schedule: Schedule) -> Trigger:
    if schedule.every is not None and interval_fields(meaning.period(schedule), meaning.anchor(schedule)) is None:
        return _interval(schedule)
    fields, zone = meaning.clock(schedule, partial(meaning.changed, platform=NAME), NAME)
    windows = windows_zone(zone)
    start, end = (_clock(moment, zone) for moment in meaning.window(schedule))
    if fields.days == FULL[2] and fields.months == FULL[3]:
        return Trigger("cron", windows, start, end, not schedule.paused, expression=unix(fields))
    pattern = _monthly(fields)
    return Trigger("recurrence", windows, start, end, not schedule.paused, frequency="month", schedule=pattern)


def _monthly(fields: Fields) -> dict[str, Any]:
    if fields.either or fields.months != FULL[3] or fields.weekdays != FULL[4]:
        what = "a day of the month or a weekday, whichever comes" if fields.either else "some months of the year only"
        raise Inexpressible(what, "give weekdays, or days of every month")
    return {"hours": sorted(fields.hours), "minutes": sorted(fields.minutes), "month_days": sorted(fields.days)}


def _interval(schedule: Schedule) -> Trigger:
    """An interval that counts from `start_time`, in UTC, where every day has 24 hours."""
    period = meaning.period(schedule)
    start, end = meaning.window(schedule)
    if period % 60:
        raise Inexpressible("an interval that is not in whole minutes", "use whole minutes")
    if start is None:
        raise Inexpressible("an interval that does not divide a day, without `start`", "give `start`: Azure counts from there")
    unit, size = next((unit, size) for unit, size in _UNITS if not period % size)
    return Trigger(
        "recurrence", _WINDOWS_UTC, _clock(start, "UTC"), _clock(end, "UTC"), not schedule.paused,
        frequency=unit, interval=int(period // size),
    )  # fmt: skip


def _clock(moment: datetime | None, zone: str) -> str | None:
    """An instant as the zone's clock shows it, without an offset, as the service reads it."""
    if moment is None:
        return None
    text = moment.astimezone(zones.zone(zone)).replace(tzinfo=None).isoformat()
    if zones.instant(text, zone) != moment.astimezone(UTC) or not zones.shown(text, zone):
        raise Inexpressible(f"a start or end that the clock of {zone} shows twice", "give another time")
    return text
