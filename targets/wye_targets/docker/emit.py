"""The compose project in, its files out: `compose.yaml`, `README.md`, and `steps/` with what the containers see."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from typing import Any

from wye.backend.embed import program_files, runtime_files
from wye.backend.target import EmittedFile, emitted
from wye.backend.yaml import dump
from wye.ir.json import document
from wye.schedules.crontab import expression, window_test
from wye.sdk.settings import Schedule
from wye_targets.docker.lower import FOLDER, RUN_ID, Project
from wye_targets.docker.readme import readme

HEAD = "# Compiled by Wye. README.md says how to run it.\n"


def emit(project: Project) -> Sequence[EmittedFile]:
    below = {
        "adapter.py": (resources("wye_targets.docker") / "adapter.py").read_text("utf-8"),
        "pipeline.json": document(project.spec),
        **{f"tasks/{name}.json": document(form) for name, form in project.tasks.items()},
        **({} if project.images else dict(runtime_files(interpreter=project.interpreter, guards=True, store="store" in project.spec))),
    }
    files = [EmittedFile(f"{FOLDER}/{path}", text) for path, text in below.items()]
    files += [emitted(f"{FOLDER}/programs/{p.id}/{path}", data) for p in project.programs for path, data in program_files(p)]
    schedule = project.pipeline.settings.schedule
    return [
        EmittedFile("compose.yaml", HEAD + dump(escaped(project.compose))),
        EmittedFile("README.md", readme(project)),
        *([EmittedFile("crontab.txt", crontab(project, schedule))] if schedule else []),
        *sorted(files, key=lambda f: f.path),
    ]


def escaped(value: Any) -> Any:
    """What compose reads as the value: it puts variables in where a `$` stands, `$$` is one."""
    match value:
        case dict():
            return {k: escaped(v) for k, v in value.items()}
        case list():
            return [escaped(v) for v in value]
        case str() if value != RUN_ID:
            return value.replace("$", "$$")
        case _:
            return value


def crontab(project: Project, schedule: Schedule) -> str:
    """A crontab with one entry. Each run has a project of its own, whose volume stays. The folder is the user's to fill in."""
    fields, zone = expression(schedule)
    name = f"{project.compose['name']}-$id"
    lock = {"skip": "flock -n .wye.lock ", "queue": "flock .wye.lock "}.get(schedule.overlap, "")
    command = (  # in a crontab a bare % ends the command
        r"id=$(date -u +\%Y\%m\%dt\%H\%Mz) SCHEDULED_TIME=$(date -u +\%Y-\%m-\%dT\%H:\%MZ) && export SCHEDULED_TIME RUN_ID=$id && "
        f"{lock}docker compose -p {name} up --abort-on-container-failure; docker compose -p {name} down"
    )
    entry = f'{fields} {window_test(schedule)}cd "$PROJECT" && {command}'
    return "\n".join([
        f"# Runs {project.pipeline.name}. Fill in PROJECT, the folder that holds compose.yaml, and add these lines with: crontab -e",
        "SHELL=/bin/sh",
        f"CRON_TZ={zone}",
        "PROJECT=.",
        ("# paused: " if schedule.paused else "") + entry,
        "",
    ])  # fmt: skip
