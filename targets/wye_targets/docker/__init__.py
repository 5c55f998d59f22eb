"""The target `docker`: a `compose.yaml` with one service per task, which plain `docker compose` runs, and what its containers see."""

from __future__ import annotations

from collections.abc import Sequence

from wye.backend.capabilities import Capabilities
from wye.backend.check import CheckedPipeline
from wye.backend.remote import Launch, Ran
from wye.backend.target import EmittedFile
from wye_targets.docker.capabilities import CAPABILITIES, DockerOptions
from wye_targets.docker.emit import emit
from wye_targets.docker.lower import Project, lower


class Docker:
    name = "docker"
    options: type = DockerOptions
    capabilities: Capabilities = CAPABILITIES

    def lower(self, checked: CheckedPipeline, options: DockerOptions) -> Project:
        return lower(checked, options)

    def emit(self, native: Project) -> Sequence[EmittedFile]:
        return emit(native)

    def run(self, launch: Launch) -> Ran:
        from wye_targets.docker.run import run

        return run(launch)
