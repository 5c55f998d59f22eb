"""Schedules as recurring runs: the six fields fire when the schedule says so, and the inexpressible is refused with its remedy."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wye.sdk.settings import Schedule
from wye_targets.kubeflow.schedule import Inexpressible, recurring_run

DAYS = {name: i for i, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}


def matches(field: str, value: int, high: int) -> bool:
    """Whether a cron field holds a value: written apart from the compiler's own reader, and slow."""
    for item in field.lower().split(","):
        span, _, every = item.partition("/")
        ends = [DAYS.get(e) if e in DAYS else int(e) for e in span.split("-")] if span != "*" else [0, high]
        first, last = (ends[0], ends[-1] if len(ends) > 1 or not every else high) if span != "*" else (None, None)
        if span == "*" and (not every or value % int(every) == 0):
            return True
        if first is not None and last is not None and first <= value <= last and (value - first) % int(every or 1) == 0:
            return True
    return False


def fires(fields: list[str], start: datetime, ahead: timedelta, minutes: int) -> list[datetime]:
    """The instants in UTC at which a clock that is so far ahead of UTC shows a time of the five fields."""
    found = []
    minute, hour, day, month, weekday = fields
    for i in range(minutes):
        at = start + timedelta(minutes=i)
        local = at + ahead
        week = local.isoweekday() % 7
        days = [matches(day, local.day, 31), matches(weekday, week, 6) or (week == 0 and matches(weekday, 7, 7) and "*" not in weekday)]
        right = all(days) if "*" in (day, weekday) else any(days)
        if right and matches(minute, local.minute, 59) and matches(hour, local.hour, 23) and matches(month, local.month, 12):
            found.append(at)
    return found


@pytest.mark.parametrize(
    ("cron", "zone", "ahead"),
    [
        ("0 6 * * *", "UTC", 0),
        ("*/15 * * * *", "UTC", 0),
        ("0 6 * * mon-fri", "Asia/Tokyo", 540),
        ("30 3 * * 1-5", "Asia/Tokyo", 540),
        ("0 12 * * 7", "Asia/Tokyo", 540),
        ("0 0-8 * * 5-7", "Asia/Tokyo", 540),
        ("30 22 * * sat", "America/Phoenix", -420),
        ("15 4 * * *", "Asia/Kolkata", 330),
        ("45 * * * *", "Asia/Kolkata", 330),
        ("*/10 * * * *", "Asia/Kathmandu", 345),
        ("0 */6 * * *", "America/Bogota", -300),
        ("0 12 1 * *", "Asia/Dubai", 240),
        ("0 0 * * */2", "UTC", 0),
    ],
)
def test_fire_times(cron: str, zone: str, ahead: int) -> None:
    second, *fields = recurring_run(Schedule(cron=cron, timezone=zone), "p", "UTC")["cron_expression"].split()
    start, count = datetime(2026, 2, 20, tzinfo=UTC), 16 * 1440
    assert second == "0"
    assert not re.search(r"7", fields[4]), "the week of KFP's cron ends with 6"
    assert fires(fields, start, timedelta(), count) == fires(cron.split(), start, timedelta(minutes=ahead), count) != []


@pytest.mark.parametrize(
    ("schedule", "cluster", "expected"),
    [
        (Schedule(every="15m"), "UTC", "0 0,15,30,45 * * * *"),
        (Schedule(every="1m"), "UTC", "0 * * * * *"),
        (Schedule(every=20), "UTC", "0,20,40 * * * * *"),
        (Schedule(every="6h", start="2026-01-01T02:30:00"), "UTC", "0 30 2,8,14,20 * * *"),
        (Schedule(every="1d", start="2026-01-01T06:00:05"), "UTC", "5 0 6 * * *"),
        (Schedule(every="1d"), "Asia/Kolkata", "0 30 5 * * *"),
        (Schedule(cron="0 6 * * 1", timezone="Europe/Zurich"), "Europe/Zurich", "0 0 6 * * 1"),
        (Schedule(at="2026-03-01T06:00:00", timezone="Europe/Zurich"), "UTC", "0 0 5 1 3 *"),
    ],
)
def test_expressions(schedule: Schedule, cluster: str, expected: str) -> None:
    assert recurring_run(schedule, "p", cluster)["cron_expression"] == expected


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (Schedule(cron="0 6 * * *", timezone="Europe/Zurich"), "daylight saving"),
        (Schedule(cron="0 6 1 * *", timezone="Asia/Tokyo"), "cannot be moved"),
        (Schedule(cron="0 20,22 1 * *", timezone="America/Lima"), "cannot be moved"),
        (Schedule(every="7m"), "does not divide a day"),
        (Schedule(every="2d"), "does not divide a day"),
        (Schedule(every=1.5), "does not divide a day"),
        (Schedule(cron="0 6 * * *", overlap="skip"), 'overlap="skip"'),
        (Schedule(cron="0 6 * * *", overlap="replace"), 'overlap="replace"'),
        (Schedule(cron="0 6 * * *", overlap="queue", start="2026-01-01"), "without catchup"),
        (Schedule(at="2026-03-01", timezone="No/Where"), "not known here"),
    ],
)
def test_refused(schedule: Schedule, message: str) -> None:
    with pytest.raises(Inexpressible, match=re.escape(message)) as refused:
        recurring_run(schedule, "p", "UTC")
    assert refused.value.help


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule(cron="0 6 * * *"), {"max_concurrency": 10, "no_catchup": True, "enabled": True}),
        (Schedule(cron="0 6 * * *", paused=True, catchup=True), {"max_concurrency": 10, "no_catchup": False, "enabled": False}),
        (Schedule(cron="0 6 * * *", overlap="queue"), {"max_concurrency": 1, "no_catchup": False, "enabled": True}),
        (
            Schedule(cron="0 6 * * *", start="2026-01-31", end="2026-02-28T12:00:00+02:00", timezone="UTC"),
            {"start_time": "2026-01-31T00:00:00Z", "end_time": "2026-02-28T10:00:00Z"},
        ),
        (Schedule(at="2026-03-01T06:00:00"), {"start_time": "2026-03-01T05:59:59Z", "end_time": "2026-03-01T06:00:01Z"}),
    ],
)
def test_arguments_of_the_client(schedule: Schedule, expected: dict[str, Any]) -> None:
    made = recurring_run(schedule, "flow", "UTC")
    assert made["job_name"] == "flow"
    assert {k: made[k] for k in expected} == expected
