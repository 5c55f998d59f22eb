"""The target `databricks`: a bundle with one job, a notebook per task, and what the notebooks run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wye.backend.capabilities import Capabilities
from wye.backend.check import CheckedPipeline
from wye.backend.target import EmittedFile
from wye_targets.databricks.capabilities import CAPABILITIES, DatabricksOptions
from wye_targets.databricks.emit import emit
from wye_targets.databricks.lower import Job, decided, lower


class Databricks:
    name = "databricks"
    options: type = DatabricksOptions
    capabilities: Capabilities = replace(CAPABILITIES, decided=decided)

    def lower(self, checked: CheckedPipeline, options: DatabricksOptions) -> Job:
        return lower(checked, options)

    def emit(self, native: Job) -> Sequence[EmittedFile]:
        return emit(native)
