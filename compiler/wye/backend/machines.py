"""What a step needs and a cloud's machines in; the smallest machine that has it out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wye.sdk.settings import Resources, memory_bytes

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Machine:
    """A kind of machine: cores, memory in GiB, and its GPUs, whose kind is called as `gpu_type=` calls it."""

    name: str
    cpu: float
    memory: float
    gpu: int = 0
    gpu_type: str | None = None


@dataclass(frozen=True, slots=True)
class MachineTable:
    """A cloud's machines as a platform offered them on a day, from where `source` leads. In no order: `smallest` knows which is."""

    cloud: str
    date: str
    source: str
    machines: tuple[Machine, ...]

    def smallest(self, wanted: Resources) -> Machine | None:
        """The one that fits and has least of everything: of GPUs first, then memory, then cores. Without `gpu`, none with one."""
        fitting = [m for m in self.machines if fits(m, wanted)]
        return min(fitting, key=lambda m: (m.gpu, m.memory, m.cpu, m.name), default=None)


def fits(machine: Machine, wanted: Resources) -> bool:
    if wanted.cpu is not None and machine.cpu < wanted.cpu:
        return False
    if wanted.memory is not None and machine.memory * GIB < memory_bytes(wanted.memory):
        return False
    if not wanted.gpu:
        return machine.gpu == 0
    return machine.gpu >= wanted.gpu and wanted.gpu_type in (None, machine.gpu_type)


def kinds(machines: Iterable[Machine]) -> tuple[str, ...]:
    """The kinds of GPU that there are."""
    return tuple(sorted({m.gpu_type for m in machines if m.gpu_type}))
