"""Docker on this machine for the tests: the image that steps run in, and one run of a compose project, as data."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wye.backend.write import write_build
from wye.driver import compile_source, compile_target
from wye.testing.environments import EngineMissing
from wye_targets.docker import Docker, DockerOptions
from wye_targets.docker.capabilities import IMAGE

ROOT = Path(__file__).parents[2]
WHEELS = ("pyyaml>=6",)
"""What the cases' steps ask for. Containers here reach no index: the image holds the wheels, and pip where it had none."""


def docker(*words: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *words], capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=600, **settings
    )


def base_image() -> str:
    """`$WYE_DOCKER_IMAGE`, else the target's own, pulled when it is not there. Raises `EngineMissing`."""
    try:
        if docker("info").returncode:
            raise EngineMissing("docker: no engine answers; start one, or set DOCKER_HOST")
    except FileNotFoundError:
        raise EngineMissing("docker: it is not installed") from None
    if docker("compose", "version").returncode:
        raise EngineMissing("docker: it has no compose plugin")
    image = os.environ.get("WYE_DOCKER_IMAGE") or IMAGE
    if docker("image", "inspect", image).returncode and (done := docker("pull", "--quiet", image)).returncode:
        raise EngineMissing(f"docker: no image {image}: {done.stderr.strip()[-200:]}")
    return image


def image_for_tests() -> str:
    """The base image with pip, a few wheels, and Python's own modules compiled: made once, known by what it is made of."""
    base = base_image()
    known = docker("image", "inspect", "--format", "{{.Id}}", base).stdout.strip()
    name = "wye-tests:" + hashlib.sha256("\n".join([known, *WHEELS]).encode()).hexdigest()[:12]
    if docker("image", "inspect", name).returncode == 0:
        return name
    with tempfile.TemporaryDirectory() as place:
        wheels = Path(place, "wheels")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
        where = ["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--dest", str(wheels)]
        for command in ([*pip, *where, *WHEELS], [*pip, "--dest", str(Path(place, "pip")), "pip"]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise EngineMissing(f"docker: cannot download wheels: {done.stderr.strip()[-200:]}")
        (wheel,) = Path(place, "pip").iterdir()
        program = (
            "import compileall, os, site, sys, sysconfig, zipfile\n"
            "try: import pip\n"
            f"except ImportError: zipfile.ZipFile('/wheels/{wheel.name}').extractall(site.getsitepackages()[0])\n"
            "compileall.compile_dir(sysconfig.get_path('stdlib'), quiet=2)\n"
        )
        wheel.rename(wheels / wheel.name)
        container = docker("create", base, "python3", "-c", program).stdout.strip()
        try:
            steps = (("cp", str(wheels), f"{container}:/wheels"), ("start", "--attach", container))
            changes = ["--change", "ENV PIP_NO_INDEX=1", "--change", "ENV PIP_FIND_LINKS=/wheels", "--change", 'CMD ["true"]']
            for words in (*steps, ("commit", *changes, container, name)):
                done = docker(*words)
                if done.returncode:
                    raise EngineMissing(f"docker: {words[0]}: {done.stderr.strip()[-200:]}")
        finally:
            docker("rm", "--force", container)
    return name


@dataclass
class Run:
    """What an `up` came to. `states` are by service, `log` is what the containers said."""

    code: int
    log: str
    outputs: str | None
    states: dict[str, dict[str, Any]] = field(default_factory=dict)

    def status(self, service: str) -> str | None:
        return self.states.get(service, {}).get("status")


@dataclass
class Project:
    """A pipeline's build in `folder`, and its compose project."""

    folder: Path
    name: str

    def compose(self, *words: str, env: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE_")}
        return docker("compose", "-p", self.name, *words, cwd=self.folder, env={**clean, **env})

    def up(self, *words: str, env: Mapping[str, str] = {}, run_id: str = "") -> Run:
        words = ("--ansi", "never", "up", "--no-color", "--abort-on-container-failure", *words)
        done = self.compose(*words, env={**env, **({"RUN_ID": run_id} if run_id else {})})
        with tempfile.TemporaryDirectory() as place:
            self.compose("cp", f"start:/runs/{run_id or 'default'}/state", f"{place}/state")
            self.compose("cp", f"start:/runs/{run_id or 'default'}/outputs.json", place)
            states = {f.stem: json.loads(f.read_text()) for f in Path(place, "state").glob("*.json")}
            outputs = Path(place, "outputs.json")
            return Run(done.returncode, done.stdout + done.stderr, outputs.read_text().strip() if outputs.exists() else None, states)

    def override(self, content: Any) -> None:
        """What a person adds in the file beside it."""
        (self.folder / "compose.override.yaml").write_text(json.dumps(content))

    def down(self) -> None:
        self.compose("down", "--volumes", "--timeout", "1")


def built(source: Path, folder: Path, image: str, name: str, pipeline: str | None = None, **options: Any) -> Project:
    """Compile it as anybody would; without its schedule, which is for who starts runs."""
    made = compile_source(source, pipeline)
    made = replace(made, settings=replace(made.settings, schedule=None))
    files, _ = compile_target(made, Docker(), DockerOptions(image=image, **options))
    write_build(folder, files)
    return Project(folder, name)


def environment(params: Mapping[str, Any]) -> dict[str, str]:
    return {f"PARAM_{n}": json.dumps(v) for n, v in params.items()}
