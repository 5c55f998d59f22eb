"""Azure's virtual machines that Azure Machine Learning runs jobs on (`instance_type`), as data, with the day and the source."""

from __future__ import annotations

from wye.backend.machines import Machine, MachineTable


def _family(names: str, memory: float, *sizes: int) -> tuple[Machine, ...]:
    """Machines with so much memory per core; `{}` is the number of cores."""
    return tuple(Machine(names.format(n), n, n * memory) for n in sizes)


MACHINES = MachineTable(
    "azure",
    "2026-11",
    "https://learn.microsoft.com/azure/machine-learning/concept-compute-target#supported-vm-series-and-sizes",
    (
        *_family("Standard_F{}s_v2", 2, 2, 4, 8, 16, 32, 48, 64, 72),
        *_family("Standard_D{}s_v3", 4, 2, 4, 8, 16, 32, 48, 64),
        *_family("Standard_E{}s_v3", 8, 2, 4, 8, 16, 20, 32, 48),
        Machine("Standard_E64s_v3", 64, 432),
        Machine("Standard_NC4as_T4_v3", 4, 28, 1, "nvidia-t4"),
        Machine("Standard_NC8as_T4_v3", 8, 56, 1, "nvidia-t4"),
        Machine("Standard_NC16as_T4_v3", 16, 110, 1, "nvidia-t4"),
        Machine("Standard_NC64as_T4_v3", 64, 440, 4, "nvidia-t4"),
        Machine("Standard_NC24ads_A100_v4", 24, 220, 1, "nvidia-a100"),
        Machine("Standard_NC48ads_A100_v4", 48, 440, 2, "nvidia-a100"),
        Machine("Standard_NC96ads_A100_v4", 96, 880, 4, "nvidia-a100"),
        Machine("Standard_ND96asr_v4", 96, 900, 8, "nvidia-a100"),
    ),
)


def machine(name: str) -> Machine | None:
    """The machine of that name, as far as we know it."""
    return next((m for m in MACHINES.machines if m.name.lower() == name.lower()), None)
