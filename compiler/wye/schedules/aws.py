"""A `Schedule` in; what EventBridge Scheduler's `CreateSchedule` takes out: `cron(…)`, `rate(…)` or `at(…)`, its zone, start, end, state.

A time that is missing is left out, as on Wye; one that comes twice runs once, so that only UTC, or another time, will do.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from wye.schedules import meaning
from wye.schedules.fields import FULL, Fields, Inexpressible, interval_fields, listed, spell
from wye.sdk.settings import Schedule

NAME = "EventBridge Scheduler"
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))


@dataclass(frozen=True, slots=True)
class Request:
    """`ScheduleExpression`, `ScheduleExpressionTimezone`, `StartDate`, `EndDate` (in UTC), `State`."""

    expression: str
    timezone: str
    start: datetime | None
    end: datetime | None
    state: str


def request(schedule: Schedule) -> Request:
    """All of it. Raises `Inexpressible`."""
    text, zone = expression(schedule)
    catchup(schedule)
    overlap(schedule)
    start, end = meaning.window(schedule) if schedule.at is None else (None, None)  # they are ignored for `at`
    return Request(text, zone, start, end, "DISABLED" if schedule.paused else "ENABLED")


def expression(schedule: Schedule) -> tuple[str, str]:
    """The expression, and the zone in which it is read."""
    at = meaning.instant(schedule)
    if at is not None:
        if at.microsecond:
            raise Inexpressible("a time with fractions of a second", "give it in whole seconds")
        return f"at({at:%Y-%m-%dT%H:%M:%S})", "UTC"
    if schedule.every is not None and interval_fields(meaning.period(schedule), meaning.anchor(schedule)) is None:
        return _rate(schedule), "UTC"
    fields, zone = meaning.clock(
        schedule, partial(meaning.changed, platform="EventBridge Scheduler", back_only=True), "EventBridge Scheduler"
    )
    return f"cron({spell(fields.minutes, 0)} {spell(fields.hours, 1)} {days(fields)} *)", zone


def catchup(schedule: Schedule) -> None:
    if schedule.catchup:
        raise Inexpressible("EventBridge Scheduler does not make up for times that it missed", "leave out `catchup`")


def overlap(schedule: Schedule) -> None:
    if schedule.overlap != "allow":
        raise Inexpressible(f'overlap="{schedule.overlap}"', 'use overlap="allow": EventBridge Scheduler does not know when a run ends')


def days(fields: Fields) -> str:
    """Day of the month, month and weekday as Quartz and AWS read them: weekdays 1 (Sunday) to 7, and `?` for the one that is not given."""
    if fields.either:
        raise Inexpressible(
            "a day of the month or a weekday, whichever comes: one of the two fields must be `?`",
            "give either days of the month or weekdays, and put the others in a pipeline of their own",
        )
    month = spell(fields.months, 3)
    if fields.weekdays == FULL[4]:
        return f"{spell(fields.days, 2)} {month} ?"
    return f"? {month} {listed([v + 1 for v in sorted(fields.weekdays)])}"


def _rate(schedule: Schedule) -> str:
    """An interval that counts from `StartDate`; a day is 24 hours whatever the clock does."""
    period, start = meaning.period(schedule), meaning.window(schedule)[0]
    if period % 60:
        raise Inexpressible("an interval that is not in whole minutes", "use whole minutes")
    if start is None:
        raise Inexpressible("an interval that does not divide a day, without `start`", "give `start`: AWS counts from there")
    unit, size = next((unit, size) for unit, size in _UNITS if not period % size)
    count = int(period // size)
    return f"rate({count} {unit}{'s' if count > 1 else ''})"
