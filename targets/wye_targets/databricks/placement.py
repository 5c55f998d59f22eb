"""Where Databricks is to run the tasks, and as whom, as typed options: what a stack's `placement`, or a step's own block, says.

https://docs.databricks.com/api/workspace/jobs/create
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_PRINCIPAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+@-]{0,254}")
PLAIN = re.compile(r"[A-Za-z0-9 _./:,@+=*()\[\]-]*")
"""What neither a bundle (`${…}`) nor a job (`{{…}}`) can read as anything else."""


class PlacementError(ValueError):
    """A value that its type allows and Databricks does not. `field` names the key, `help` the remedy."""

    def __init__(self, field: str, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.field, self.help = field, help


@dataclass(frozen=True, slots=True)
class Placement:
    """Where tasks run. A task with any of the first five runs on a cluster of its own kind, not on serverless compute. The last four are
    the run's."""

    node_type: str | None = None
    """The `node_type_id`, instead of the smallest machine that fits."""
    instance_pool: str | None = None
    """The id of the pool that machines come from, instead of a `node_type_id`."""
    policy: str | None = None
    """The id of a cluster policy."""
    cluster: str | None = None
    """The id of a cluster that is there already, which the task runs on."""
    spark_conf: dict[str, str] = field(default_factory=dict)
    run_as_user: str | None = field(default=None, metadata={"scope": "run"})
    run_as_service_principal: str | None = field(default=None, metadata={"scope": "run"})
    """Its application id."""
    budget_policy: str | None = field(default=None, metadata={"scope": "run"})
    performance_target: Literal["STANDARD", "PERFORMANCE_OPTIMIZED"] | None = field(default=None, metadata={"scope": "run"})
    """Of serverless compute."""

    def __post_init__(self) -> None:
        for name in ("node_type", "instance_pool", "policy", "cluster", "budget_policy"):
            value = getattr(self, name)
            if value is not None and not _NAME.fullmatch(value):
                raise PlacementError(name, f"not a name or an id: {value!r}", "letters, digits, `-`, `_` and `.`")
        for name in ("run_as_user", "run_as_service_principal"):
            value = getattr(self, name)
            if value is not None and not _PRINCIPAL.fullmatch(value):
                raise PlacementError(name, f"not a user or a service principal: {value!r}")
        if self.run_as_user and self.run_as_service_principal:
            raise PlacementError("run_as_user", "a run has one identity: `run_as_user` or `run_as_service_principal`")
        if self.node_type and self.instance_pool:
            raise PlacementError("node_type", "the machines of a pool have its node type", "leave out `node_type`")
        for key, value in self.spark_conf.items():
            if not PLAIN.fullmatch(key) or not PLAIN.fullmatch(value):
                raise PlacementError("spark_conf", f"Databricks could expand {key!r} = {value!r}", "leave out `{`, `$` and quotes")

    @property
    def clustered(self) -> bool:
        return bool(self.node_type or self.instance_pool or self.policy or self.cluster or self.spark_conf)
