"""Each dialect: what Wye emits for a schedule, and the interpreter that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice

import interpreters
from interpreters import LATEST, clock
from tzlocal.windows_tz import win_tz

from wye.schedules import airflow, aws, azure, crontab, kfp, quartz, robfig, vertex
from wye.sdk.settings import Schedule

CLUSTERS = ("UTC", "Europe/Zurich", "Asia/Kolkata")

Emitted = Callable[[datetime], Iterator[datetime]]


def instant(text: str | None, zone: str) -> datetime | None:
    moment = datetime.fromisoformat(text) if text else None
    return moment and (moment if moment.tzinfo else moment.replace(tzinfo=clock(zone))).astimezone(UTC)


def _crontab(schedule: Schedule) -> Emitted:
    fields, zone = crontab.expression(schedule)
    text = f"CRON_TZ={zone}\n{fields} {crontab.window_test(schedule)}wye run\n"
    return lambda after: interpreters.crontab(text, after)


def _kubernetes(schedule: Schedule) -> Emitted:
    job = robfig.cron_job(schedule)
    return lambda after: interpreters.robfig(job.schedule, job.time_zone, after)


def _kfp(cluster: str) -> Callable[[Schedule], Emitted]:
    def emit(schedule: Schedule) -> Emitted:
        arguments = kfp.recurring_run(schedule, "p", cluster)
        return lambda after: interpreters.recurring_run(arguments, cluster, after)

    return emit


def _airflow(schedule: Schedule) -> Emitted:
    start, end = (instant(text, schedule.timezone) for text in (schedule.start, schedule.end))
    airflow.catchup(schedule)
    airflow.overlap(schedule)
    if schedule.at is not None:  # `@once` at `start_date`
        once = instant(schedule.at, schedule.timezone)
        return lambda after: iter([once] if once and once >= after else [])
    cron, zone = airflow.expression(schedule)
    return lambda after: interpreters.airflow(cron, zone, after, start, end)


def _aws(schedule: Schedule) -> Emitted:
    request = aws.request(schedule)
    return lambda after: interpreters.aws(request, after)


def _quartz(schedule: Schedule) -> Emitted:
    made = quartz.quartz_schedule(schedule)
    return lambda after: interpreters.quartz(made.expression, made.timezone, after)


def _vertex(schedule: Schedule) -> Emitted:
    request = vertex.request(schedule)
    return lambda after: interpreters.vertex(request, after)


def _azure(schedule: Schedule) -> Emitted:
    trigger = azure.trigger(schedule)
    return lambda after: interpreters.azure(trigger, win_tz, after)


DIALECTS: dict[str, Callable[[Schedule], Emitted]] = {
    "crontab": _crontab,
    "kubernetes": _kubernetes,
    **{f"kfp in {cluster}": _kfp(cluster) for cluster in CLUSTERS},
    "airflow": _airflow,
    "aws": _aws,
    "quartz": _quartz,
    "azure": _azure,
    "vertex": _vertex,
}


def first(found: Iterator[datetime], count: int) -> list[datetime]:
    return list(islice((at for at in found if at < LATEST), count))
