"""A `Schedule` in; what it means apart from any platform out: fields or interval, first and last instant; and what it must not be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from wye.diagnostics.suggest import nearest
from wye.schedules import zones
from wye.schedules.fields import Fields, Inexpressible, interval_fields, parse, possible
from wye.sdk.settings import Schedule, SettingError, seconds

_MONTHS = "January February March April May June July August September October November December".split()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check(schedule: Schedule) -> None:
    """What no platform could do and only a data base of zones or a calendar shows. Raises `SettingError`."""
    zone = schedule.timezone
    if zone not in zones.names():
        meant = nearest(zone, zones.names())
        help = f'did you mean "{meant}"?' if meant else 'write a name of the IANA data base such as "Europe/Zurich"'
        raise SettingError("timezone", f"there is no time zone {zone!r}", help)
    if schedule.cron is not None and not possible(parse(schedule.cron)):
        raise SettingError("cron", f"no year has such a day: {schedule.cron!r}", "February has 29 days at most, and four months have 30")
    for name in ("at", "start", "end"):
        text = getattr(schedule, name)
        if text is not None and not zones.shown(text, zone):
            help = f"give it with its offset from UTC, as in {datetime.fromisoformat(text).replace(tzinfo=zones.zone(zone)).isoformat()!r}"
            raise SettingError(name, f"the clock of {zone} does not show {text!r} exactly once", help)
    start, end = window(schedule)
    if start and end and end < start:
        raise SettingError("end", "the schedule ends before it starts", "give a later `end`")
    at = instant(schedule)
    if at and ((start and at < start) or (end and at > end)):
        raise SettingError("at", "the schedule's one time is not between its start and its end", "leave out `start` and `end`")


def window(schedule: Schedule) -> tuple[datetime | None, datetime | None]:
    """The first and the last instant, in UTC, at which the schedule may fire: both count."""
    start, end = (zones.instant(text, schedule.timezone) if text is not None else None for text in (schedule.start, schedule.end))
    return start, end


def instant(schedule: Schedule) -> datetime | None:
    return zones.instant(schedule.at, schedule.timezone) if schedule.at is not None else None


def period(schedule: Schedule) -> float:
    return seconds(schedule.every, "every") if schedule.every is not None else 0.0


def anchor(schedule: Schedule) -> datetime:
    """An instant at which an interval fires."""
    return window(schedule)[0] or EPOCH


def clock(schedule: Schedule, wrong: Callable[[Fields, str], str | None], platform: str) -> tuple[Fields, str]:
    """The fields and the zone in which a platform's cron fires when the schedule does. Raises `Inexpressible`.

    `wrong` says why the platform would fire at other times than the zone's clock shows; then the fields are taken to UTC, if they can be.
    """
    if schedule.at is not None:
        raise Inexpressible(f"a cron expression of {platform} repeats every year", "use `cron=`; or start it by hand")
    if schedule.cron is None:
        found = interval_fields(period(schedule), anchor(schedule))
        if found is None:
            help = "use whole minutes that divide a day evenly, a day or a week; or `cron=`"
            raise Inexpressible(f"a cron expression of {platform} cannot say this interval", help)
        return found, "UTC"
    fields, zone = parse(schedule.cron), schedule.timezone
    why = wrong(fields, zone)
    if why is None:
        return fields, zone
    utc = zones.moved(fields, zone, "UTC")
    if utc is None:
        raise Inexpressible(why, 'choose another time, or write the schedule in UTC: timezone="UTC"')
    return replace(utc, written=()), "UTC"


def changed(fields: Fields, zone: str, platform: str, *, back_only: bool = False) -> str | None:
    """Why a platform that does not follow the clock through its changes cannot do the schedule."""
    found = zones.touched(fields, zone, back_only=back_only)
    if found is None:
        return None
    time, back = found
    what = "comes twice" if back else "is missing"
    return f"{platform} does not follow the clock of {zone} when it is changed: {time:%H:%M} {what} one day in {_MONTHS[time.month - 1]}"
