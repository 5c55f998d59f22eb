"""A checked pipeline in, the two documents of a Kubeflow pipeline (PipelineSpec and PlatformSpec) as data out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wye.backend.check import CheckedPipeline
from wye.backend.placement import placed
from wye.diagnostics import Span
from wye.ir.settings import Settings
from wye.schedules.kfp import recurring_run
from wye_targets._kfp.service import Service
from wye_targets._kfp.spec import Specification, specification
from wye_targets.kubeflow import placement, platform
from wye_targets.kubeflow.capabilities import IMAGE, Options, native_retry
from wye_targets.kubeflow.placement import Placement


@dataclass(frozen=True, slots=True)
class Native:
    """A Kubeflow pipeline: the specification, the platform document, and what a run and a recurring one need."""

    whole: Specification
    platform: dict[str, Any]
    schedule: dict[str, Any] | None
    run: dict[str, str]
    max_bytes: int
    span: Span


def lower(checked: CheckedPipeline, options: Options) -> Native:
    pipeline = checked.pipeline
    made = specification(pipeline, service(checked, options), options.store)
    scheduled = pipeline.settings.schedule
    return Native(
        made,
        platform.document(made.configs, pipeline.settings),
        recurring_run(scheduled, pipeline.name, options.timezone) | _account(options.placement) if scheduled else None,
        placement.run(options.placement),
        options.max_bytes,
        pipeline.span,
    )


def service(checked: CheckedPipeline, options: Options) -> Service:
    """Kubeflow, as the stack says it is."""
    pipeline = checked.pipeline.settings

    def retry(s: Settings) -> dict[str, Any] | None:
        return platform.retry_policy(s.retry, s.timeout) if s.retry and native_retry(s.retry) else None

    def config(s: Settings) -> dict[str, Any]:
        return placement.executor(placed(options, s, "kubeflow"), platform.executor(s, pipeline, options))

    return Service(
        image=lambda s: options.qualified(s.image or options.image or IMAGE),
        resources=lambda s: platform.resources(s.resources, options),
        retry=retry,
        config=config,
        own=checked.plain,
        built=bool(checked.images),
    )


def _account(p: Placement) -> dict[str, str]:
    """Of the arguments of a run, that which a recurring one has too: its namespace is the experiment's."""
    return {k: v for k, v in placement.run(p).items() if k == "service_account"}
