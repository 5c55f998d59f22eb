"""Schedules as recurring runs: the arguments of the client, by name; when they fire is tested in test_schedules_fire_times.py."""

from __future__ import annotations

import re
from typing import Any

import pytest

from wye.schedules.fields import Inexpressible
from wye.schedules.kfp import recurring_run
from wye.sdk.settings import Schedule


@pytest.mark.parametrize(
    ("schedule", "cluster", "expected"),
    [
        (Schedule(every="15m"), "UTC", "0 */15 * * * *"),
        (Schedule(every="1m"), "UTC", "0 * * * * *"),
        (Schedule(every=20), "UTC", "*/20 * * * * *"),
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
        # the controller starts what comes after start_time: what falls on it would be lost
        (Schedule(cron="0 6 * * *", start="2026-01-31T06:00:00"), {"start_time": "2026-01-31T05:59:59Z"}),
        (
            Schedule(every="36h", start="2026-01-31T06:00:00", catchup=True),
            {"interval_second": 129600, "start_time": "2026-01-29T18:00:00Z", "no_catchup": False},
        ),
        (Schedule(at="2026-03-01T06:00:00"), {"start_time": "2026-03-01T05:59:59Z", "end_time": "2026-03-01T06:00:01Z"}),
    ],
)
def test_arguments_of_the_client(schedule: Schedule, expected: dict[str, Any]) -> None:
    made = recurring_run(schedule, "flow", "UTC")
    assert made["job_name"] == "flow"
    assert {k: made[k] for k in expected} == expected
