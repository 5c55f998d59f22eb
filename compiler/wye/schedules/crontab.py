"""A `Schedule` in; the line of a crontab that starts a command when it says, out.

With CRON_TZ cronie fires whenever the zone's clock shows a time of the line, as Wye does, as long as the machine's own clock is not
changed: then it leaves out or repeats lines of every zone (its source, cron.c). A crontab has no years: a shell test holds the line back
before the start and after the end.
https://man7.org/linux/man-pages/man5/crontab.5.html
"""

from __future__ import annotations

from datetime import datetime, timedelta

from wye.schedules import meaning
from wye.schedules.fields import Inexpressible, unix
from wye.sdk.settings import Schedule

_MINUTE = timedelta(minutes=1)


def expression(schedule: Schedule) -> tuple[str, str]:
    """The five fields, and the zone that CRON_TZ names. Raises `Inexpressible`."""
    at = meaning.instant(schedule)
    if at is not None:
        if at.second or at.microsecond:
            raise Inexpressible("a time with seconds", "give it in whole minutes")
        return f"{at.minute} {at.hour} {at.day} {at.month} *", "UTC"
    fields, zone = meaning.clock(schedule, lambda *_: None, "a crontab")
    return unix(fields), zone


def window_test(schedule: Schedule) -> str:
    """A shell test that holds from `start` to `end`, both counting, or in the minute of a one-shot. In a crontab a bare % ends the line."""
    at = meaning.instant(schedule)
    start, end = meaning.window(schedule) if at is None else (at, at)
    tests = []
    if start is not None:
        tests.append(f"[ $(date +\\%s) -ge {_seconds(start, up=True)} ]")
    if end is not None:
        tests.append(f"[ $(date +\\%s) -lt {_seconds(end + _MINUTE, up=False)} ]")  # the line starts in the course of its minute
    return "".join(test + " && " for test in tests)


def _seconds(moment: datetime, *, up: bool) -> int:
    found = moment.timestamp()
    return int(-(-found // 60) * 60 if up else found // 60 * 60)
