"""The clouds' machines as Databricks calls them (`node_type_id`), as data: a table per cloud, with its day and its source."""

from __future__ import annotations

from wye.backend.machines import Machine, MachineTable

DATE = "2026-11"


def _family(names: str, memory: float, *sizes: int) -> tuple[Machine, ...]:
    """Machines with so much memory per core; `{}` is the number of cores, `{x}` Amazon's word for it."""
    return tuple(Machine(names.format(n, x=_AMAZON.get(n, "")), n, n * memory) for n in sizes)


_AMAZON = {2: "large", 4: "xlarge", 8: "2xlarge", 16: "4xlarge", 32: "8xlarge", 48: "12xlarge", 64: "16xlarge", 96: "24xlarge"}

AWS = MachineTable(
    "aws",
    DATE,
    "https://aws.amazon.com/ec2/instance-types/",
    (
        *_family("m5d.{x}", 4, 2, 4, 8, 16, 32, 48, 64, 96),
        *_family("r5d.{x}", 8, 2, 4, 8, 16, 32, 48, 64, 96),
        *_family("c5d.{x}", 2, 4, 8, 16),
        Machine("g4dn.xlarge", 4, 16, 1, "nvidia-t4"),
        Machine("g4dn.2xlarge", 8, 32, 1, "nvidia-t4"),
        Machine("g4dn.4xlarge", 16, 64, 1, "nvidia-t4"),
        Machine("g4dn.8xlarge", 32, 128, 1, "nvidia-t4"),
        Machine("g4dn.12xlarge", 48, 192, 4, "nvidia-t4"),
        Machine("g5.xlarge", 4, 16, 1, "nvidia-a10g"),
        Machine("g5.2xlarge", 8, 32, 1, "nvidia-a10g"),
        Machine("g5.4xlarge", 16, 64, 1, "nvidia-a10g"),
        Machine("g5.8xlarge", 32, 128, 1, "nvidia-a10g"),
        Machine("g5.12xlarge", 48, 192, 4, "nvidia-a10g"),
        Machine("g5.48xlarge", 192, 768, 8, "nvidia-a10g"),
        Machine("p4d.24xlarge", 96, 1152, 8, "nvidia-a100"),
    ),
)

AZURE = MachineTable(
    "azure",
    DATE,
    "https://learn.microsoft.com/azure/virtual-machines/sizes/overview",
    (
        *_family("Standard_D{}ds_v5", 4, 4, 8, 16, 32, 48, 64, 96),
        *_family("Standard_E{}ds_v5", 8, 4, 8, 16, 32, 48, 64),
        Machine("Standard_NC4as_T4_v3", 4, 28, 1, "nvidia-t4"),
        Machine("Standard_NC8as_T4_v3", 8, 56, 1, "nvidia-t4"),
        Machine("Standard_NC16as_T4_v3", 16, 110, 1, "nvidia-t4"),
        Machine("Standard_NC64as_T4_v3", 64, 440, 4, "nvidia-t4"),
        Machine("Standard_NC24ads_A100_v4", 24, 220, 1, "nvidia-a100"),
        Machine("Standard_NC48ads_A100_v4", 48, 440, 2, "nvidia-a100"),
        Machine("Standard_NC96ads_A100_v4", 96, 880, 4, "nvidia-a100"),
    ),
)

GCP = MachineTable(
    "gcp",
    DATE,
    "https://docs.cloud.google.com/compute/docs/machine-resource",
    (
        *_family("n2-standard-{}", 4, 4, 8, 16, 32, 48, 64, 80),
        *_family("n2-highmem-{}", 8, 4, 8, 16, 32, 48, 64, 80),
        Machine("g2-standard-4", 4, 16, 1, "nvidia-l4"),
        Machine("g2-standard-8", 8, 32, 1, "nvidia-l4"),
        Machine("g2-standard-16", 16, 64, 1, "nvidia-l4"),
        Machine("g2-standard-24", 24, 96, 2, "nvidia-l4"),
        Machine("g2-standard-48", 48, 192, 4, "nvidia-l4"),
        Machine("a2-highgpu-1g", 12, 85, 1, "nvidia-a100"),
        Machine("a2-highgpu-2g", 24, 170, 2, "nvidia-a100"),
        Machine("a2-highgpu-4g", 48, 340, 4, "nvidia-a100"),
    ),
)

TABLES = (AWS, AZURE, GCP)
