"""What platforms make of the texts that Wye emits: the instants at which they start a run, from an instant on, that one included.

Written apart from the compiler, from the platforms' sources and documents, and slow: nothing here is shared with `wye.schedules`.
Where a document leaves open what happens when the clock is changed, the interpreter fails: Wye must not emit such a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

LATEST = datetime(2064, 1, 1, tzinfo=UTC)
MONTHS = ["", *"jan feb mar apr may jun jul aug sep oct nov dec".split()]
DAYS = "sun mon tue wed thu fri sat".split()
MINUTE, QUARTER, DAY, SECOND = timedelta(minutes=1), timedelta(minutes=15), timedelta(days=1), timedelta(seconds=1)
Fires = Iterator[datetime]


@cache
def clock(name: str) -> ZoneInfo:
    with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def read(text: str, low: int, high: int, names: list[str] = [], first: int = 0) -> set[int]:  # noqa: B006
    """The numbers that a field stands for; `first` is the number of the first name."""
    found: set[int] = set()
    for item in text.lower().split(","):
        match = re.fullmatch(r"(\*|[a-z]+|\d+)(?:-([a-z]+|\d+))?(?:/(\d+))?", item)
        assert match, item
        start, end, step = match.groups()
        numbers = [names.index(w) + first if w in names else int(w) for w in (start, end) if w and w != "*"]
        begin, last = (low, high) if start == "*" else (numbers[0], numbers[-1] if end or not step else high)
        assert low <= begin <= last <= high, item
        found |= {n for n in range(begin, last + 1) if (n - begin) % int(step or 1) == 0}
    return found


def clock_fires(minutes: set[int], hours: set[int], day: Callable[[date], bool], zone: str, after: datetime) -> Fires:
    """Every instant at which the zone's clock shows one of the times."""
    rules, at = clock(zone), after.replace(minute=after.minute // 15 * 15, second=0, microsecond=0)
    while at < LATEST:
        local = at.astimezone(rules).replace(tzinfo=None)
        if not day(local.date()):
            at = _steady(at, timedelta(hours=24 - local.hour, minutes=-local.minute), rules)
        elif local.hour not in hours:
            at = _steady(at, timedelta(minutes=60 - local.minute), rules)
        else:
            yield from (at + i * MINUTE for i in range(15) if local.minute + i in minutes and at + i * MINUTE >= after)
            at += QUARTER


def _steady(at: datetime, step: timedelta, rules: ZoneInfo) -> datetime:
    """So much later, if the clock is not changed on the way; else a quarter of an hour later, which no change is shorter than."""
    far = at.astimezone(rules).utcoffset() == (at + step).astimezone(rules).utcoffset()
    return at + (step if far else QUARTER)


# --- what a schedule means: docs/schedules.md -------------------------------------------------------------------------------------------


def meant(schedule: Any, after: datetime) -> Fires:
    def instant(text: str | None) -> datetime | None:
        moment = datetime.fromisoformat(text) if text else None
        return moment and (moment if moment.tzinfo else moment.replace(tzinfo=clock(schedule.timezone))).astimezone(UTC)

    start, end = instant(schedule.start), instant(schedule.end)
    if schedule.cron:
        minute, hour, month_day, month, week_day = schedule.cron.split()
        days, months, week = read(month_day, 1, 31), read(month, 1, 12, MONTHS), {w % 7 for w in read(week_day, 0, 7, DAYS)}
        open_ = [any(item in ("*", "*/1") for item in text.split(",")) for text in (month_day, week_day)]

        def day(d: date) -> bool:
            right = [d.day in days, d.isoweekday() % 7 in week]
            return d.month in months and (all(right) if any(open_) else any(right))

        found: Iterable[datetime] = clock_fires(read(minute, 0, 59), read(hour, 0, 23), day, schedule.timezone, max(after, start or after))
    elif schedule.every:
        amount = sum(
            int(n) * {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}[u] for n, u in re.findall(r"(\d+)([wdhms])", schedule.every)
        )
        every, anchor = timedelta(seconds=amount), start or datetime(1970, 1, 1, tzinfo=UTC)
        first = anchor + max(0, -((anchor - after) // every) if after > anchor else 0) * every
        found = (first + i * every for i in range(10**9))
    else:
        at = instant(schedule.at)
        assert at
        found = [at]
    for at in found:
        if (end and at > end) or at > LATEST:
            return
        if at >= after:
            yield at


# --- cronie: src/cron.c, src/entry.c, crontab(5); a machine in UTC ------------------------------------------------------------------------


def crontab(text: str, after: datetime) -> Fires:
    lines = text.splitlines()
    zone = next(line.partition("=")[2] for line in lines if line.startswith("CRON_TZ="))
    minute, hour, month_day, month, week_day, command = lines[-1].split(None, 5)
    assert "\\%" in command or "%" not in command
    days, week, months = read(month_day, 1, 31), {w % 7 for w in read(week_day, 0, 7)}, read(month, 1, 12)
    star = month_day.startswith("*") or week_day.startswith("*")  # DOM_STAR, DOW_STAR: a star comes first, whatever follows

    def day(d: date) -> bool:
        right = [d.day in days, d.isoweekday() % 7 in week]
        return d.month in months and (all(right) if star else any(right))

    tests = [(op, int(n)) for op, n in re.findall(r"\[ \$\(date \+\\%s\) -(ge|lt) (\d+) \]", command)]
    latest = min((n for op, n in tests if op == "lt"), default=LATEST.timestamp())
    for at in clock_fires(read(minute, 0, 59), read(hour, 0, 23), day, zone, after):
        if at.timestamp() > latest:
            return
        started = at.timestamp() + 7  # a line starts in the course of its minute
        if all(started >= n if op == "ge" else started < n for op, n in tests):
            yield at


# --- github.com/robfig/cron, v1.2.0 (Kubeflow) and v3.0.1 (Kubernetes, Argo): spec.go, parser.go ----------------------------------------


class Robfig:
    def __init__(self, text: str, zone: str, version: int) -> None:
        fields = text.split()
        self.zone, self.version = clock(zone), version
        self.second, self.minute, self.hour = (read(f, 0, high) for f, high in zip(fields, (59, 59, 23)))
        self.days, self.month, self.week = read(fields[3], 1, 31), read(fields[4], 1, 12, MONTHS), read(fields[5], 0, 6, DAYS)
        self.star = any(self._star(f) for text in (fields[3], fields[5]) for f in text.split(","))

    def _star(self, item: str) -> bool:
        return item.startswith("*") and (self.version == 1 or item in ("*", "*/1"))

    def date(self, *parts: int) -> datetime:
        """Go's time.Date in the zone, with days beyond a month's end."""
        year, month, day, *clock_ = parts
        local = datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, *clock_, tzinfo=UTC) + (day - 1) * DAY
        guess = local - (local.astimezone(self.zone).utcoffset() or timedelta())
        return (local - (guess.astimezone(self.zone).utcoffset() or timedelta())).astimezone(self.zone)

    def add(self, at: datetime, amount: timedelta) -> datetime:
        return (at.astimezone(UTC) + amount).astimezone(self.zone)

    def matches(self, at: datetime) -> bool:
        right = [at.day in self.days, at.isoweekday() % 7 in self.week]
        return all(right) if self.star else any(right)

    def next(self, after: datetime) -> datetime | None:
        at, added = self.add(after.replace(microsecond=0), SECOND), False
        limit = at.year + 5
        while at.year <= limit:
            found = self._wrap(at, added)
            if isinstance(found, datetime):
                return found.astimezone(UTC)
            at, added = found
        return None

    def _wrap(self, at: datetime, added: bool) -> datetime | tuple[datetime, bool]:
        while at.month not in self.month:
            at = at if added else self.date(at.year, at.month, 1, 0, 0, 0)
            added, at = True, self.date(at.year, at.month + 1, at.day, at.hour, at.minute, at.second)
            if at.month == 1:
                return at, added
        while not self.matches(at):
            at = at if added else self.date(at.year, at.month, at.day, 0, 0, 0)
            added, at = True, self.date(at.year, at.month, at.day + 1, at.hour, at.minute, at.second)
            if at.hour and self.version == 3:
                at = self.add(at, timedelta(hours=24 - at.hour if at.hour > 12 else -at.hour))
            if at.day == 1:
                return at, added
        while at.hour not in self.hour:
            at = at if added else self.date(at.year, at.month, at.day, at.hour, 0, 0)
            added, at = True, self.add(at, timedelta(hours=1))
            if at.hour == 0:
                return at, added
        while at.minute not in self.minute:
            at = at if added else at.replace(second=0)
            added, at = True, self.add(at, MINUTE)
            if at.minute == 0:
                return at, added
        while at.second not in self.second:
            added, at = True, self.add(at, SECOND)
            if at.second == 0:
                return at, added
        return at


def robfig(text: str, zone: str, after: datetime, version: int = 3) -> Fires:
    cron, at = Robfig(text if version == 1 else "0 " + text, zone, version), after - SECOND
    while (found := cron.next(at)) is not None and found < LATEST:
        yield found
        at = found


def recurring_run(arguments: dict[str, Any], cluster: str, after: datetime) -> Fires:
    """The controller of Kubeflow's scheduled workflows: cron_schedule.go, periodic_schedule.go."""
    start, end = (datetime.fromisoformat(arguments[n]) if n in arguments else None for n in ("start_time", "end_time"))
    if "interval_second" in arguments:
        assert start, "counts from when it was made"
        assert not arguments["no_catchup"], "counts from when it was late"
        every = timedelta(seconds=arguments["interval_second"])
        found: Iterable[datetime] = (start + i * every for i in range(1, 10**9))
    else:
        found = robfig(arguments["cron_expression"], cluster, max(after, start + SECOND if start else after), version=1)
    for at in found:
        if (end and at > end) or at > LATEST:
            return
        if at >= after:
            yield at


# --- AWS, Quartz, Azure: their documents -------------------------------------------------------------------------------------------------


def wall_fires(
    minutes: set[int], hours: set[int], day: Callable[[date], bool], zone: str, after: datetime, missing: str = "fail", twice: str = "fail"
) -> Fires:
    """The times of each day as a calendar counts them; what becomes of one that is missing, or comes twice, is the platform's affair."""
    today = (after - 2 * DAY).date()
    while today < LATEST.date():
        for hour, minute in [(h, m) for h in sorted(hours) for m in sorted(minutes)] if day(today) else []:
            local = datetime(today.year, today.month, today.day, hour, minute)
            first, second = (local.replace(tzinfo=clock(zone), fold=f).astimezone(UTC) for f in (0, 1))
            if first > second:
                assert missing == "skip", f"{local} is missing in {zone}"
                continue
            assert first == second or twice == "once", f"{local} comes twice in {zone}"
            if first >= after:
                yield first
        today += DAY


def quartz_day(month_day: str, month: str, week_day: str) -> Callable[[date], bool]:
    assert (month_day == "?") != (week_day == "?"), "one of the two is `?`"
    days = read(month_day, 1, 31) if month_day != "?" else set(range(1, 32))
    week = read(week_day, 1, 7, DAYS, 1) if week_day != "?" else set(range(1, 8))
    months = read(month, 1, 12, MONTHS)
    return lambda d: d.day in days and d.month in months and d.isoweekday() % 7 + 1 in week


def aws(request: Any, after: datetime) -> Fires:
    kind, text = re.fullmatch(r"(cron|rate|at)\((.*)\)", request.expression).groups()  # type: ignore[union-attr]
    start, end = request.start or after, request.end or LATEST
    if kind == "at":
        assert (request.start, request.end) == (None, None)
        found: Iterable[datetime] = [datetime.fromisoformat(text).replace(tzinfo=clock(request.timezone)).astimezone(UTC)]
        start = after
    elif kind == "rate":
        number, unit = text.split()
        assert (number == "1") != unit.endswith("s")
        every = timedelta(**{unit.rstrip("s") + "s": int(number)})
        assert request.start, "counts from when it was made"
        found = (request.start + i * every for i in range(10**9))
    else:
        minute, hour, *days, year = text.split()
        assert year == "*"
        found = wall_fires(read(minute, 0, 59), read(hour, 0, 23), quartz_day(*days), request.timezone, after, "skip")
    for at in found:
        if at > end or at > LATEST:
            return
        if at >= max(start, after):
            yield at


def quartz(expression: str, zone: str, after: datetime) -> Fires:
    second, minute, hour, *days = expression.split()
    if len(days) == 4:
        once = datetime(int(days[3]), int(days[1]), int(days[0]), int(hour), int(minute), int(second), tzinfo=clock(zone)).astimezone(UTC)
        yield from [once] if once >= after else []
        return
    assert second == "0"
    yield from wall_fires(read(minute, 0, 59), read(hour, 0, 23), quartz_day(*days), zone, after)


def vertex(schedule: dict[str, Any], after: datetime) -> Fires:
    """Nothing at the start and the end themselves, which no document says to count; as many as there may be in all."""
    zone, minute, hour, month_day, month, week_day = re.fullmatch(  # type: ignore[union-attr]
        r"TZ=(\S+) (\S+) (\S+) (\S+) (\S+) (\S+)", schedule["cron"]
    ).groups()
    days, months, week = read(month_day, 1, 31), read(month, 1, 12), read(week_day, 0, 6)
    either = month_day != "*" and week_day != "*"

    def day(d: date) -> bool:
        in_month, in_week = d.day in days, d.isoweekday() % 7 in week
        return d.month in months and (in_month or in_week if either else in_month and in_week)

    start, end = (datetime.fromisoformat(schedule[n]) if n in schedule else None for n in ("startTime", "endTime"))
    assert ("startTime" in schedule) == ("maxRunCount" in schedule), "it would make up for what was due before it is created"
    found = wall_fires(read(minute, 0, 59), read(hour, 0, 23), day, zone, max(after, start or after))
    for at in islice(found, int(schedule.get("maxRunCount", 10**9))):
        if (end and at >= end) or at > LATEST:
            return
        if at > (start or at - DAY):
            yield at


def azure(trigger: Any, windows: dict[str, str], after: datetime) -> Fires:
    zone = windows[trigger.time_zone]

    def moment(text: str | None) -> datetime | None:
        return datetime.fromisoformat(text).replace(tzinfo=clock(zone)).astimezone(UTC) if text else None

    start, end = moment(trigger.start_time), moment(trigger.end_time)
    if trigger.type == "cron":
        minute, hour, month_day, month, week_day = trigger.expression.split()
        week = read(week_day, 0, 6, DAYS)  # days and months are ignored
        assert (month_day, month) == ("*", "*")
        found: Iterable[datetime] = wall_fires(
            read(minute, 0, 59), read(hour, 0, 23), lambda d: d.isoweekday() % 7 in week, zone, max(after, start or after)
        )
    elif trigger.schedule:
        assert trigger.frequency == "month"
        assert trigger.interval == 1
        pattern = trigger.schedule
        found = wall_fires(
            set(pattern["minutes"]), set(pattern["hours"]), lambda d: d.day in pattern["month_days"], zone, max(after, start or after)
        )
    else:
        assert start, "counts from when it was made"
        assert trigger.time_zone == "UTC", "where a day has 24 hours"
        every = timedelta(**{trigger.frequency + "s": trigger.interval})
        found = (start + i * every for i in range(10**9))
    for at in found:
        if (end and at > end) or at > LATEST:
            return
        if at >= after:
            yield at


# --- Airflow: timetables/_cron.py, timetables/trigger.py, utils/timezone.py ---------------------------------------------------------------


def airflow(expression: str, zone: str, after: datetime, start: datetime | None, end: datetime | None) -> Fires:
    from croniter import croniter

    rules = clock(zone)

    def aware(naive: datetime) -> datetime:
        """make_aware: the second of two, and what is missing an hour later."""
        first, second = (naive.replace(tzinfo=rules, fold=f).astimezone(UTC) for f in (0, 1))
        return max(first, second)

    at = max(after, start or after) - SECOND
    while at < LATEST:
        naive = at.astimezone(rules).replace(tzinfo=None)
        cron = croniter(expression, start_time=naive)
        scheduled = cron.get_next(datetime)
        at = at + (scheduled - naive) if cron.expanded[1] == ["*"] else aware(scheduled)
        if end and at > end:
            return
        yield at
