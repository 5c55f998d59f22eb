"""The machines that Vertex AI runs custom jobs on, as data. A container task names none: it says cores, memory and accelerators, and the
service takes the closest match. What is said is a machine's own, so that this machine is the closest.

https://cloud.google.com/vertex-ai/docs/pipelines/machine-types: at most 96 cores and 624 GB.
"""

from __future__ import annotations

from dataclasses import replace

from wye.backend.machines import Machine, MachineTable
from wye.sdk.settings import Resources

DATE = "2026-11"
DEFAULT = "e2-standard-4"
"""What a task gets that asks for nothing."""

ACCELERATORS = {
    "nvidia-t4": "NVIDIA_TESLA_T4",
    "nvidia-v100": "NVIDIA_TESLA_V100",
    "nvidia-l4": "NVIDIA_L4",
    "nvidia-a100": "NVIDIA_TESLA_A100",
    "nvidia-a100-80gb": "NVIDIA_A100_80GB",
    "nvidia-h100-80gb": "NVIDIA_H100_80GB",
}
"""Each kind of GPU, as `gpu_type=` calls it, in the word of the API's AcceleratorType."""


def _family(name: str, memory: float, *sizes: int) -> tuple[Machine, ...]:
    return tuple(Machine(f"{name}-{n}", n, n * memory) for n in sizes)


def _attached(kind: str, counts: dict[int, tuple[int, ...]]) -> tuple[Machine, ...]:
    """N1 machines with so many GPUs."""
    return tuple(Machine(f"n1-standard-{n}", n, n * 3.75, count, kind) for count, sizes in counts.items() for n in sizes)


TABLE = MachineTable(
    "gcp",
    DATE,
    "https://cloud.google.com/vertex-ai/docs/training/configure-compute#machine-types",
    (
        *_family("e2-standard", 4, 4, 8, 16, 32),
        *_family("e2-highmem", 8, 2, 4, 8, 16),
        *_family("n1-standard", 3.75, 64, 96),
        *_family("n1-highmem", 6.5, 32, 64, 96),
        *_attached("nvidia-t4", {1: (4, 8, 16), 2: (4, 8, 16, 32), 4: (4, 8, 16, 32, 64, 96)}),
        *_attached("nvidia-v100", {1: (4, 8), 2: (4, 8, 16), 4: (4, 8, 16, 32), 8: (4, 8, 16, 32, 64, 96)}),
        *(
            Machine(f"g2-standard-{n}", n, n * 4, gpu, "nvidia-l4")
            for n, gpu in ((4, 1), (8, 1), (16, 1), (32, 1), (24, 2), (48, 4), (96, 8))
        ),
        *(Machine(f"a2-highgpu-{n}g", 12 * n, 85 * n, n, "nvidia-a100") for n in (1, 2, 4)),
        *(Machine(f"a2-ultragpu-{n}g", 12 * n, 170 * n, n, "nvidia-a100-80gb") for n in (1, 2)),
        *(Machine(f"a3-highgpu-{n}g", 26 * n, 234 * n, n, "nvidia-h100-80gb") for n in (1, 2)),
    ),
)


def named(resources: Resources | None, name: str) -> Machine | None:
    """The machine of that name which has what is asked for, with the GPUs that are."""
    wanted = known(resources or Resources())
    return MachineTable(TABLE.cloud, TABLE.date, TABLE.source, tuple(m for m in TABLE.machines if m.name == name)).smallest(wanted)


def known(resources: Resources) -> Resources:
    """The same, with the kind of GPU as the table calls it: `NVIDIA_TESLA_T4` is `nvidia-t4`."""
    if resources.gpu_type is None:
        return resources
    return replace(resources, gpu_type=resources.gpu_type.lower().replace("_", "-").replace("nvidia-tesla-", "nvidia-"))
