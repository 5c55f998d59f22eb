"""A `Schedule` in; what a DAG's `schedule`, `catchup`, `max_active_runs` say out, the same for Airflow 2.10, 2.11 and 3.

`CronTriggerTimetable` reads a cron expression with croniter, on the clock without its changes: a time that is missing runs an hour late,
one that comes twice runs once, the second time. Where every hour is meant it counts on from the last run instead, which goes wrong when
a day is skipped. https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/timetable.html#crontriggertimetable
"""

from __future__ import annotations

from wye.schedules import meaning, zones
from wye.schedules.fields import FULL, Fields, Inexpressible, unix
from wye.sdk.settings import Schedule

ACTIVE_RUNS = 16
"""Airflow's own default of `max_active_runs`."""


def expression(schedule: Schedule) -> tuple[str, str]:
    """The two arguments of `CronTriggerTimetable`. Raises `Inexpressible`."""
    fields, zone = meaning.clock(schedule, _wrong, "Airflow")
    return unix(fields, names=True), zone


def catchup(schedule: Schedule) -> bool:
    if schedule.catchup and schedule.at is None and schedule.start is None:
        raise Inexpressible("catch-up without a start: Airflow would make up for all of its past", "give `start`")
    return schedule.catchup


def overlap(schedule: Schedule) -> int:
    """`max_active_runs`. What falls due meanwhile waits with catch-up; without it only the latest does."""
    match schedule.overlap:
        case "replace":
            raise Inexpressible("Airflow never ends a run because a newer one is due", 'use overlap="skip" or overlap="allow"')
        case "queue" if not schedule.catchup:
            help = 'add catchup=True, or use overlap="skip"'
            raise Inexpressible("without catch-up Airflow keeps only the latest of the runs that fell due meanwhile", help)
        case "skip" if schedule.catchup:
            raise Inexpressible("with catch-up Airflow queues what falls due meanwhile", 'use overlap="queue"')
        case "allow":
            return ACTIVE_RUNS
    return 1


def _wrong(fields: Fields, zone: str) -> str | None:
    if fields.hours == FULL[1] and not fields.daily and len(zones.offsets(zone)) > 1:
        return f"Airflow loses the hour in {zone} when its clock is changed between two days on which a run starts every hour"
    return meaning.changed(fields, zone, "Airflow")
