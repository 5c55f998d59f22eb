"""The pipeline in, its files out: `pipeline.yml`, `schedule.yml`, components, conda files, a README, and `code/`, which every
job is given."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files as resources
from typing import Any

from wye.backend.embed import LINES, program_files, runtime_files
from wye.backend.target import EmittedFile, emitted
from wye.backend.yaml import dump
from wye.ir.model import Program
from wye.schedules import azure
from wye.sdk.settings import Schedule
from wye_targets.azureml.jobs import CODE, COMPONENTS, ENVIRONMENTS, MAIN, NAMES, made
from wye_targets.azureml.lower import SCHEDULED, Native
from wye_targets.azureml.readme import readme

SCHEDULE = "https://azuremlschemas.azureedge.net/latest/schedule.schema.json"
HEAD = "# Compiled by Wye. README.md says how it is run.\n"


def emit(native: Native) -> Sequence[EmittedFile]:
    job = made(native)
    below: dict[str, bytes] = {"pipeline.json": tasks(native).encode("utf-8")}
    package = resources("wye_targets.azureml")
    below[MAIN] = (package / "adapter.py").read_bytes()
    if any(t.form.get("secrets") for t in native.tasks):
        below["keyvault.py"] = (package / "keyvault.py").read_bytes()
    if native.embedded:
        islands = any(t.form["op"] == "island" for t in native.tasks)
        below |= {path: text.encode("utf-8") for path, text in runtime_files(interpreter=islands, guards=True)}
        below |= {f"programs/{p.id}/{path}": data for p in native.programs for path, data in program(p)}
    schedule = native.pipeline.settings.schedule
    return [
        EmittedFile("pipeline.yml", HEAD + dump(job.job)),
        *([EmittedFile("schedule.yml", dump(scheduling(native, schedule)))] if schedule else []),
        EmittedFile("README.md", readme(native)),
        *(EmittedFile(f"{COMPONENTS}/{name}.yml", dump(content)) for name, content in job.components.items()),
        *(EmittedFile(f"{ENVIRONMENTS}/{name}.yml", dump(content)) for name, content in job.environments.items()),
        *(emitted(f"{CODE}/{path}", data) for path, data in sorted(below.items())),
    ]


def program(p: Program) -> list[tuple[str, bytes]]:
    """The files of a step program; what says where its lines come from, on one line."""
    return [(path, json.dumps(json.loads(data)).encode("ascii") + b"\n" if path == LINES else data) for path, data in program_files(p)]


def tasks(native: Native) -> str:
    """What all jobs read, with a line for each task."""
    head = json.dumps({"pipeline": native.pipeline.name, "ids": native.ids})
    lines = ",\n".join(f"  {json.dumps(t.key)}: {json.dumps(t.form)}" for t in native.tasks)
    return head[:-1] + ', "tasks": {\n' + lines + "\n}}\n"


def scheduling(native: Native, schedule: Schedule) -> dict[str, Any]:
    wanted = azure.trigger(schedule)
    trigger: dict[str, Any] = {"type": wanted.type}
    if wanted.type == "cron":
        trigger["expression"] = wanted.expression
    else:
        trigger |= {"frequency": wanted.frequency, "interval": wanted.interval}
        trigger |= {"schedule": wanted.schedule} if wanted.schedule else {}
    trigger["time_zone"] = wanted.time_zone
    trigger |= {k: v for k, v in (("start_time", wanted.start_time), ("end_time", wanted.end_time)) if v}
    job: Any = "./pipeline.yml"
    if native.scheduled:
        job = {"type": "pipeline", "job": job, "inputs": {SCHEDULED: "${{creation_context.trigger_time}}"}}
    return {"$schema": SCHEDULE, "name": NAMES.spell(native.pipeline.name), "trigger": trigger, "create_job": job}
