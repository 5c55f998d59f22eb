"""The name of a time zone in; its rules, from the package `tzdata` and never from the machine, out. And what a schedule means in it.

Two machines with the same packages compile the same bytes, whatever their own data base of zones says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from wye.schedules.fields import Fields, ahead

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

FROM, YEARS = 2025, 40
"""The changes of these years stand for all: whatever falls on a weekday of a week of a month has fallen on each of its dates by then."""

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Change:
    """The clock is set from `before` to `after`, both ahead of UTC: forward, and times are missing; back, and they come twice."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def back(self) -> bool:
        return self.after < self.before

    def clock(self) -> list[datetime]:
        """The times of the clock, minute by minute, that are missing or come twice."""
        first = (self.at + min(self.before, self.after)).replace(tzinfo=None)
        return [first + i * _MINUTE for i in range(int(abs(self.after - self.before) / _MINUTE))]


@cache
def names() -> frozenset[str]:
    from importlib.resources import files  # late: most pipelines have no schedule

    return frozenset((files("tzdata") / "zones").read_text().split())


@cache
def zone(name: str) -> ZoneInfo:
    from importlib.resources import files
    from zoneinfo import ZoneInfo

    if name not in names():
        raise LookupError(name)
    with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def changes(name: str) -> tuple[Change, ...]:
    """The changes of a zone's clock from 2025 on; no clock is changed and changed back within a week."""
    rules, found = zone(name), []
    first = datetime(FROM, 1, 1, tzinfo=UTC)
    weeks = [first + timedelta(weeks=i) for i in range(YEARS * 53)]
    ahead_of_utc = [week.astimezone(rules).utcoffset() or timedelta() for week in weeks]
    for (week, before), (_, after) in pairwise(zip(weeks, ahead_of_utc)):
        if before != after:
            low, high = 0, 7 * 1440
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if (week + middle * _MINUTE).astimezone(rules).utcoffset() == before else (low, middle)
            found.append(Change(week + high * _MINUTE, before, after))
    return tuple(found)


@cache
def offsets(name: str) -> frozenset[int]:
    """The minutes that the zone's clock is ahead of UTC, from 2025 on."""
    first = datetime(FROM, 1, 1, tzinfo=UTC).astimezone(zone(name)).utcoffset() or timedelta()
    return frozenset(int(o / _MINUTE) for o in (first, *(c.after for c in changes(name))))


def same(one: str, other: str) -> bool:
    """Whether the clocks of two zones always agree."""
    return one == other or (offsets(one) == offsets(other) and changes(one) == changes(other))


def touched(fields: Fields, name: str, *, back_only: bool = False) -> tuple[datetime, bool] | None:
    """The first time of these fields that the clock one day does not show, or shows twice: then True; with `back_only` only such."""
    return next(((t, c.back) for c in changes(name) if c.back or not back_only for t in c.clock() if fields.holds(t)), None)


def moved(fields: Fields, here: str, there: str) -> Fields | None:
    """The fields that hold on the clock of `there` whenever these hold on that of `here`; None when there are none."""
    if same(here, there):
        return fields
    if not fields.daily and (len(offsets(here)) > 1 or len(offsets(there)) > 1):
        return None
    bare = replace(fields, written=())
    found = {ahead(bare, b - a) for a in offsets(here) for b in offsets(there)}
    return next(iter(found)) if len(found) == 1 else None


def instant(text: str, name: str) -> datetime:
    """An ISO time in UTC; without an offset it is what the clock of the zone shows, the first time when it comes twice."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=zone(name))).astimezone(UTC)


def shown(text: str, name: str) -> bool:
    """Whether a time without an offset is shown by the zone's clock exactly once."""
    found = datetime.fromisoformat(text)
    if found.tzinfo:
        return True
    offsets = {found.replace(tzinfo=zone(name), fold=fold).utcoffset() for fold in (0, 1)}
    return len(offsets) == 1
