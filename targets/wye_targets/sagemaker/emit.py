"""The definition in, its files out: `pipeline.json`, the requests that create and schedule it, a README, and `upload/` for S3."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from wye.backend.names import NameRules
from wye.backend.target import EmittedFile, emitted
from wye.schedules import aws
from wye.sdk.settings import Schedule
from wye_targets.sagemaker.code import runtime
from wye_targets.sagemaker.lower import Definition, definition
from wye_targets.sagemaker.readme import FILL, readme

SCHEDULES = NameRules(charset="0-9a-zA-Z_.-", limit=64, lower=False, first="0-9a-zA-Z")
START = "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution"
"""EventBridge Scheduler's universal target for StartPipelineExecution: only its input may say for which time it was called.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html"""
TIME = "<aws.scheduler.scheduled-time>"
TOKEN = "wye-started-by-eventbridge-scheduler-<aws.scheduler.execution-id>"
"""32 to 128 characters."""
UPLOAD = "upload"


def emit(native: Definition) -> Sequence[EmittedFile]:
    schedule = native.pipeline.settings.schedule
    own = runtime(native.facts.built)
    below = {f"{own.folder}/{path}": text.encode("utf-8") for path, text in own.files if text}
    below |= native.uploads
    return [
        EmittedFile("pipeline.json", definition(native.document)),
        EmittedFile("create-pipeline.json", json.dumps(creation(native), indent=1) + "\n"),
        *([EmittedFile("schedule.json", json.dumps(scheduling(native, schedule), indent=1) + "\n")] if schedule else []),
        EmittedFile("README.md", readme(native)),
        *(emitted(f"{UPLOAD}/{path}", data) for path, data in sorted(below.items())),
    ]


def creation(native: Definition) -> dict[str, Any]:
    """CreatePipeline without the definition."""
    request: dict[str, Any] = {"PipelineName": native.name}
    if native.options.role:
        request["RoleArn"] = native.options.role
    if native.pipeline.settings.max_parallel is not None:
        request["ParallelismConfiguration"] = {"MaxParallelExecutionSteps": native.pipeline.settings.max_parallel}
    if native.pipeline.settings.tags:
        request["Tags"] = [{"Key": k, "Value": v} for k, v in native.pipeline.settings.tags]
    return request


def scheduling(native: Definition, schedule: Schedule) -> dict[str, Any]:
    """CreateSchedule. What the stack does not say is to be filled in."""
    wanted = aws.request(schedule)
    parameters = [
        {"Name": name, "Value": TIME if fact == "ScheduledTime" else FILL.format(name)} for fact, name in native.facts.asked.items()
    ]
    start: dict[str, Any] = {"PipelineName": native.name, "ClientRequestToken": TOKEN}
    start |= {"PipelineParameters": parameters} if parameters else {}
    request: dict[str, Any] = {"Name": SCHEDULES.spell(native.name), "ScheduleExpression": wanted.expression}
    request["ScheduleExpressionTimezone"] = wanted.timezone
    for key, moment in (("StartDate", wanted.start), ("EndDate", wanted.end)):
        if moment:
            request[key] = moment.isoformat().replace("+00:00", "Z")
    request["State"] = wanted.state
    request["FlexibleTimeWindow"] = {"Mode": "OFF"}
    role = native.options.scheduler_role or FILL.format("SchedulerRoleArn")
    request["Target"] = {"Arn": START, "RoleArn": role, "Input": json.dumps(start)}
    return request
