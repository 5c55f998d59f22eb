"""A checked pipeline in; the fields of a PipelineJob, its specification with the containers apart, and a schedule as data out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wye.backend.check import CheckedPipeline
from wye.backend.placement import placed
from wye.diagnostics import CompileFailed, Diagnostic, Span
from wye.ir import model as ir
from wye.ir.settings import Settings
from wye.schedules import vertex
from wye_targets._kfp.service import Service
from wye_targets._kfp.spec import Specification, specification
from wye_targets.vertex import placement
from wye_targets.vertex.capabilities import IMAGE, Options, machine
from wye_targets.vertex.machines import ACCELERATORS, known

NAME_LIMIT, TEXT_LIMIT = 128, 1024
"""Characters of a display name; of a description."""


@dataclass(frozen=True, slots=True)
class Native:
    """A run: the job without its specification, that, and the schedule without the job."""

    job: dict[str, Any]
    whole: Specification
    schedule: dict[str, Any] | None
    max_bytes: int
    span: Span


def lower(checked: CheckedPipeline, options: Options) -> Native:
    pipeline = checked.pipeline
    made = specification(pipeline, service(checked, options), None)
    shorten(made.spec)
    name = pipeline.name[:NAME_LIMIT]
    labels = {**options.placement.labels, **dict(pipeline.settings.tags)}
    job = {"displayName": name, **({"labels": dict(sorted(labels.items()))} if labels else {}), "runtimeConfig": runtime(pipeline, options)}
    return Native(job | placement.job(options.placement), made, _schedule(pipeline, options), options.max_bytes, pipeline.span)


def service(checked: CheckedPipeline, options: Options) -> Service:
    """Vertex AI, as the stack says it is."""
    pipeline = checked.pipeline

    def resources(s: Settings) -> dict[str, Any]:
        return limits(s, pipeline, options)

    return Service(
        image=lambda s: options.qualified(s.image or options.image or IMAGE),
        resources=resources,
        retry=lambda s: None,
        config=lambda s: {},
        own=checked.plain,
        built=bool(checked.images),
        empty_loops=False,
        secrets={"project": options.project} if options.project else {},
        deadline=pipeline.settings.timeout,
        created=True,
    )


def limits(s: Settings, pipeline: ir.Pipeline, options: Options) -> dict[str, Any]:
    """A container's limits, those of the machine that it is to have; in the string fields and in the numeric ones, as kfp writes both."""
    r = s.resources
    asked = r and (r.cpu or r.memory or r.gpu)
    found = machine(s, options)
    if found is None:  # each step's can be had, and an island's, the largest of all, cannot
        where = s.span("resources", pipeline.span)
        help = "ask for less in the steps of the loop or the `try` that runs as one task"
        raise CompileFailed([Diagnostic("WYE4001", "no machine has all that these steps ask for", where, help=help, target="vertex")])
    if not asked and placed(options, s, "vertex").machine is None:
        return {}
    spec: dict[str, Any] = {
        "cpuLimit": float(found.cpu),
        "memoryLimit": float(found.memory),
        "resourceCpuLimit": f"{found.cpu:g}",
        "resourceMemoryLimit": f"{found.memory:g}G",
    }
    if r and r.gpu:
        assert found.gpu_type, "a machine with GPUs says of which kind"
        kind, count = ACCELERATORS[known(r).gpu_type or found.gpu_type], str(found.gpu)
        spec = {"accelerator": {"count": count, "resourceCount": count, "resourceType": kind, "type": kind}, **spec}
    return spec


def runtime(pipeline: ir.Pipeline, options: Options) -> dict[str, Any]:
    """What holds for the run: with a step for failed runs, tasks start although another has failed, else that one would not."""
    slow = pipeline.on_failure is not None or pipeline.settings.on_failure == "continue"
    found: dict[str, Any] = {"failurePolicy": "PIPELINE_FAILURE_POLICY_FAIL_SLOW" if slow else "PIPELINE_FAILURE_POLICY_FAIL_FAST"}
    if options.store:
        found["gcsOutputDirectory"] = options.store
    if options.placement.persistent_resource:
        detail = {"persistentResourceName": options.placement.persistent_resource}
        found["defaultRuntime"] = {"persistentResourceRuntimeDetail": detail}
    return dict(sorted(found.items()))


def shorten(spec: dict[str, Any]) -> None:
    """Descriptions and display names, to what the service takes."""
    told = [spec["pipelineInfo"], *spec["root"].get("inputDefinitions", {}).get("parameters", {}).values()]
    for part in told:
        for key in ("description", "displayName"):
            if len(part.get(key, "")) > TEXT_LIMIT:
                part[key] = part[key][: TEXT_LIMIT - 1] + "…"


def _schedule(pipeline: ir.Pipeline, options: Options) -> dict[str, Any] | None:
    plan = pipeline.settings.schedule
    if plan is None:
        return None
    parent = f"projects/{options.project}/locations/{options.location}" if options.project and options.location else None
    request = {"parent": parent} if parent else {}
    return {"displayName": pipeline.name[:NAME_LIMIT], **vertex.request(plan), "createPipelineJobRequest": request}
