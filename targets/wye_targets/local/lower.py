"""A checked pipeline in; its plan, its programs' files and its crontab out. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wye.backend.check import CheckedPipeline
from wye.backend.embed import File, program_files
from wye.ir.json import plan_json
from wye.ir.model import Pipeline
from wye.sdk.settings import Schedule, seconds

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86400, 604800


@dataclass(frozen=True, slots=True)
class LocalPlan:
    """The native tree: what `wye run` interprets, and who starts it."""

    plan: dict[str, Any]
    programs: tuple[File, ...]
    crontab: str | None


def lower(checked: CheckedPipeline) -> LocalPlan:
    pipeline = checked.pipeline
    programs = tuple((f"{p.id}/{path}", text) for p in sorted(pipeline.programs, key=lambda p: p.id) for path, text in program_files(p))
    schedule = pipeline.settings.schedule
    return LocalPlan(plan_json(pipeline), programs, crontab(pipeline, schedule) if schedule else None)


def crontab(pipeline: Pipeline, schedule: Schedule) -> str:
    """A crontab with one entry. The folder of the source is the user's to fill in."""
    fields = cron_fields(schedule.cron) if schedule.cron is not None else interval_fields(schedule)
    assert fields is not None, "the capability check lets through only what a crontab can say"
    # In a crontab a bare % ends the command.
    source = shlex.quote(f"{pipeline.span.path}:{pipeline.name}").replace("%", r"\%")
    command = f"wye run {source}"
    if schedule.overlap in ("skip", "queue"):
        command = f"flock {'-n ' if schedule.overlap == 'skip' else ''}.wye-{pipeline.name}.lock {command}"
    entry = f'{fields} {window_test(schedule)}cd "$PROJECT" && {command}'
    return "\n".join([
        f"# Runs {pipeline.name}. Fill in PROJECT, the folder that holds {pipeline.span.path}, and add these lines with: crontab -e",
        "SHELL=/bin/sh",
        f"CRON_TZ={schedule.timezone if schedule.cron is not None else 'UTC'}",
        "PROJECT=.",
        ("# paused: " if schedule.paused else "") + entry,
        "",
    ])  # fmt: skip


_NAMES = dict.fromkeys(range(5), "") | {3: "jan feb mar apr may jun jul aug sep oct nov dec", 4: "sun mon tue wed thu fri sat"}
_LAST = (59, 23, 31, 12, 7)


def cron_fields(text: str) -> str:
    """The five fields as every cron reads them: numbers for names, `5-59/10` for `5/10`."""
    fields = []
    for i, field in enumerate(text.lower().split()):
        for number, name in enumerate(_NAMES[i].split(), start=4 - i):
            field = field.replace(name, str(number))
        fields.append(re.sub(r"(^|,)(\d+)/", rf"\g<1>\g<2>-{_LAST[i]}/", field))
    return " ".join(fields)


def window_test(schedule: Schedule) -> str:
    """A shell test that holds from `start` to `end`; a crontab knows no dates with years."""
    tests = [
        f"[ $(date +\\%s) {op} {int(_instant(text, schedule.timezone).timestamp())} ]"
        for op, text in (("-ge", schedule.start), ("-lt", schedule.end))
        if text is not None
    ]
    return "".join(t + " && " for t in tests)


def interval_fields(schedule: Schedule) -> str | None:
    """An interval as five fields in UTC, anchored at `start`, else at the epoch; None when a crontab cannot say it."""
    every = seconds(schedule.every, "every") if schedule.every is not None else 0.0
    anchor = _instant(schedule.start, schedule.timezone) if schedule.start is not None else datetime(1970, 1, 1, tzinfo=UTC)
    if every % MINUTE or anchor.second or anchor.microsecond:
        return None
    if every == WEEK:
        return f"{anchor.minute} {anchor.hour} * * {anchor.isoweekday() % 7}"
    if every and DAY % every == 0:
        times = [anchor + timedelta(seconds=i * every) for i in range(int(DAY // every))]
        minutes, hours = sorted({t.minute for t in times}), sorted({t.hour for t in times})
        if len(minutes) * len(hours) == len(times):  # every minute listed goes with every hour listed
            return f"{_field(minutes, 60)} {_field(hours, 24)} * * *"
    return None


def _field(values: list[int], size: int) -> str:
    """The shortest list that cron reads as these values."""
    step = size // len(values)
    if values == list(range(0, size, step)):
        return "*" if step == 1 else f"*/{step}" if len(values) > 1 else "0"
    return _joined(values)


def _joined(values: Iterable[int]) -> str:
    return ",".join(str(v) for v in values)


def _instant(text: str, zone: str) -> datetime:
    """An ISO time; without an offset it is in the schedule's time zone."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
