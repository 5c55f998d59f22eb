"""Where processing jobs run and as whom, as typed options: what a stack's `placement`, or a step's own block, says.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[a-zA-Z_0-9+=,.@/_-]{1,500}")
KEY = re.compile(r"[a-zA-Z0-9:/_-]{1,2048}")
_INSTANCE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")
_ID = re.compile(r"[-0-9a-zA-Z]{1,32}")
VOLUME = 30
"""GiB of a job's disk unless somebody asks for more."""


class PlacementError(ValueError):
    """A value that its type allows and SageMaker does not. `field` names the key, `help` the remedy."""

    def __init__(self, field: str, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.field, self.help = field, help


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a job runs. `subnets` and `security_groups` stand together: the job is in that VPC."""

    instance_type: str | None = None
    """`ml.*`, instead of the smallest machine that fits."""
    role: str | None = None
    """The ARN of the role that the job has, instead of the stack's."""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    encrypt_traffic: bool = False
    """Whether traffic between the containers of a job is encrypted."""
    volume_kms_key: str | None = None
    output_kms_key: str | None = None
    """The KMS key that what the job hands on is encrypted with."""

    def __post_init__(self) -> None:
        if self.instance_type is not None and not _INSTANCE.fullmatch(self.instance_type):
            raise PlacementError("instance_type", f"not the type of a machine: {self.instance_type!r}", 'write "ml.m5.large"')
        if self.role is not None and not ROLE.fullmatch(self.role):
            raise PlacementError("role", f"not the ARN of a role: {self.role!r}", 'write "arn:aws:iam::123456789012:role/name"')
        for name, most in (("subnets", 16), ("security_groups", 5)):
            values = getattr(self, name)
            if len(values) > most:
                raise PlacementError(name, f"at most {most}")
            for value in values:
                if not _ID.fullmatch(value):
                    raise PlacementError(name, f"not an id: {value!r}")
        if bool(self.subnets) != bool(self.security_groups):
            missing = "subnets" if self.security_groups else "security_groups"
            raise PlacementError(missing, "a job in a VPC has subnets and security groups", "give both")
        for name in ("volume_kms_key", "output_kms_key"):
            value = getattr(self, name)
            if value is not None and not KEY.fullmatch(value):
                raise PlacementError(name, f"not a KMS key: {value!r}", "write its id or its ARN")

    def network(self) -> dict[str, Any]:
        """`NetworkConfig`."""
        found: dict[str, Any] = {"EnableInterContainerTrafficEncryption": True} if self.encrypt_traffic else {}
        if self.subnets:
            found["VpcConfig"] = {"SecurityGroupIds": list(self.security_groups), "Subnets": list(self.subnets)}
        return found
