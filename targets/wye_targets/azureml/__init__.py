"""The target `azureml`: a pipeline job of Azure Machine Learning (CLI and SDK v2), a command job per task, and what the jobs run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wye.backend.capabilities import Capabilities
from wye.backend.check import CheckedPipeline
from wye.backend.target import EmittedFile
from wye_targets.azureml.capabilities import CAPABILITIES, AzuremlOptions
from wye_targets.azureml.emit import emit
from wye_targets.azureml.lower import Native, decided, lower


class Azureml:
    name = "azureml"
    options: type = AzuremlOptions
    capabilities: Capabilities = replace(CAPABILITIES, decided=decided)

    def lower(self, checked: CheckedPipeline, options: AzuremlOptions) -> Native:
        return lower(checked, options)

    def emit(self, native: Native) -> Sequence[EmittedFile]:
        return emit(native)
