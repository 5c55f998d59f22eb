"""Where Azure Machine Learning is to run the tasks, and as whom, as typed options: what a stack's `placement`, or a step's own block, says.

https://learn.microsoft.com/azure/machine-learning/reference-yaml-job-command
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

SERVERLESS = "serverless"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SIZE = re.compile(r"[1-9][0-9]*[bkmg]")
_CLIENT = re.compile(r"[0-9A-Fa-f-]{1,64}")
PLAIN = re.compile(r"[A-Za-z0-9 _./:,@+=*()\[\]-]*")
"""What neither a pipeline job (`${{…}}`, `$[[…]]`) nor a shell between single quotes can read as anything else."""


class PlacementError(ValueError):
    """A value that its type allows and Azure does not. `field` names the key, `help` the remedy."""

    def __init__(self, field: str, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.field, self.help = field, help


@dataclass(frozen=True, slots=True)
class Placement:
    """Where tasks run: on serverless compute, which takes an `instance_type` for each job, or on a cluster that is there."""

    compute: str = SERVERLESS
    """The name of a compute cluster of the workspace."""
    instance_type: str | None = None
    """The size of the machine, instead of the smallest that fits; of a cluster, the size that its machines have."""
    shm_size: str | None = None
    """Of the container's shared memory: "8g"."""
    job_tier: Literal["standard", "spot"] | None = None
    """"spot": on machines that the platform may take away."""
    identity: Literal["managed", "user", "aml_token"] | None = None
    """As whom a job reads and writes data: the compute's managed identity, whoever submits the job, or the workspace's token."""
    client_id: str | None = None
    """Of the managed identity, where there are several."""

    def __post_init__(self) -> None:
        for name, pattern, wrong, help in (
            ("compute", _NAME, "not the name of a compute", 'a cluster\'s name, or "serverless"'),
            ("instance_type", _NAME, "not the size of a machine", 'write "Standard_D4s_v3"'),
            ("shm_size", _SIZE, "not a size", 'write "8g"'),
            ("client_id", _CLIENT, "not a client id", None),
        ):
            value = getattr(self, name)
            if value is not None and not pattern.fullmatch(value):
                raise PlacementError(name, f"{wrong}: {value!r}", help)
        if self.client_id and self.identity != "managed":
            raise PlacementError("client_id", "only a managed identity has a client id", 'add identity = "managed"')
        if self.job_tier and self.compute != SERVERLESS:
            raise PlacementError("job_tier", f"the cluster {self.compute} has the tier that it has", "leave out `job_tier`")
