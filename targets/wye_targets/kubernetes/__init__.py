"""A bare Kubernetes cluster: a checked pipeline in, `manifests.yaml` out: a CronJob whose pod runs each attempt as a Job of its own."""

from __future__ import annotations

from collections.abc import Sequence

from wye.backend.check import CheckedPipeline
from wye.backend.remote import Launch, Ran
from wye.backend.target import EmittedFile
from wye_targets.kubernetes.capabilities import CAPABILITIES, Options
from wye_targets.kubernetes.emit import emit
from wye_targets.kubernetes.lower import Native, lower


class Kubernetes:
    name = "kubernetes"
    options = Options
    capabilities = CAPABILITIES
    report = {"apiVersion": "v1", "kind": "List", "items": []}
    """What makes the report an empty list to `kubectl apply -f` of the whole folder, which reads every JSON file there."""

    def lower(self, checked: CheckedPipeline, options: Options) -> Native:
        return lower(checked, options)

    def emit(self, native: Native) -> Sequence[EmittedFile]:
        return emit(native)

    def run(self, launch: Launch) -> Ran:
        from wye_targets.kubernetes.run import run

        return run(launch)
