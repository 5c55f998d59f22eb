"""The target `airflow`: one DAG file that runs unchanged on Airflow 2.10, 2.11 and 3.x, and a folder with what its steps run."""

from __future__ import annotations

from collections.abc import Sequence

from wye.backend.capabilities import Capabilities
from wye.backend.check import CheckedPipeline
from wye.backend.target import EmittedFile
from wye_targets.airflow.capabilities import CAPABILITIES, AirflowOptions
from wye_targets.airflow.dag import Dag
from wye_targets.airflow.emit import emit
from wye_targets.airflow.lower import lower


class Airflow:
    name = "airflow"
    options: type = AirflowOptions
    capabilities: Capabilities = CAPABILITIES

    def lower(self, checked: CheckedPipeline, options: AirflowOptions) -> Dag:
        return lower(checked, options)

    def emit(self, native: Dag) -> Sequence[EmittedFile]:
        return emit(native)
