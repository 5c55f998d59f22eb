"""A name and its requirements in, the Python of a cached virtual environment out: where engines and consumers run in the tests."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn


class EngineMissing(Exception):
    """The environment cannot be made here; the text says why."""


def python_environment(name: str, requirements: Sequence[str], python: str = "3.11") -> Path:
    """The interpreter of an environment that holds these requirements. Made once with uv, under a lock, and kept.

    It stands at `<name>-<hash of the requirements>` below `$WYE_ENVIRONMENTS`, else `~/.cache/wye/environments`.
    """
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    digest = hashlib.sha256("\n".join([python, *requirements]).encode()).hexdigest()[:12]
    root = Path(os.environ.get("WYE_ENVIRONMENTS") or Path.home() / ".cache" / "wye" / "environments")
    folder = root / f"{name}-{digest}"
    ready = folder / "ready"
    if not ready.exists():
        if uv is None:
            raise EngineMissing(f"{name}: uv is not installed")
        root.mkdir(parents=True, exist_ok=True)
        with open(root / f"{folder.name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not ready.exists():
                shutil.rmtree(folder, ignore_errors=True)  # what a killed attempt left
                _run(name, uv, "venv", "--quiet", "--python", python, str(folder))
                _run(name, uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *requirements)
                ready.touch()
    return folder / "bin" / "python"


def unpacked_debian_package(name: str) -> Path:
    """The files of a package of this machine's Debian, unpacked and not installed. Made once, under a lock, and kept."""
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt is None or dpkg is None:
        raise EngineMissing(f"{name}: there is no apt-get here")
    root = Path(os.environ.get("WYE_ENVIRONMENTS") or Path.home() / ".cache" / "wye" / "environments")
    folder = root / f"debian-{name}"
    if not (folder / "ready").exists():
        root.mkdir(parents=True, exist_ok=True)
        with open(root / f"{folder.name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "ready").exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                _run(name, apt, "download", name, cwd=folder)
                _run(name, dpkg, "-x", *map(str, folder.glob("*.deb")), str(folder))
                (folder / "ready").touch()
    return folder


def interpreter(version: str) -> Path | None:
    """A Python of this minor version on this machine: on PATH, or one of pyenv's."""
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = [shutil.which(f"python{version}"), *(str(f / "bin" / "python") for f in sorted(versions.glob(f"{version}.*")))]
    for python in filter(None, found):
        try:
            if subprocess.run([python, "-c", ""], capture_output=True, timeout=60).returncode == 0:
                return Path(python)
        except OSError:
            continue
    return None


def _run(name: str, *command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, cwd=cwd)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        raise EngineMissing(f"{name}: {' '.join(command[1:3])} failed: {lines[-1].strip()}")


def missing(name: str, reason: str) -> NoReturn:
    """An engine that is no Python environment is not there: skips by name, or fails when `WYE_STARTED_ENGINES` says that it was started."""
    import pytest

    if name in os.environ.get("WYE_STARTED_ENGINES", "").split():
        pytest.fail(f"engine missing, though it was started: {reason}")
    pytest.skip(f"engine missing: {reason}")


def engine(name: str, requirements: Sequence[str], python: str = "3.11") -> Path:
    """`python_environment` for tests: skips by name with the reason, or fails when `WYE_REQUIRE_ENGINES=1`."""
    return _or_skip(lambda: python_environment(name, requirements, python))


def debian_package(name: str) -> Path:
    """`unpacked_debian_package` for tests. Not every machine is a Debian: where it is not to be had, they skip by name in any case."""
    return _or_skip(lambda: unpacked_debian_package(name), required=False)


def _or_skip(make: Callable[[], Path], *, required: bool = True) -> Path:
    import pytest

    try:
        return make()
    except EngineMissing as missing:
        if required and os.environ.get("WYE_REQUIRE_ENGINES") == "1":
            pytest.fail(f"engine missing: {missing}")
        pytest.skip(f"engine missing: {missing}")
