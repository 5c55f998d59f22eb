"""A cron expression of five fields in, the sets of minutes, hours, days, months and weekdays that it stands for out; and back to text.

The days of a schedule are those of the month *or* those of the week when both are given, as in every unix cron. Where the dialects
disagree (is `*/2` given?) a field is given unless it is, or has an item, `*`: `Fields` holds sets, so nothing of that is left to a dialect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product

from wye.sdk.settings import CRON_FIELDS

LOW = tuple(low for _, low, _, _ in CRON_FIELDS)
HIGH = (59, 23, 31, 12, 6)
FULL = tuple(frozenset(range(low, high + 1)) for low, high in zip(LOW, HIGH))
MINUTE, DAY, WEEK = 60, 86400, 604800
_NAMES = tuple({n: i + low for i, n in enumerate(names.split())} for _, low, _, names in CRON_FIELDS)
_DAYS_OF = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Inexpressible(Exception):
    """A dialect cannot say this; `help` is what to write instead."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


@dataclass(frozen=True, slots=True)
class Fields:
    """When the clock shows a time of the schedule. Weekdays count from Sunday, 0 to 6; `written` is each field's text, if there was one."""

    minutes: frozenset[int]
    hours: frozenset[int] = FULL[1]
    days: frozenset[int] = FULL[2]
    months: frozenset[int] = FULL[3]
    weekdays: frozenset[int] = FULL[4]
    written: tuple[str, ...] = ()

    @property
    def sets(self) -> tuple[frozenset[int], ...]:
        return (self.minutes, self.hours, self.days, self.months, self.weekdays)

    @property
    def daily(self) -> bool:
        return (self.days, self.months, self.weekdays) == FULL[2:]

    @property
    def either(self) -> bool:
        """Whether a day counts when it is right in the month or in the week."""
        return self.days != FULL[2] and self.weekdays != FULL[4]

    def holds(self, clock: datetime) -> bool:
        month, week = clock.day in self.days, clock.isoweekday() % 7 in self.weekdays
        return (
            clock.minute in self.minutes
            and clock.hour in self.hours
            and clock.month in self.months
            and (month or week if self.either else month and week)
        )


def parse(cron: str) -> Fields:
    """The fields of an expression that `Schedule` let pass."""
    written = tuple(cron.lower().split())
    sets = [frozenset(_values(text, i)) for i, text in enumerate(written)]
    sets[4] = frozenset(v % 7 for v in sets[4])
    starred = [any(item in ("*", "*/1") for item in text.split(",")) for text in written]
    if not starred[2] and not starred[4] and (sets[2] == FULL[2] or sets[4] == FULL[4]):
        sets[2], sets[4] = FULL[2], FULL[4]  # every day, or some others
    minutes, hours, days, months, weekdays = sets
    return Fields(minutes, hours, days, months, weekdays, written)


def _values(text: str, field: int) -> Iterator[int]:
    for item in text.split(","):
        span, _, every = item.partition("/")
        if span == "*":
            first, last = LOW[field], HIGH[field]
        else:
            ends = [_NAMES[field][e] if e in _NAMES[field] else int(e) for e in span.split("-")]
            first, last = ends[0], ends[1] if len(ends) == 2 else max(ends[0], HIGH[field]) if every else ends[0]
        yield from range(first, last + 1, int(every or 1))


def possible(fields: Fields) -> bool:
    """Whether there is any such day at all: there is no 31 February."""
    weekly = fields.weekdays != FULL[4]
    return weekly or any(day <= _DAYS_OF[month - 1] for month in fields.months for day in fields.days)


# --- an interval as fields ----------------------------------------------------------------------------------------------------------


def interval_fields(period: float, anchor: datetime) -> Fields | None:
    """The fields in UTC that hold exactly at `anchor`, `anchor + period`, …; None when there are none."""
    anchor = anchor.astimezone(UTC)
    if period % MINUTE or anchor.second or anchor.microsecond:
        return None
    if period == WEEK:
        return Fields(frozenset({anchor.minute}), frozenset({anchor.hour}), weekdays=frozenset({anchor.isoweekday() % 7}))
    if not period or DAY % period:
        return None
    times = {(anchor + timedelta(seconds=i * period)).timetz() for i in range(int(DAY // period))}
    fields = Fields(frozenset(t.minute for t in times), frozenset(t.hour for t in times))
    return fields if len(fields.minutes) * len(fields.hours) == len(times) else None


# --- the same instants on another clock ---------------------------------------------------------------------------------------------


def ahead(fields: Fields, minutes: int) -> Fields | None:
    """The fields as a clock reads them that is ahead by so many minutes; None when five fields cannot say it."""
    if not minutes:
        return fields
    found = [divmod(h * 60 + m + minutes, 1440) for m, h in product(fields.minutes, fields.hours)]
    hours, rest = frozenset(at // 60 for _, at in found), frozenset(at % 60 for _, at in found)
    if len(hours) * len(rest) != len(found):
        return None
    turns = {turn for turn, _ in found}
    moved = replace(fields, minutes=rest, hours=hours, written=())
    if turns == {0} or fields.daily:
        return moved
    if len(turns) > 1 or fields.days != FULL[2] or fields.months != FULL[3]:
        return None  # other days of the month, which depend on its length
    return replace(moved, weekdays=frozenset((v + min(turns)) % 7 for v in fields.weekdays))


# --- as text ------------------------------------------------------------------------------------------------------------------------


def spell(values: frozenset[int], field: int) -> str:
    """The values of a field as every dialect of cron reads them: `*`, `*/n` for minutes and hours, else numbers, long runs as ranges."""
    found = sorted(values)
    if values == FULL[field]:
        return "*"
    step = found[1] - found[0] if len(found) > 1 else 0
    if field < 2 and step > 1 and found == list(range(0, HIGH[field] + 1, step)):
        return f"*/{step}"
    return listed(found)


def listed(found: list[int]) -> str:
    parts: list[str] = []
    while found:
        run = next((i for i in range(1, len(found)) if found[i] != found[0] + i), len(found))
        parts += [f"{found[0]}-{found[run - 1]}"] if run > 5 else map(str, found[:run])
        found = found[run:]
    return ",".join(parts)


def unix(fields: Fields, *, names: bool = False) -> str:
    """Five fields that cronie, robfig's cron and croniter read alike: as written, where they all do; with `names`, names too."""
    return " ".join(_portable(fields, i, names) for i in range(5))


def _portable(fields: Fields, i: int, names: bool) -> str:
    values = fields.sets[i]
    text = fields.written[i] if fields.written else ""
    # cronie takes a day field that begins with a star for one that is not given, croniter one with all its days for one that is, and
    # `3-3` for all hours; 7 is no day of robfig's week
    starred = i in (2, 4) and fields.either and "*" in text
    if not text or values == FULL[i] or starred or re.search(r"\b7\b|/|\b(\w+)-\1\b" if i == 4 else r"\b(\w+)-\1\b", text):
        return spell(values, i)
    if not names:
        for name, number in _NAMES[i].items():
            text = text.replace(name, str(number))
    return re.sub(r"(^|,)(\d+)/", rf"\g<1>\g<2>-{HIGH[i]}/", text)
