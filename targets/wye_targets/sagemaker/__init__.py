"""The target `sagemaker`: a pipeline definition of SageMaker Pipelines, requests that create and schedule it, and what its jobs run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wye.backend.capabilities import Capabilities
from wye.backend.check import CheckedPipeline
from wye.backend.target import EmittedFile
from wye_targets.sagemaker.capabilities import CAPABILITIES, SagemakerOptions
from wye_targets.sagemaker.emit import emit
from wye_targets.sagemaker.lower import Definition, decided, lower


class Sagemaker:
    name = "sagemaker"
    options: type = SagemakerOptions
    capabilities: Capabilities = replace(CAPABILITIES, decided=decided)

    def lower(self, checked: CheckedPipeline, options: SagemakerOptions) -> Definition:
        return lower(checked, options)

    def emit(self, native: Definition) -> Sequence[EmittedFile]:
        return emit(native)
