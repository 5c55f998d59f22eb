"""What each dialect gets, to the letter; where the rules of time zones come from; what no schedule may be."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from wye.schedules import airflow, aws, azure, crontab, quartz, robfig, vertex, zones
from wye.schedules.fields import Inexpressible, parse, unix
from wye.schedules.meaning import check
from wye.sdk.settings import Schedule, SettingError


@pytest.mark.parametrize(("cron", "text", "named"), [
    ("0  6 * * MON-FRI", "0 6 * * 1-5", "0 6 * * mon-fri"),
    ("*/15 6-18/4,22 1,15 jan-mar *", "*/15 6-18/4,22 1,15 1-3 *", "*/15 6-18/4,22 1,15 jan-mar *"),
    ("5/10 3-3 * * *", "5-59/10 3 * * *", "5-59/10 3 * * *"),  # croniter takes 3-3 for every hour
    ("0 0 * * 5-7", "0 0 * * 0,5,6", "0 0 * * 0,5,6"),  # 7 is no day of robfig's week
    ("0 0 */10 * 1", "0 0 1,11,21,31 * 1", "0 0 1,11,21,31 * 1"),  # cronie takes */10 for a day that is not given
    ("0 0 1-31 * 1", "0 0 * * *", "0 0 * * *"),  # each day of the month, or Mondays
    ("0 0 */1 * 1", "0 0 * * 1", "0 0 * * 1"),
    ("0-59 0-23 * 1-12 0-6", "* * * * *", "* * * * *"),
])  # fmt: skip
def test_five_fields_that_all_read_alike(cron: str, text: str, named: str) -> None:
    assert (unix(parse(cron)), unix(parse(cron), names=True)) == (text, named)


def test_each_dialect() -> None:
    weekdays = Schedule(cron="0 6 * * mon-fri", timezone="Europe/Zurich", paused=True)
    assert robfig.cron_job(weekdays) == robfig.CronJob("0 6 * * 1-5", "Europe/Zurich", "Allow", True)
    assert aws.request(weekdays) == aws.Request("cron(0 6 ? * 2,3,4,5,6 *)", "Europe/Zurich", None, None, "DISABLED")
    assert quartz.quartz_schedule(weekdays) == quartz.QuartzSchedule("0 0 6 ? * 2,3,4,5,6", "Europe/Zurich", "PAUSED", 1000, False)
    assert azure.trigger(weekdays) == azure.Trigger("cron", "W. Europe Standard Time", None, None, False, expression="0 6 * * 1-5")
    assert vertex.expression(weekdays) == "TZ=Europe/Zurich 0 6 * * 1-5"
    assert airflow.expression(weekdays) == ("0 6 * * mon-fri", "Europe/Zurich")
    assert crontab.expression(weekdays) == ("0 6 * * 1-5", "Europe/Zurich")


def test_other_forms() -> None:
    every = Schedule(every="36h", start="2026-03-01T06:10")
    assert aws.request(every).expression == "rate(36 hours)"
    assert aws.request(Schedule(every="2d", start="2026-03-01T06:10")).expression == "rate(2 days)"
    assert (azure.trigger(every).frequency, azure.trigger(every).interval, azure.trigger(every).start_time) == (
        "hour",
        36,
        "2026-03-01T06:10:00",
    )
    once = Schedule(at="2026-03-29T03:30:05", timezone="Europe/Zurich")
    assert aws.request(once).expression == "at(2026-03-29T01:30:05)"
    assert vertex.request(Schedule(at="2026-03-29T03:30", timezone="Europe/Zurich")) == {
        "cron": "TZ=UTC 30 1 29 3 *",
        "startTime": "2026-03-29T01:29:59Z",
        "endTime": "2026-03-29T01:30:01Z",
        "maxRunCount": "1",
        "maxConcurrentRunCount": "10",
    }
    ended = vertex.request(Schedule(every="6h", end="2026-04-01", overlap="queue"))
    assert (ended["cron"], ended["endTime"]) == ("TZ=UTC 0 */6 * * *", "2026-04-01T00:00:01Z")
    assert (ended["maxConcurrentActiveRunCount"], ended["allowQueueing"]) == ("1", True)
    assert quartz.quartz_schedule(once).expression == "5 30 1 29 3 ? 2026"
    monthly = azure.trigger(Schedule(cron="0 6 1,15 * *", timezone="Asia/Tokyo", end="2026-04-01T00:00:00Z"))
    assert (monthly.type, monthly.frequency, monthly.end_time) == ("recurrence", "month", "2026-04-01T09:00:00")
    assert monthly.schedule == {"hours": [6], "minutes": [0], "month_days": [1, 15]}
    assert quartz.quartz_schedule(Schedule(cron="*/15 * * * *", timezone="Europe/Zurich")).timezone == "UTC"


@pytest.mark.parametrize(("schedule", "dialect", "what"), [
    ({"overlap": "queue"}, robfig.cron_job, 'overlap="queue"'),
    ({"overlap": "skip"}, aws.request, 'overlap="skip"'),
    ({"overlap": "skip"}, azure.trigger, 'overlap="skip"'),
    ({"overlap": "replace"}, quartz.quartz_schedule, 'overlap="replace"'),
    ({"catchup": True, "start": "2026-01-01"}, aws.request, "make up"),
    ({"catchup": True}, robfig.cron_job, "the last time missed only"),
    ({"overlap": "replace"}, vertex.request, 'overlap="replace"'),
    ({"catchup": True, "start": "2026-01-01"}, vertex.request, "make up"),
    ({"start": "2026-01-01"}, vertex.window, "all times since its `start`"),
    ({"paused": True}, vertex.request, "created active"),
    ({"timezone": "America/Scoresbysund"}, azure.trigger, "no time zone that is"),
])  # fmt: skip
def test_what_a_platform_lacks_is_refused(schedule: dict[str, Any], dialect: Any, what: str) -> None:
    with pytest.raises(Inexpressible, match=what) as refused:
        dialect(Schedule(cron="0 6 * * *", **schedule))
    assert refused.value.help


@pytest.mark.parametrize(("given", "field"), [
    ({"cron": "0 6 * * *", "timezone": "europe/zurich"}, "timezone"),
    ({"cron": "0 6 31 2,4 *"}, "cron"),
    ({"at": "2026-03-29T02:30", "timezone": "Europe/Zurich"}, "at"),  # is missing
    ({"every": "1h", "start": "2026-10-25T02:30", "timezone": "Europe/Zurich"}, "start"),  # comes twice
    ({"every": "1h", "start": "2026-10-25", "end": "2026-10-24T23:59:59"}, "end"),
    ({"at": "2026-10-25T06:00", "end": "2026-10-25T05:00"}, "at"),
])  # fmt: skip
def test_what_no_schedule_may_be(given: dict[str, str], field: str) -> None:
    with pytest.raises(SettingError) as refused:
        check(Schedule(**given))
    assert refused.value.field == field
    assert refused.value.help


def test_the_29th_of_february_and_an_instant_with_its_offset_are_fine() -> None:
    check(Schedule(cron="0 6 29 2 *"))
    check(Schedule(cron="0 6 31 2 1"))  # Mondays in February
    check(Schedule(at="2026-10-25T02:30+01:00", timezone="Europe/Zurich"))


def test_zones_do_not_come_from_the_machine() -> None:
    """`PYTHONTZPATH` is where Python looks for the machine's zones: there are none here, or others."""
    program = "from wye.schedules import zones; print(zones.changes('Europe/Zurich')[:2], zones.offsets('America/Sao_Paulo'))"
    found = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONTZPATH": path}).stdout
        for path in ("", "/nowhere", "/usr/share/zoneinfo")
    }
    assert len(found) == 1
    assert "datetime.datetime(2025, 3, 30, 1, 0" in found.pop()
    assert zones.offsets("America/Sao_Paulo") == {-180}
