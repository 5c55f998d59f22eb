"""A `Schedule` in, the arguments of `kfp.Client.create_recurring_run` out.

The back end reads six fields, seconds first, with github.com/robfig/cron 1.2, which knows no `TZ=`: in one zone for the whole cluster
(CRON_SCHEDULE_TIMEZONE). What falls on `start_time` itself does not run (the next time *after* it does), what falls on `end_time` does.
https://github.com/kubeflow/pipelines/blob/master/backend/src/crd/controller/scheduledworkflow/util/cron_schedule.go
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from wye.schedules import meaning, robfig, zones
from wye.schedules.fields import Fields, Inexpressible, interval_fields, parse, spell, unix
from wye.sdk.settings import Schedule

CONCURRENCY = 10
"""The most runs of one recurring run at a time: the API takes 1 to 10."""

_SECOND = timedelta(seconds=1)


def recurring_run(schedule: Schedule, pipeline: str, cluster: str) -> dict[str, Any]:
    """The arguments, by their names in the client. `cluster` is the zone in which the cluster's controller reads cron expressions."""
    arguments: dict[str, Any] = {"job_name": pipeline, **timing(schedule, cluster)}
    for name, moment in zip(("start_time", "end_time"), window(schedule, cluster)):
        if moment is not None:
            arguments[name] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    limit, catchup = overlap(schedule, cluster)
    return arguments | {"max_concurrency": limit, "no_catchup": not catchup, "enabled": not schedule.paused}


def timing(schedule: Schedule, cluster: str) -> dict[str, Any]:
    """`cron_expression`, or `interval_second`."""
    if cluster not in zones.names():
        raise Inexpressible(f"there is no time zone {cluster!r}", "say in the stack which one the cluster's CRON_SCHEDULE_TIMEZONE is")
    at = meaning.instant(schedule)
    if at is not None:
        local = at.astimezone(zones.zone(cluster))
        minute, hour, day, month = (frozenset({v}) for v in (local.minute, local.hour, local.day, local.month))
        _steps(Fields(minute, hour, day, month), cluster)
        return {"cron_expression": f"{local.second} {local.minute} {local.hour} {local.day} {local.month} *"}
    if schedule.cron is not None:
        return {"cron_expression": _cron(schedule, cluster)}
    period = meaning.period(schedule)
    fitting = _fitting(period, meaning.anchor(schedule), cluster)
    if fitting:
        return {"cron_expression": fitting}
    if schedule.start is not None and schedule.catchup and not period % 1:
        return {"interval_second": int(period)}  # counts from start_time as long as no time is left out
    help = "write a cron expression, or an interval such as 15m, 6h or 1d; or any interval with start= and catchup=True"
    raise Inexpressible("an interval that does not divide a day", help)


def window(schedule: Schedule, cluster: str) -> tuple[datetime | None, datetime | None]:
    """`start_time` and `end_time`; around one instant so narrow that nothing else falls into it."""
    at = meaning.instant(schedule)
    if at is not None:
        return at - _SECOND, at + _SECOND
    start, end = meaning.window(schedule)
    if start is not None and schedule.every is not None:
        period = meaning.period(schedule)
        start -= _SECOND if _fitting(period, start, cluster) else timedelta(seconds=period)
    elif start is not None and not start.second and parse(schedule.cron or "").holds(start.astimezone(zones.zone(schedule.timezone))):
        start -= _SECOND
    return start, end


def overlap(schedule: Schedule, cluster: str) -> tuple[int, bool]:
    """The limit of concurrent runs, and whether missed times are made up for: KFP makes no difference between a time missed because
    a run was still going and one missed for another reason."""
    match schedule.overlap:
        case "allow":
            return CONCURRENCY, schedule.catchup
        case "queue" if schedule.catchup or schedule.start is None:
            return 1, True
        case "queue":
            raise Inexpressible('overlap="queue" with a start and without catchup', "write catchup=True: KFP has one switch for both")
        case other:
            help = 'write overlap="queue" or "allow": KFP starts the time that was missed as soon as the run before it ends'
            raise Inexpressible(f'overlap="{other}"', help)


def _cron(schedule: Schedule, cluster: str) -> str:
    fields = parse(schedule.cron or "")
    found = zones.moved(fields, schedule.timezone, cluster)
    if found is None and len(zones.offsets(schedule.timezone)) > 1:
        help = "write the cron in UTC, or say in the stack that the cluster's CRON_SCHEDULE_TIMEZONE is this zone: "
        help += f'timezone = "{schedule.timezone}"'
        raise Inexpressible(f"{schedule.timezone} has daylight saving, and the cluster reads schedules in {cluster}", help)
    if found is None:
        help = f'write it in the cluster\'s zone: timezone="{cluster}"'
        raise Inexpressible("the cron expression cannot be moved to the cluster's time zone", help)
    _steps(found, cluster)
    return "0 " + unix(found)


def _steps(fields: Fields, cluster: str) -> None:
    why = robfig.wrong(fields, cluster)
    if why:
        raise Inexpressible(why, "have the cluster's CRON_SCHEDULE_TIMEZONE be UTC, and write the schedule in UTC")


def _fitting(period: float, anchor: datetime, cluster: str) -> str | None:
    """An interval that fits the clock, as six fields: KFP's own interval counts from when somebody made the recurring run."""
    if not period or period % 1 or anchor.microsecond:
        return None
    if period < 60:
        if 60 % period:
            return None
        return f"{spell(frozenset(range(anchor.second % int(period), 60, int(period))), 0)} * * * * *"
    found = interval_fields(period, anchor.astimezone(UTC).replace(second=0))
    moved = zones.moved(found, "UTC", cluster) if found else None
    return f"{anchor.second} {unix(moved)}" if moved and not robfig.wrong(moved, cluster) else None
