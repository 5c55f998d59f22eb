"""Random and chosen schedules fire in every dialect when their source says: 200 times from a day, and around two changes of the clock.

`WYE_SOAK=2000 pytest tests/unit/schedules` looks at that many random schedules.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dialects import DIALECTS, first
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from interpreters import DAYS, MONTHS, clock, meant

from wye.schedules.fields import Inexpressible
from wye.schedules.meaning import check
from wye.sdk.settings import Schedule, SettingError

SOAK = int(os.environ.get("WYE_SOAK", "0"))
ZONES = (
    "UTC", "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "Europe/London", "Asia/Beirut",
    "America/Havana", "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns", "Africa/Casablanca", "Pacific/Chatham",
)  # fmt: skip


def changes(zone: str) -> list[datetime]:
    """When the zone's clock is changed in 2026, to the minute."""
    rules, found = clock(zone), []
    at = datetime(2026, 1, 1, tzinfo=UTC)
    while at.year == 2026:
        later = at + timedelta(hours=1)
        if at.astimezone(rules).utcoffset() != later.astimezone(rules).utcoffset():
            found.append(at)
        at = later
    return found


CHANGES = {zone: changes(zone) for zone in ZONES}


def compare(schedule: Schedule, days: list[datetime]) -> dict[str, str]:
    """Compare every dialect that can say the schedule; why the others cannot. 200 times from the first day on, 60 from each other."""
    counts = [200, *[60] * len(days[1:])]
    refused, expected = {}, [first(meant(schedule, day), count) for day, count in zip(days, counts)]
    for name, emit in DIALECTS.items():
        try:
            emitted = emit(schedule)
        except Inexpressible as error:
            refused[name] = f"{error}; {error.help}"
            continue
        for day, count, times in zip(days, counts, expected):
            assert first(emitted(day), count) == times, (name, day)
    return refused


def days_of(zone: str) -> list[datetime]:
    """Shortly before each change of the zone's clock in 2026."""
    return [at - timedelta(hours=3) for at in CHANGES.get(zone, [])] or [datetime(2026, 1, 1, tzinfo=UTC)]


def numbers(low: int, high: int, names: list[str] = [], base: int = 0) -> st.SearchStrategy[str]:  # noqa: B006
    one = st.integers(low, high).map(str)
    if names:
        one = one | st.sampled_from(names)
    span = st.tuples(st.integers(low, high), st.integers(low, high)).map(lambda p: f"{min(p)}-{max(p)}")
    step = st.tuples(st.just("*") | span | st.integers(low, high).map(str), st.integers(1, high)).map(lambda p: f"{p[0]}/{p[1]}")
    items = st.lists(one | span | step, min_size=1, max_size=3).map(",".join)
    return st.just("*") | one | items


HOURS = numbers(0, 23) | numbers(0, 4) | st.sampled_from(["0", "1", "2", "3", "*/2", "*/6"])
CRONS = st.tuples(
    numbers(0, 59) | st.sampled_from(["0", "30", "*/15"]), HOURS, st.just("*") | numbers(1, 31),
    st.just("*") | numbers(1, 12, MONTHS[1:]), st.just("*") | numbers(0, 7, DAYS),
).map(" ".join)  # fmt: skip
EVERY = st.sampled_from(["1m", "15m", "20m", "90m", "1h", "6h", "36h", "1d", "2d", "7d", "14d", "20s", "90s", "7h"])
STARTS = st.sampled_from([None, None, "2026-03-01T06:00", "2026-10-20T23:45:00", "2025-06-01", "2026-02-01T00:00:30+05:30"])
ENDS = st.sampled_from([None, None, "2026-10-31T06:00", "2027-01-01", "2026-11-15T00:00:00Z"])


@st.composite
def schedules(draw: Any) -> Schedule:
    timing = draw(st.sampled_from(["cron", "cron", "cron", "every"]))
    start = draw(STARTS)
    return Schedule(
        **{timing: draw(CRONS if timing == "cron" else EVERY)},
        timezone=draw(st.sampled_from(ZONES)),
        start=start,
        end=draw(ENDS),
        catchup=bool(start) and draw(st.booleans()),
        overlap=draw(st.sampled_from(["allow", "allow", "allow", "queue"])),
    )


