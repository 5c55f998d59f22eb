"""Vertex AI Pipelines: a checked pipeline in, `pipeline_job.json` (and `schedule.json`) out."""

from __future__ import annotations

from collections.abc import Sequence

from wye.backend.check import CheckedPipeline
from wye.backend.target import EmittedFile
from wye_targets.vertex.capabilities import CAPABILITIES, Options
from wye_targets.vertex.emit import emit
from wye_targets.vertex.lower import Native, lower


class Vertex:
    name = "vertex"
    options = Options
    capabilities = CAPABILITIES

    def lower(self, checked: CheckedPipeline, options: Options) -> Native:
        return lower(checked, options)

    def emit(self, native: Native) -> Sequence[EmittedFile]:
        return emit(native)
