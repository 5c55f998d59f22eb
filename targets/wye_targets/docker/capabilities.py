"""What `docker compose` can do, as data: a row per feature, the options of a stack, the image."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from wye.backend.capabilities import Capabilities, Row, scheduled
from wye.backend.names import IMAGE_NAME, pulled
from wye.backend.stores import reached, stored
from wye.schedules import crontab
from wye.sdk.settings import Schedule, memory_bytes
from wye.stacks import StoreOptions
from wye.stacks.stores import check_store

IMAGE = "python:3.11-slim"
LEAST_MEMORY = 6 * 1024**2
"""The engine takes no lower limit."""

_SERVICES = "https://docs.docker.com/reference/compose-file/services/"
_DEPENDS = _SERVICES + "#depends_on"
_DEPLOY = "https://docs.docker.com/reference/compose-file/deploy/#resources"
_VOLUMES = "https://docs.docker.com/reference/compose-file/volumes/"
_SECRETS = "https://docs.docker.com/reference/compose-file/secrets/"
_CRONTAB = "https://man7.org/linux/man-pages/man5/crontab.5.html"
_FLOCK = "https://man7.org/linux/man-pages/man1/flock.1.html"
_UP = "https://docs.docker.com/reference/cli/docker/compose/up/"
_ORDER = "https://docs.docker.com/compose/how-tos/startup-order/"


_REGISTRY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")


class OptionError(ValueError):
    """An option that its type allows and docker does not. `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class DockerOptions:
    """Options of a stack. `image`: where steps run that name no image, and what only checks and waits. `store`: an address for what tasks
    hand on; unset, it is on the run's volume. `registry`: where images come from whose names say no registry of their own."""

    image: str = IMAGE
    store: str | None = None
    store_options: StoreOptions = field(default_factory=StoreOptions, metadata={"key": "store-options"})
    registry: str | None = None

    def __post_init__(self) -> None:
        check_store(self.store, self.store_options)
        for name, pattern in (("image", IMAGE_NAME), ("registry", _REGISTRY)):
            value = getattr(self, name)
            if value is not None and not pattern.fullmatch(value):
                raise OptionError(name, f"not the name of an image: {value!r}" if name == "image" else f"not a registry: {value!r}")

    def where(self, image: str | None) -> str:
        """The image, with its registry."""
        return pulled(image or self.image, self.registry)


def _memory(value: Any, options: Any) -> Row | None:
    if isinstance(value, str) and memory_bytes(value) < LEAST_MEMORY:
        return Row("rejected", "the engine takes no limit below 6 MiB", _DEPLOY, help="ask for more memory")
    return None


def _cpu(value: Any, options: Any) -> Row | None:
    if isinstance(value, int | float) and value < 0.01:
        return Row("rejected", "the engine takes no limit below 0.01 cores", _DEPLOY, help="ask for more")
    return None


def _try(value: Any, options: Any) -> Row | None:
    if value.node.handlers:
        return Row("emulated", "island: a service cannot wait for a certain failure of another", _ORDER, island=True)
    return None


def _overlap(schedule: Schedule, options: Any) -> Row | None:
    if schedule.overlap == "allow":
        return Row("native", "each run is a project of its own", _UP)
    if schedule.overlap == "replace":
        return Row("rejected", "cron cannot end the last run", _CRONTAB, 'use overlap="skip" or overlap="queue"')
    return None


_TIMING = scheduled(lambda schedule, options: crontab.expression(schedule), _CRONTAB)
_LINE = "a line of crontab.txt, for a cron that knows CRON_TZ, as cronie does, on a machine whose own clock is never changed, as in UTC"
_LOOP = "island: a compose file says how many services there are before any of them runs"

ROWS: dict[str, Row] = {
    "parameter": Row("native", "environment variables `PARAM_<name>`, read by the first service", _SERVICES + "#environment"),
    "parameter.scheduled": Row("native", "the variable SCHEDULED_TIME, else when the run was started", _SERVICES + "#environment"),
    "output.parameter": Row("native", "a file on the run's volume", _VOLUMES),
    "output.multiple": Row("native", "one file per output", _VOLUMES),
    "artifact.file": Row("native", "a folder on the run's volume", _VOLUMES, when=stored),
    "artifact.bytes": Row("native", "a file on the run's volume", _VOLUMES, when=stored),
    "artifact.object": Row("native", "a file on the run's volume", _VOLUMES, when=stored),
    "return": Row("native", "outputs.json on the run's volume, written by the last service, `outputs`", _VOLUMES),
    "expression": Row("native", "evaluated by the service that it is an argument of", _SERVICES),
    "compute": Row("native", "a service of its own", _SERVICES),
    "call": Row("native", "a service that waits for others", _DEPENDS),
    "after": Row("native", "depends_on: service_completed_successfully", _DEPENDS),
    "pipeline.nested": Row("native", "inlined", _SERVICES),
    "pipeline.max_parallel": Row("emulated", "containers wait for one of so many lock files on the run's volume", _ORDER),
    "step.packages": Row("emulated", "installed by the runner when the container starts and the image does not have them", _SERVICES),
    "step.image": Row("native", "image", _SERVICES + "#image"),
    "step.python": Row("native", "entrypoint", _SERVICES + "#entrypoint"),
    "step.files": Row("native", "files beside the step's program", _VOLUMES),
    "code.image": Row("native", "programs, packages and runner in the image; task files beside compose.yaml", _SERVICES + "#image"),
    "step.env": Row("native", "environment; what a compose file could read otherwise is set by the runner", _SERVICES + "#environment"),
    "step.secrets": Row("native", "secrets, from variables of who starts the run; the runner sets the step's variables", _SECRETS),
    "step.context": Row("native", "RUN_ID, SCHEDULED_TIME, attempts as the runner counts them", _SERVICES + "#environment"),
    "stack.store": Row("advisory", "a folder has no use here: what tasks hand on stays on the run's volume", _VOLUMES, when=stored),
    "stack.store_options": Row("advisory", "what tasks hand on stays on the run's volume", _VOLUMES, when=reached),
    "stack.registry": Row("native", "before the name of each image that names no registry", _SERVICES + "#image"),
    "placement": Row("rejected", "all containers run on one machine", _SERVICES),
    "step.cpu": Row("native", "deploy.resources.limits.cpus", _DEPLOY, when=_cpu),
    "step.memory": Row("native", "deploy.resources.limits.memory", _DEPLOY, when=_memory),
    "step.gpu": Row("native", "deploy.resources.reservations.devices", _DEPLOY),
    "step.gpu_type": Row("advisory", "a machine has the gpus that it has", _DEPLOY),
    "step.disk": Row("advisory", "containers share the machine's disk", _DEPLOY),
    "step.retry": Row("emulated", "in-process, by the runner: after every failure of the step, also for want of memory", _SERVICES),
    "step.timeout": Row("emulated", "in-process, by the runner: TERM, then KILL", _SERVICES),
    "pipeline.timeout": Row("emulated", "each container ends at the run's deadline", _SERVICES),
    "pipeline.on_failure": Row("native", "--abort-on-container-failure ends the others; `continue`: emulated by a last verdict", _UP),
    "pipeline.failure_step": Row(
        "emulated", "all services note a failure and end with 0; its service looks at that, and a last verdict ends with 1", _ORDER
    ),
    "step.cache": Row("advisory", "a run repeats none of its own tasks, and knows no other run's", _UP),
    "step.tags": Row("native", "labels of the container", _SERVICES + "#labels"),
    "pipeline.tags": Row("native", "labels of every container", _SERVICES + "#labels"),
    "schedule.cron": Row("emulated", _LINE, _CRONTAB, when=_TIMING),
    "schedule.every": Row("emulated", _LINE, _CRONTAB, when=_TIMING),
    "schedule.at": Row("emulated", _LINE + "; a date test lets only the one time pass", _CRONTAB, when=_TIMING),
    "schedule.window": Row("emulated", "a date test in the line of crontab.txt", _CRONTAB),
    "schedule.catchup": Row("rejected", "cron does not make up for runs that it missed", _CRONTAB, "leave out `catchup`"),
    "schedule.overlap": Row("emulated", "flock(1) in the line of crontab.txt", _FLOCK, when=_overlap),
    "schedule.paused": Row("emulated", "the line of crontab.txt is a comment", _CRONTAB),
    "if": Row("emulated", "guard: every service of an arm starts, looks at the condition, and does nothing where it does not hold", _ORDER),
    "predicate": Row("emulated", "predicate: a service whose output the guards read", _ORDER),
    "map": Row("emulated", _LOOP, _ORDER, island=True),
    "for": Row("emulated", _LOOP, _ORDER, island=True),
    "while": Row("emulated", _LOOP, _ORDER, island=True),
    "try": Row("emulated", "its services note a failure and end with 0; a verdict after the clean-up ends with 1", _ORDER, when=_try),
    "fail": Row("native", "a service that fails", _SERVICES),
}

CAPABILITIES = Capabilities(rows=ROWS, image=IMAGE, python="3.11")