@settings(
    max_examples=SOAK or 15, deadline=None, derandomize=not SOAK, suppress_health_check=list(HealthCheck), database=None,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(schedules(), st.integers(0, 1500))
def test_random_schedules(schedule: Schedule, day: int) -> None:
    try:
        check(schedule)
    except SettingError:
        return
    compare(schedule, [datetime(2025, 6, 1, tzinfo=UTC) + timedelta(days=day), *days_of(schedule.timezone)])


# --- chosen ones: (schedule, what refuses it and why) -------------------------------------------------------------------------------------

AWAY = {"timezone": "Europe/Zurich"}
KFP_AWAY = {f"kfp in {c}": "daylight saving" for c in ("UTC", "Asia/Kolkata")}
TOUCHED = {"airflow": "02:30 is missing one day in March", **dict.fromkeys(("quartz", "azure", "vertex"), "02:30 is missing")}
NOT_KFP = {"kfp in Europe/Zurich": "cannot be moved"}
KFP_NOT_NEW_YORK = {f"kfp in {c}": "daylight saving" for c in ("UTC", "Europe/Zurich", "Asia/Kolkata")}
KFP_IN_DST = {"kfp in Europe/Zurich": ""}
NO_WINDOW = {"kubernetes": "no start", "quartz": "no start", "vertex": "all times since its `start`"}
MONTHLY = {"azure": "some months of the year only"}
EITHER = {"aws": "one of the two fields must be `?`", "quartz": "must be `?`", "azure": "whichever comes"}
EVERY_REFUSED = {
    "crontab": "cannot say this interval", **dict.fromkeys(("kubernetes", "airflow", "quartz", "vertex"), "cannot say"),
}  # fmt: skip
KFP_EVERY = {f"kfp in {c}": "does not divide a day" for c in ("UTC", "Europe/Zurich", "Asia/Kolkata")}
NO_START = {"aws": "without `start`", "azure": "without `start`"}


@pytest.mark.parametrize(("given", "refused"), [
    ({"cron": "0 0 31 * *"}, NOT_KFP),
    ({"cron": "0 0 29 2 *"}, NOT_KFP | MONTHLY),
    ({"cron": "0 0 13 * 5"}, NOT_KFP | EITHER),
    ({"cron": "0 0 */2 * 1"}, NOT_KFP | EITHER),
    ({"cron": "0 12 1-31 * 1", "timezone": "Asia/Kolkata"}, dict.fromkeys(("kfp in Europe/Zurich",), "")),
    ({"cron": "*/7 * * * *"}, {}),
    ({"cron": "0 20 31 * *"}, NOT_KFP | {"kfp in Asia/Kolkata": "cannot be moved"}),
    ({"cron": "0 0 * * 7"}, NOT_KFP),
    ({"cron": "10-50/10 6-18/4 * jan-mar,OCT mon-fri", **AWAY}, KFP_AWAY | MONTHLY),
    ({"cron": "5-5 3-3 * * 1-1", **AWAY}, KFP_AWAY),
    ({"cron": "0 6 * * *", **AWAY}, KFP_AWAY),
    ({"cron": "30 2 * * *", **AWAY}, KFP_AWAY | TOUCHED | {"aws": "02:30 comes twice one day in October"}),
    ({"cron": "30 2 * * *", "timezone": "America/New_York"}, KFP_NOT_NEW_YORK | TOUCHED),
    ({"cron": "30 2 1-24 * *", **AWAY}, KFP_AWAY),
    ({"cron": "*/15 * * * *", **AWAY}, {}),
    ({"cron": "0 * * * *", "timezone": "Australia/Lord_Howe"},
     dict.fromkeys(("airflow", "quartz", "azure", "vertex", *KFP_EVERY), "")),
    ({"cron": "*/30 * * * *", "timezone": "Australia/Lord_Howe"}, {}),
    ({"cron": "0 6 * * *", "timezone": "Australia/Lord_Howe"},
     {"kubernetes": "less than an hour", **dict.fromkeys(KFP_EVERY, "")}),
    ({"cron": "0 6 * * 1", "timezone": "Asia/Beirut"}, {"kubernetes": "one day of the year has none", **dict.fromkeys(KFP_EVERY, "")}),
    ({"cron": "0 6 * * *", "timezone": "Asia/Beirut"}, dict.fromkeys(KFP_EVERY, "")),
    ({"cron": "0 * 1 * *", **AWAY}, KFP_AWAY | {"airflow": "loses the hour"}),
    ({"cron": "0 6 * * *", "timezone": "America/Sao_Paulo"}, {**KFP_IN_DST}),
    ({"every": "1d"}, {"kfp in Europe/Zurich": "does not divide"}),
    ({"every": "90m"}, EVERY_REFUSED | NO_START | KFP_EVERY),
    ({"every": "36h"}, EVERY_REFUSED | NO_START | KFP_EVERY),
    ({"every": "7d"}, {"kfp in Europe/Zurich": "does not divide"}),
    ({"every": "90m", "start": "2026-03-01T06:10"}, EVERY_REFUSED | {"kubernetes": "cannot say"} | KFP_EVERY),
    ({"every": "36h", "start": "2026-03-01T06:10", "catchup": True, **AWAY},
     EVERY_REFUSED | {"aws": "make up", "azure": "make up", "vertex": "make up"}),
    ({"every": "6h", "start": "2026-03-01T01:30", **AWAY}, NO_WINDOW | KFP_IN_DST),
    ({"every": "20s"}, EVERY_REFUSED | {"aws": "whole minutes", "azure": "whole minutes"}),
    ({"cron": "0 6 * * *", "start": "2026-03-01T06:00", "end": "2026-03-05T06:00"},
     NO_WINDOW | KFP_IN_DST),
    ({"cron": "0 6 * * *", "start": "2026-03-01T06:00:30", "end": "2026-03-05T05:59:59"},
     NO_WINDOW | KFP_IN_DST),
    ({"cron": "0 0 1 1 *", "start": "2026-02-01", "end": "2026-12-31"}, NOT_KFP | MONTHLY | NO_WINDOW),
    ({"at": "2026-03-29T03:30", **AWAY}, {"kubernetes": "repeats every year", "azure": "repeats every year"}),
])  # fmt: skip
def test_chosen_schedules(given: dict[str, Any], refused: dict[str, str]) -> None:
    schedule = Schedule(**given)
    check(schedule)
    found = compare(schedule, days_of(schedule.timezone))
    assert set(found) == set(refused)
    for name, why in refused.items():
        assert why in found[name], name


@pytest.mark.parametrize(
    "cron", ["0 0 L * *", "0 0 15W * *", "0 0 * * 5#2", "0 0 ? * 1", "@daily", "0 0 0 * * *", "H 0 * * *", "*/0 * * * *"]
)
def test_other_dialects_are_not_read(cron: str) -> None:
    with pytest.raises(SettingError):
        Schedule(cron=cron)
