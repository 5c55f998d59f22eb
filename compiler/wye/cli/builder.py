"""Folders that images are built from in; images, made by docker's own command line, out. It needs BuildKit, which mounts secrets."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wye.cli.failure import Refused

PIP = {
    "PIP_INDEX_URL": "index-url",
    "PIP_EXTRA_INDEX_URL": "extra-index-url",
    "PIP_NO_INDEX": "no-index",
    "PIP_PROXY": "proxy",
    "PIP_TRUSTED_HOST": "trusted-host",
}
"""Variables of pip's that go before `[packages]`, and what they are called in its configuration."""


@dataclass(frozen=True, slots=True)
class Build:
    """One image to make: what it is called, its folder; `network` and `platform` as for docker, when they are not its own."""

    reference: str
    folder: Path
    network: str | None
    platform: str | None


class Builder:
    """The docker of this machine. Raises `Refused` when there is none that can build."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        if shutil.which("docker") is None:
            raise Refused(
                "docker is not installed, and builds the images",
                "https://docs.docker.com/engine/install/; or --no-build, which only writes the folders, for a builder of your own",
            )
        self.environ = dict(environ)
        self.buildx = _works("buildx", "version")
        if not self.buildx and not _works("compose", "version"):
            raise Refused("docker has no BuildKit here", "install its plugin buildx: https://docs.docker.com/go/buildx/")
        if not _works("version"):
            raise Refused("no docker engine answers", "start it, or say where it is: DOCKER_HOST, docker context use")

    def build(self, build: Build) -> None:
        """Raises `Refused` when docker fails; what it says is on standard error."""
        with _secrets(self.environ) as secrets:
            if self.buildx:
                command, text = buildx_command(build, secrets), None
            else:
                command, text = ["docker", "compose", "-p", "wye-build", "-f", "-", "build"], compose_file(build, secrets)
            environ = {k: v for k, v in self.environ.items() if not k.startswith("COMPOSE_")}
            self._run(command, f"{build.reference} could not be built", text, environ)

    def push(self, reference: str) -> None:
        self._run(["docker", "push", reference], f"{reference} could not be pushed", None, self.environ)

    def _run(self, command: Sequence[str], failure: str, text: str | None, environ: Mapping[str, str]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        done = subprocess.run(command, input=text, stdin=None if text else subprocess.DEVNULL, stdout=sys.stderr, env=environ, text=True)
        if done.returncode:
            raise Refused(f"{failure}: docker ended with {done.returncode}", "what it says stands above")


def buildx_command(build: Build, secrets: Mapping[str, Path]) -> list[str]:
    command = ["docker", "buildx", "build", "--load", "--tag", build.reference]
    command += ["--network", build.network] if build.network else []
    command += ["--platform", build.platform] if build.platform else []
    for name, file in secrets.items():
        command += ["--secret", f"id={name},src={file}"]
    return [*command, str(build.folder)]


def compose_file(build: Build, secrets: Mapping[str, Path]) -> str:
    """The same for compose, which has a builder of its own."""
    wanted = {"context": str(build.folder.absolute()), "network": build.network, "secrets": list(secrets)}
    wanted |= {"platforms": [build.platform]} if build.platform else {}
    service = {"image": build.reference, "build": {k: v for k, v in wanted.items() if v}}
    form = {"services": {"image": service}, "secrets": {name: {"file": str(file)} for name, file in secrets.items()}}
    return json.dumps(form).replace("$", "$$")


def by_hand(build: Build) -> str:
    """What a person would type."""
    return shlex.join(buildx_command(build, {}))


def pip_secret(environ: Mapping[str, str]) -> str | None:
    """What the environment says of where packages come from, credentials and all, as pip's configuration."""
    lines = [f"{key} = {' '.join(environ[name].split())}" for name, key in PIP.items() if environ.get(name, "").strip()]
    return "\n".join(["[global]", *lines, ""]) if lines else None


@contextmanager
def _secrets(environ: Mapping[str, str]) -> Iterator[dict[str, Path]]:
    """The files that only the installation of packages sees: they are in no layer, and gone afterwards."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="wye-") as place:  # for its owner alone
        text = pip_secret(environ)
        if text:
            found["pip.conf"] = Path(place, "pip.conf")
            found["pip.conf"].write_text(text, "utf-8")
        if environ.get("NETRC"):
            found["netrc"] = Path(environ["NETRC"]).expanduser().absolute()
            if not found["netrc"].is_file():
                raise Refused(f"$NETRC names no file: {environ['NETRC']}")
        yield found


def _works(*words: str) -> bool:
    return subprocess.run(["docker", *words], capture_output=True, stdin=subprocess.DEVNULL).returncode == 0
