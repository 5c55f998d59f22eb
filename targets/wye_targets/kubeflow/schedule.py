"""A schedule in, the arguments of `kfp.Client.create_recurring_run` out; or `Inexpressible`, with what to write instead.

KFP reads a cron expression of six fields in one zone for the whole cluster. A zone with a fixed offset is shifted into it.
https://www.kubeflow.org/docs/components/pipelines/user-guides/core-functions/run-recurring-pipelines/
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wye.sdk.settings import Schedule, seconds

CONCURRENCY = 10
"""The most runs of one recurring run at a time: the API takes 1 to 10."""

# Zones without daylight saving, and their minutes ahead of UTC: no data base of zones is asked, so every machine compiles the same.
_FIXED = {
    "UTC": 0, "Etc/UTC": 0, "GMT": 0, "Etc/GMT": 0, "Africa/Abidjan": 0, "Africa/Accra": 0, "Atlantic/Reykjavik": 0,
    "Africa/Lagos": 60, "Africa/Johannesburg": 120, "Africa/Nairobi": 180, "Asia/Riyadh": 180, "Asia/Dubai": 240, "Asia/Kabul": 270,
    "Asia/Kolkata": 330, "Asia/Calcutta": 330, "Asia/Kathmandu": 345, "Asia/Bangkok": 420, "Asia/Ho_Chi_Minh": 420, "Asia/Jakarta": 420,
    "Asia/Shanghai": 480, "Asia/Hong_Kong": 480, "Asia/Singapore": 480, "Asia/Taipei": 480, "Asia/Manila": 480, "Australia/Perth": 480,
    "Asia/Tokyo": 540, "Asia/Seoul": 540, "Australia/Brisbane": 600, "America/Phoenix": -420, "America/Bogota": -300, "America/Lima": -300,
    "America/Panama": -300, "America/Jamaica": -300, "America/Puerto_Rico": -240, "Pacific/Honolulu": -600,
    **{f"Etc/GMT{sign}{n}": -n * 60 if sign == "+" else n * 60 for sign, most in (("+", 12), ("-", 14)) for n in range(1, most + 1)},
}  # fmt: skip

_NAMES = {name: i for names in ("jan feb mar apr may jun jul aug sep oct nov dec", "sun mon tue wed thu fri sat")
          for i, name in enumerate(names.split(), 1 if names.startswith("jan") else 0)}  # fmt: skip


class Inexpressible(Exception):
    """A recurring run cannot do it; `help` is what to write instead."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


def recurring_run(schedule: Schedule, pipeline: str, cluster: str) -> dict[str, Any]:
    """The arguments, by their names in the client. `cluster` is the zone in which the cluster's controller reads cron expressions."""
    arguments: dict[str, Any] = {"job_name": pipeline, "cron_expression": expression(schedule, cluster)}
    for name, instant in zip(("start_time", "end_time"), window(schedule, cluster)):
        if instant is not None:
            arguments[name] = instant.strftime("%Y-%m-%dT%H:%M:%SZ")
    limit, catchup = overlap(schedule, cluster)
    return arguments | {"max_concurrency": limit, "no_catchup": not catchup, "enabled": not schedule.paused}


def expression(schedule: Schedule, cluster: str) -> str:
    if schedule.cron is not None:
        return _cron(schedule.cron, schedule.timezone, cluster)
    if schedule.every is not None:
        return _interval(seconds(schedule.every, "every"), _instant(schedule.start, schedule.timezone), cluster)
    at = _instant(schedule.at, schedule.timezone)
    assert at is not None
    local = at.astimezone(_zone(cluster))
    return f"{local.second} {local.minute} {local.hour} {local.day} {local.month} *"


def window(schedule: Schedule, cluster: str) -> tuple[datetime | None, datetime | None]:
    """Start and end; around one instant so narrow that nothing else falls into it."""
    at = _instant(schedule.at, schedule.timezone)
    if at is not None:
        return at - timedelta(seconds=1), at + timedelta(seconds=1)
    return _instant(schedule.start, schedule.timezone), _instant(schedule.end, schedule.timezone)


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


