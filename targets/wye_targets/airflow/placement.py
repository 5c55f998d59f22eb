"""Where Airflow is to run the tasks, as typed options: what a stack's `placement`, or a step's own block, says; arguments of operators out.

https://airflow.apache.org/docs/apache-airflow/stable/_api/airflow/models/baseoperator/index.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from wye_targets.airflow.dag import literal


class PlacementError(ValueError):
    """A value that its type allows and Airflow does not. `field` names the key, `help` the remedy."""

    def __init__(self, field: str, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.field, self.help = field, help


@dataclass(frozen=True, slots=True)
class Placement:
    """Where tasks run, and which first: the arguments of the same names of every operator."""

    pool: str | None = None
    pool_slots: int | None = None
    queue: str | None = None
    priority_weight: int | None = None
    weight_rule: Literal["downstream", "upstream", "absolute"] | None = None
    executor: str | None = None
    """One of several executors of an installation, by its name or alias."""
    executor_config: dict[str, Any] = field(default_factory=dict)
    """For the executor, as it takes it; the table `pod_override` for the Kubernetes executor is a pod as Kubernetes spells it."""

    def __post_init__(self) -> None:
        for name in ("pool", "queue", "executor"):
            value = getattr(self, name)
            if value is not None and (not value.strip() or not value.isprintable() or len(value) > 256):
                raise PlacementError(name, f"not a name: {value!r}")
        if self.pool_slots is not None and self.pool_slots < 1:
            raise PlacementError("pool_slots", "`pool_slots` must be positive")
        if "pod_override" in self.executor_config:
            message = "`pod_override` is an object of the Kubernetes client, which a DAG would have to import"
            raise PlacementError("pod_override", message, "set the pod template of the executor, or compile for Kubeflow")


def operator_arguments(p: Placement, base: Placement | None = None) -> Iterator[tuple[str, str]]:
    """Each that is set, as Python; with a base only those that differ from it."""
    for f in fields(Placement):
        value = getattr(p, f.name)
        if value not in (None, {}) and (base is None or value != getattr(base, f.name)):
            yield f.name, literal(value)
