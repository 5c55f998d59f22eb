"""A PipelineJob and its schedule in, what is wrong with them out: what the SDK takes without a word, and the service refuses, or fails at
in the middle of a run.

https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.pipelineJobs
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from wye_targets._kfp.check import check as specification
from wye_targets.vertex.machines import ACCELERATORS
from wye_targets.vertex.placement import label

Part = dict[str, Any]

_JOB = {
    "displayName", "encryptionSpec", "labels", "network", "pipelineSpec", "pscInterfaceConfig", "reservedIpRanges", "runtimeConfig",
    "serviceAccount",
}  # fmt: skip
_RUNTIME = {"defaultRuntime", "failurePolicy", "gcsOutputDirectory", "parameterValues"}
_POLICIES = ("PIPELINE_FAILURE_POLICY_FAIL_FAST", "PIPELINE_FAILURE_POLICY_FAIL_SLOW")
_ID = re.compile(r"[a-z][-a-z0-9]{0,112}")
"""A pipeline's name: that of a run is it, a hyphen and 14 digits, 128 characters in all."""


def check(job: Part, schedule: Part | None = None) -> list[str]:
    """Every fault, in a stable order."""
    faults = [*_job(job), *specification(job["pipelineSpec"], {}), *_texts(job["pipelineSpec"]), *_containers(job["pipelineSpec"])]
    return [*faults, *(_schedule(schedule, job) if schedule else ())]


def _job(job: Part) -> Iterator[str]:
    for name in sorted(job.keys() - _JOB):
        yield f"job: unknown field {name!r}"
    if not 0 < len(job.get("displayName", "")) <= 128:
        yield "job: displayName takes 1 to 128 characters"
    labels = job.get("labels", {})
    if len(labels) > 64:
        yield "job: more than 64 labels"
    yield from (f"job: {wrong[0]}" for key, value in labels.items() if (wrong := label(key, value)))
    runtime = job.get("runtimeConfig")
    if runtime is None:
        yield "job: no runtimeConfig"
        return
    for name in sorted(runtime.keys() - _RUNTIME):
        yield f"runtimeConfig: unknown field {name!r}"
    if runtime.get("failurePolicy") not in _POLICIES:
        yield f"runtimeConfig: failurePolicy {runtime.get('failurePolicy')!r}"
    if "gcsOutputDirectory" in runtime and not runtime["gcsOutputDirectory"].startswith("gs://"):
        yield "runtimeConfig: gcsOutputDirectory is no address in Cloud Storage"
    known = job["pipelineSpec"]["root"].get("inputDefinitions", {}).get("parameters", {})
    for name in sorted(runtime.get("parameterValues", {}).keys() - known.keys()):
        yield f"runtimeConfig: the pipeline has no parameter {name!r}"


def _texts(spec: Part) -> Iterator[str]:
    if not _ID.fullmatch(spec["pipelineInfo"].get("name", "")):
        yield f"pipeline {spec['pipelineInfo'].get('name')!r}: a run's id is made of it"
    parameters = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    for where, part in [("pipeline", spec["pipelineInfo"]), *((f"parameter {n!r}", p) for n, p in parameters.items())]:
        for key in ("description", "displayName"):
            if len(part.get(key, "")) > 1024:
                yield f"{where}: {key} has more than 1,024 characters"


def _containers(spec: Part) -> Iterator[str]:
    for label_, executor in spec["deploymentSpec"]["executors"].items():
        resources = executor.get("container", {}).get("resources", {})
        if resources.get("cpuLimit", 0) > 96 or resources.get("memoryLimit", 0) > 624:
            yield f"executor {label_}: more than 96 cores or 624 GB"
        kind = resources.get("accelerator", {}).get("resourceType")
        if kind is not None and kind not in ACCELERATORS.values():
            yield f"executor {label_}: no accelerator {kind!r}"
    for name, component in [("root", spec["root"]), *spec["components"].items()]:
        for task, step in component.get("dag", {}).get("tasks", {}).items():
            if "retryPolicy" in step:
                yield f"{name}: {task}: the runner tries again, not the service"
            if "ALL_UPSTREAM_TASKS_COMPLETED" in step.get("triggerPolicy", {}).values() and name != "root":
                yield f"{name}: {task}: an exit handler that is not around the whole pipeline"


def _schedule(schedule: Part, job: Part) -> Iterator[str]:
    if not re.fullmatch(r"TZ=\S+( \S+){5}", schedule.get("cron", "")):
        yield f"schedule: cron {schedule.get('cron')!r}"
    if int(schedule.get("maxConcurrentRunCount", 0)) < 1:
        yield "schedule: maxConcurrentRunCount is required"
    for name in ("state", "catchUp"):
        if name in schedule:
            yield f"schedule: {name} is output only"
    if schedule.get("startTime", "") > schedule.get("endTime", "~"):
        yield "schedule: it ends before it starts"
    if schedule.get("createPipelineJobRequest", {}).get("pipelineJob") != job:
        yield "schedule: its runs are not the job"
    optional = job["pipelineSpec"]["root"].get("inputDefinitions", {}).get("parameters", {})
    for name, parameter in optional.items():
        if not parameter.get("isOptional"):
            yield f"schedule: nobody gives {name!r}"
