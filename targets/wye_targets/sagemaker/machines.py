"""The machines of processing jobs, as `MachineTable`: sizes as AWS publishes them, and which of them a processing job takes."""

from __future__ import annotations

from wye.backend.machines import Machine, MachineTable

_SIZES = {2: "large", 4: "xlarge", 8: "2xlarge", 16: "4xlarge", 32: "8xlarge", 48: "12xlarge", 64: "16xlarge", 96: "24xlarge"}


def _family(name: str, memory: float, *cores: int) -> tuple[Machine, ...]:
    """Machines with so many GiB for each core."""
    return tuple(Machine(f"ml.{name}.{_SIZES[n]}", n, n * memory) for n in cores)


def _gpus(name: str, kind: str, memory: float, *one: int, four: tuple[int, ...] = (48,), eight: int = 0) -> tuple[Machine, ...]:
    """Machines with one GPU, with four, and with eight; `memory` GiB for each core."""
    found = [Machine(f"ml.{name}.{_SIZES[n]}", n, n * memory, 1, kind) for n in one]
    found += [Machine(f"ml.{name}.{_SIZES[n]}", n, n * memory, 4, kind) for n in four]
    return (*found, *([Machine(f"ml.{name}.48xlarge", eight, eight * memory, 8, kind)] if eight else []))


MACHINES = MachineTable(
    "sagemaker",
    "2026-11",
    "https://aws.amazon.com/sagemaker/ai/pricing/",
    (
        Machine("ml.t3.medium", 2, 4),
        *_family("m5", 4, 2, 4, 8, 16, 48, 96),
        *_family("c5", 2, 4, 8, 16),
        Machine("ml.c5.9xlarge", 36, 72),
        Machine("ml.c5.18xlarge", 72, 144),
        *_family("r5", 8, 2, 4, 8, 16, 32, 48, 64, 96),
        *_gpus("g4dn", "nvidia-t4", 4, 4, 8, 16, 32, 64),
        *_gpus("g5", "nvidia-a10g", 4, 4, 8, 16, 32, 64, four=(48, 96), eight=192),
        *_gpus("g6", "nvidia-l4", 4, 4, 8, 16, 32, 64, four=(48, 96), eight=192),
        *_gpus("g6e", "nvidia-l40s", 8, 4, 8, 16, 32, 64, four=(48, 96), eight=192),
        Machine("ml.p3.2xlarge", 8, 61, 1, "nvidia-v100"),
        Machine("ml.p3.8xlarge", 32, 244, 4, "nvidia-v100"),
        Machine("ml.p3.16xlarge", 64, 488, 8, "nvidia-v100"),
    ),
)
