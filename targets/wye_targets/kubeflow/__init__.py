"""Kubeflow Pipelines 2: a checked pipeline in, `pipeline.yaml` (and `schedule.json`) out."""

from __future__ import annotations

from collections.abc import Sequence

from wye.backend.check import CheckedPipeline
from wye.backend.target import EmittedFile
from wye_targets.kubeflow.capabilities import CAPABILITIES, Options
from wye_targets.kubeflow.emit import emit
from wye_targets.kubeflow.lower import Native, lower


class Kubeflow:
    name = "kubeflow"
    options = Options
    capabilities = CAPABILITIES

    def lower(self, checked: CheckedPipeline, options: Options) -> Native:
        return lower(checked, options)

    def emit(self, native: Native) -> Sequence[EmittedFile]:
        return emit(native)