def _zone(name: str) -> tzinfo:
    offset = _FIXED.get(name)
    if offset is not None:
        return timezone(timedelta(minutes=offset))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Inexpressible(f"the time zone {name} is not known here", "give the instant with its offset: 2026-01-31T06:00+01:00") from None


def _instant(text: str | None, zone: str) -> datetime | None:
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=_zone(zone))).astimezone(UTC)


def _cron(text: str, zone: str, cluster: str) -> str:
    minute, hour, day, month, weekday = text.lower().split()
    if "7" in weekday or (weekday != "*" and "*" not in weekday and "-" in weekday):
        weekday = _joined({v % 7 for v in _values(weekday, 0, 7)})  # KFP's week ends with 6
    fields: tuple[str, ...] = (minute, hour, day, month, weekday)
    if zone != cluster:
        fields = _shifted(fields, _shift(zone, cluster))
    return " ".join(("0", *fields))


def _shift(zone: str, cluster: str) -> int:
    here, there = _FIXED.get(zone), _FIXED.get(cluster)
    if here is None or there is None:
        help = f'write the cron in UTC, or say in the stack that the cluster\'s CRON_SCHEDULE_TIMEZONE is this zone: timezone = "{zone}"'
        raise Inexpressible(f"{zone} has daylight saving, and the cluster reads schedules in {cluster}", help)
    return there - here


def _shifted(fields: tuple[str, ...], minutes: int) -> tuple[str, ...]:
    """The fields as a clock reads them that is ahead by so many minutes."""
    if not minutes:
        return fields
    minute, hour, *days = fields
    found = [divmod(h * 60 + m + minutes, 1440) for m, h in product(_values(minute, 0, 59), _values(hour, 0, 23))]
    hours, rest = {at // 60 for _, at in found}, {at % 60 for _, at in found}
    turns = {turn for turn, _ in found}
    fits = {at for _, at in found} == {h * 60 + m for h, m in product(hours, rest)}
    if turns != {0} and days != ["*", "*", "*"]:
        fits = fits and len(turns) == 1 and days[:2] == ["*", "*"]
        days[2] = _joined({(v + min(turns)) % 7 for v in _values(days[2], 0, 6)})
    if not fits:
        raise Inexpressible(
            "the cron expression cannot be moved to the cluster's time zone", 'write it in the cluster\'s zone: timezone="UTC"'
        )
    minute = minute if rest == _values(minute, 0, 59) else _joined(rest)
    return (minute, "*" if len(hours) == 24 else _joined(hours), *days)


def _values(field: str, low: int, high: int) -> set[int]:
    """What a field of a cron expression stands for; `a/n` is from a on."""
    found: set[int] = set()
    for item in field.split(","):
        span, _, every = item.partition("/")
        if span == "*":
            first, last = low, high
        else:
            ends = [_NAMES[e] if e in _NAMES else int(e) for e in span.split("-")]
            first, last = ends[0], ends[1] if len(ends) == 2 else high if every else ends[0]
        found.update(range(first, last + 1, int(every or 1)))
    return found


def _joined(values: set[int]) -> str:
    return ",".join(str(v) for v in sorted(values))


def _interval(period: float, start: datetime | None, cluster: str) -> str:
    """An interval that fits the clock, as a cron expression: KFP's own interval counts from when somebody made the recurring run."""
    offset = _FIXED.get(cluster)
    for index, (unit, count) in enumerate(((1, 60), (60, 60), (3600, 24))):
        step, rest = divmod(period, unit)
        if offset is not None and not rest and step and not count % step:
            phase = (int(start.timestamp()) if start else 0) + offset * 60
            fields = [str(phase % 60), str(phase // 60 % 60), "*"][:index]
            first = phase // unit % int(step)
            fields.append("*" if step == 1 else _joined(set(range(first, count, int(step)))))
            return " ".join([*fields, *["*"] * (6 - len(fields))])
    raise Inexpressible("an interval that does not divide a day", "write a cron expression, or an interval such as 15m, 6h or 1d")
