"""The local target: a checked pipeline in; the plan that `wye run` interprets, the step programs and a crontab line out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wye.backend.check import CheckedPipeline
from wye.backend.target import EmittedFile
from wye_targets.local.capabilities import CAPABILITIES
from wye_targets.local.emit import emit
from wye_targets.local.lower import LocalPlan, lower


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """Options of a stack: `workers` is how many tasks run at a time; None means one per processor."""

    workers: int | None = None


class Local:
    name = "local"
    options = LocalOptions
    capabilities = CAPABILITIES

    def lower(self, checked: CheckedPipeline, options: LocalOptions) -> LocalPlan:
        return lower(checked)

    def emit(self, native: LocalPlan) -> Sequence[EmittedFile]:
        return emit(native)
