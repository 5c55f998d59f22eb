"""A `Schedule` in; what a Databricks job's `schedule` takes out: a Quartz expression, its zone, its pause status.

Quartz leaves out a time that is missing, and runs one that comes twice the second time only; Databricks documents runs that are skipped or
late around both changes, so that only UTC, or another time, will do. https://docs.databricks.com/aws/en/jobs/scheduled
https://www.quartz-scheduler.org/documentation/quartz-2.3.0/tutorials/crontrigger.html
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from wye.schedules import aws, meaning
from wye.schedules.fields import Inexpressible, spell
from wye.sdk.settings import Schedule


@dataclass(frozen=True, slots=True)
class QuartzSchedule:
    """`quartz_cron_expression`, `timezone_id`, `pause_status`; and of the job `max_concurrent_runs` and `queue.enabled`."""

    expression: str
    timezone: str
    pause_status: str
    max_concurrent_runs: int
    queue: bool


MAX_RUNS = 1000
"""The most runs of a job at a time. https://docs.databricks.com/api/workspace/jobs/create"""


def quartz_schedule(schedule: Schedule) -> QuartzSchedule:
    """All of it. Raises `Inexpressible`."""
    text, zone = expression(schedule)
    window(schedule)
    catchup(schedule)
    limit, queue = overlap(schedule)
    return QuartzSchedule(text, zone, "PAUSED" if schedule.paused else "UNPAUSED", limit, queue)


def expression(schedule: Schedule) -> tuple[str, str]:
    """Six fields, seconds first, or seven with the year of a one-shot; and the zone in which they are read."""
    at = meaning.instant(schedule)
    if at is not None:
        if at.microsecond:
            raise Inexpressible("a time with fractions of a second", "give it in whole seconds")
        return f"{at.second} {at.minute} {at.hour} {at.day} {at.month} ? {at.year}", "UTC"
    fields, zone = meaning.clock(schedule, partial(meaning.changed, platform="Quartz"), "Quartz")
    return f"0 {spell(fields.minutes, 0)} {spell(fields.hours, 1)} {aws.days(fields)}", zone


def window(schedule: Schedule) -> None:
    if schedule.at is None and (schedule.start is not None or schedule.end is not None):
        raise Inexpressible("a job's schedule has no start and no end", "leave out `start` and `end`, and pause it by hand")


def catchup(schedule: Schedule) -> None:
    if schedule.catchup:
        raise Inexpressible("a job's schedule does not make up for times that it missed", "leave out `catchup`")


def overlap(schedule: Schedule) -> tuple[int, bool]:
    """`max_concurrent_runs`, and whether a run waits for its turn."""
    match schedule.overlap:
        case "allow":
            return MAX_RUNS, False
        case "skip":
            return 1, False
        case "queue":
            return 1, True
    raise Inexpressible('overlap="replace"', 'use overlap="skip", "queue" or "allow"')
