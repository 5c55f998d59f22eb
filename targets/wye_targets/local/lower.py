"""A checked pipeline in; its plan, its programs' files and its crontab out. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

from wye.backend.check import CheckedPipeline
from wye.backend.embed import Shipped, program_files
from wye.ir.json import plan_json
from wye.ir.model import Pipeline
from wye.schedules.crontab import expression, window_test
from wye.sdk.settings import Schedule


@dataclass(frozen=True, slots=True)
class LocalPlan:
    """The native tree: what `wye run` interprets, and who starts it."""

    plan: dict[str, Any]
    programs: tuple[Shipped, ...]
    crontab: str | None


def lower(checked: CheckedPipeline) -> LocalPlan:
    pipeline = checked.pipeline
    programs = tuple((f"{p.id}/{path}", data) for p in sorted(pipeline.programs, key=lambda p: p.id) for path, data in program_files(p))
    schedule = pipeline.settings.schedule
    return LocalPlan(plan_json(pipeline), programs, crontab(pipeline, schedule) if schedule else None)


def crontab(pipeline: Pipeline, schedule: Schedule) -> str:
    """A crontab with one entry. The folder of the source is the user's to fill in."""
    fields, zone = expression(schedule)
    # In a crontab a bare % ends the command.
    source = shlex.quote(f"{pipeline.span.path}:{pipeline.name}").replace("%", r"\%")
    command = f"wye run {source}"
    if any(p.scheduled for p in pipeline.parameters) or any(p.context for p in pipeline.programs):
        command += r' --scheduled-time "$(date -u +\%Y-\%m-\%dT\%H:\%MZ)"'  # the minute for which cron starts it
    if schedule.overlap in ("skip", "queue"):
        command = f"flock {'-n ' if schedule.overlap == 'skip' else ''}.wye-{pipeline.name}.lock {command}"
    entry = f'{fields} {window_test(schedule)}cd "$PROJECT" && {command}'
    return "\n".join([
        f"# Runs {pipeline.name}. Fill in PROJECT, the folder that holds {pipeline.span.path}, and add these lines with: crontab -e",
        "SHELL=/bin/sh",
        f"CRON_TZ={zone}",
        "PROJECT=.",
        ("# paused: " if schedule.paused else "") + entry,
        "",
    ])  # fmt: skip
