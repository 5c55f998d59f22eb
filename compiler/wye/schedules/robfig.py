"""A `Schedule` in; the fields of a Kubernetes CronJob or an Argo CronWorkflow out: both read cron with github.com/robfig/cron 3.

It fires whenever the zone's clock shows a time of the expression, as Wye does; but it steps from hour to hour and from midnight to
midnight, and loses its way where a clock is changed by half an hour, or a day has no midnight (its source, spec.go; run in tests/engines).
https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ https://argo-workflows.readthedocs.io/en/latest/cron-workflows/
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from wye.schedules import meaning, zones
from wye.schedules.fields import FULL, Fields, Inexpressible, unix
from wye.sdk.settings import Schedule

_POLICIES = {"allow": "Allow", "skip": "Forbid", "replace": "Replace"}


@dataclass(frozen=True, slots=True)
class CronJob:
    """`schedule` (an item of Argo's `schedules`), `timeZone` (Argo: `timezone`), `concurrencyPolicy`, `suspend`."""

    schedule: str
    time_zone: str
    concurrency_policy: str
    suspend: bool


def cron_job(schedule: Schedule) -> CronJob:
    """All of it. Raises `Inexpressible`."""
    fields, zone = expression(schedule)
    window(schedule)
    catchup(schedule)
    return CronJob(unix(fields), zone, overlap(schedule), schedule.paused)


def expression(schedule: Schedule) -> tuple[Fields, str]:
    return meaning.clock(schedule, wrong, "Kubernetes")


def window(schedule: Schedule) -> None:
    if schedule.start is not None or schedule.end is not None:
        counted = " (an interval then counts from 1970-01-01T00:00Z)" if schedule.every is not None else ""
        raise Inexpressible("a CronJob has no start and no end", f"leave out `start` and `end`{counted}, and suspend it by hand")


def catchup(schedule: Schedule) -> None:
    if schedule.catchup:
        raise Inexpressible("a CronJob makes up for the last time missed only", "leave out `catchup`")


def overlap(schedule: Schedule) -> str:
    if schedule.overlap not in _POLICIES:
        raise Inexpressible(f'overlap="{schedule.overlap}"', 'use overlap="skip", "replace" or "allow": a CronJob keeps no queue')
    return _POLICIES[schedule.overlap]


def wrong(fields: Fields, zone: str) -> str | None:
    """Why robfig's cron would miss times of the clock."""
    changes = zones.changes(zone)
    if fields.hours != FULL[1] and any((c.after - c.before) % timedelta(hours=1) for c in changes):
        return f"its cron steps from hour to hour, and the clock of {zone} is changed by less than an hour"
    if not fields.daily and any(not c.back and any((t.hour, t.minute) == (0, 0) for t in c.clock()) for c in changes):
        return f"its cron steps from midnight to midnight, and one day of the year has none in {zone}"
    return None
