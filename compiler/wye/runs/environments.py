"""The packages that a step wants in; the Python of an environment that has them out: made with uv when there is none yet, and kept.

<cache>/environments/<key>/  bin/python …  environment.json

The key is the hash of all that decides what is installed: the requirements in their normal form, the Python, the platform, where packages
come from. An environment is made beside its place, under a lock, and renamed when it is whole: any number of runs may want it at a time,
and be killed. One that is there needs neither uv nor a network.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from wye.runs.disk import digest, locked, read_json, remove, write_json
from wye.runs.packages import normal
from wye.stacks.tables import Config

NOTE = "environment.json"
_NO_MATTER = frozenset({
    "UV_CACHE_DIR", "UV_CONCURRENT_BUILDS", "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_INSTALLS", "UV_HTTP_RETRIES", "UV_HTTP_TIMEOUT",
    "UV_LINK_MODE", "UV_LOCK_TIMEOUT", "UV_NO_CACHE", "UV_NO_PROGRESS", "UV_OFFLINE", "UV_PROJECT_ENVIRONMENT", "UV_REQUEST_TIMEOUT",
})  # fmt: skip
"""Variables of uv's that change how it works and not what it installs."""
LINES = 15
"""Of what uv says when it fails."""


class EnvironmentFailed(Exception):
    """The packages cannot be had; the message says why and what to do."""


class Environments:
    """Environments in a folder, for the interpreter that runs here. `config` says where packages come from."""

    def __init__(self, folder: Path, config: Config, tell: Callable[[str], None] = lambda text: None) -> None:
        self.folder, self.config, self.tell = folder, config, tell
        self._held: list[IO[bytes]] = []

    def python(self, requirements: Iterable[str]) -> Path:
        """The interpreter of an environment with these requirements. Raises `EnvironmentFailed`."""
        wanted = normal(requirements)
        place = self.folder / self.key(wanted)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / f"{place.name}.lock").open("ab")
        except OSError as error:
            raise EnvironmentFailed(f"no environment can be made in {self.folder}: {error.strerror}") from None
        self._held.append(lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            self.tell(f"waiting for an environment with {', '.join(wanted)}, which another run is making")
            fcntl.flock(lock, fcntl.LOCK_SH)
        while not _whole(place):
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._make(wanted, place)
            fcntl.flock(lock, fcntl.LOCK_SH)  # as long as this process lives: nobody deletes what it uses
        return place / "bin" / "python"

    def key(self, wanted: tuple[str, ...]) -> str:
        packages = self.config.packages
        files = [self.config.path(p) for p in (*((packages.lock,) if packages.lock else ()), *packages.wheels)]
        variables = {n: _no_password(v) for n, v in sorted(os.environ.items()) if n.startswith("UV_") and n not in _NO_MATTER}
        own = [Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "uv" / "uv.toml", Path("/etc/uv/uv.toml")]
        whole = [
            wanted,
            [sys.version, os.path.realpath(sys.executable), sysconfig.get_platform()],
            [_no_password(text) for text in (packages.index or "", *packages.extra_index)],
            [digest(file) if file.exists() else None for file in files],
            [variables, [digest(file) if file.is_file() else None for file in own]],
        ]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:32]

    # --- making one --------------------------------------------------------------------------------------------------------------

    def _make(self, wanted: tuple[str, ...], place: Path) -> None:
        """Under the lock."""
        if _whole(place):
            return
        uv = find_uv()
        if uv is None:
            raise EnvironmentFailed(
                "uv, which makes an environment for packages that are not here, is not installed; install it: pip install uv; "
                f"or the packages: pip install {' '.join(repr(w) for w in wanted)}"
            )
        self.tell(f"making an environment with {', '.join(wanted)}")
        start = time.monotonic()
        new = place.with_name(f"{place.name}.new")
        for left in (new, place):  # what a killed run left; an environment whose Python is gone
            shutil.rmtree(left, ignore_errors=True)
        try:
            self._uv(uv, ["venv", "--relocatable", "--python", sys.executable, str(new)])
            asked = new / "requirements.txt"
            asked.write_text("".join(f"{w}\n" for w in wanted), "utf-8")
            install = ["pip", "install", "--python", str(new / "bin" / "python"), "--compile-bytecode", *self._sources()]
            self._uv(uv, [*install, *self._lock(), *([] if self._with_hashes() else ["-r", str(asked)])])
            write_json(new / NOTE, {"requirements": wanted, "python": sys.version, "packages": installed(_site(new))})
            os.sync()
            new.rename(place)
        except OSError as error:
            raise EnvironmentFailed(f"no environment can be made in {self.folder}: {error.strerror}") from None
        finally:
            shutil.rmtree(new, ignore_errors=True)
        self.tell(f"made in {time.monotonic() - start:.1f} s, kept in {place}")

    def _sources(self) -> list[str]:
        packages, path = self.config.packages, self.config.path
        found = ["--default-index", packages.index] if packages.index else []
        for index in packages.extra_index:
            found += ["--index", index]
        for wheels in packages.wheels:
            place = path(wheels).absolute()
            found += ["--find-links", str(place if place.is_dir() else place.parent)]
        return found

    def _lock(self) -> list[str]:
        """A lock file with hashes is installed as it is; another one only says which versions."""
        if self.config.packages.lock is None:
            return []
        file = str(self.config.path(self.config.packages.lock).absolute())
        return ["--require-hashes", "-r", file] if self._with_hashes() else ["--constraints", file]

    def _with_hashes(self) -> bool:
        lock = self.config.packages.lock
        return lock is not None and "--hash=" in self.config.path(lock).read_text("utf-8")

    def _uv(self, uv: str, arguments: list[str]) -> None:
        """Run uv where no project's configuration is found; the user's own counts."""
        packages = self.config.packages
        env: dict[str, str] = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
        if packages.proxy:
            env |= dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), packages.proxy)
        if packages.cert:
            env["SSL_CERT_FILE"] = str(self.config.path(packages.cert).absolute())
        done = subprocess.run(
            [uv, *arguments, "--quiet", "--no-progress", "--color", "never"],
            cwd=self.folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
        )  # fmt: skip
        if done.returncode:
            said = [line.rstrip() for line in (done.stderr or done.stdout).strip().splitlines()][-LINES:]
            raise EnvironmentFailed("\n".join([f"uv could not do it (exit code {done.returncode}):", *(f"  {line}" for line in said)]))


def clean(folder: Path, before: float) -> int:
    """Delete the environments that were made before a time and that no run uses; how many."""
    found = 0
    for note in folder.glob(f"*/{NOTE}"):
        with locked(folder / f"{note.parent.name}.lock", wait=False) as free:
            if free and note.stat().st_mtime < before:
                remove(note.parent)
                found += 1
    return found


def find_uv() -> str | None:
    """uv: the one on PATH, else that of the Python package."""
    found = shutil.which("uv")
    if found:
        return found
    try:
        import uv
    except ImportError:
        return None
    try:
        return str(uv.find_uv_bin())
    except OSError:
        return None


def _whole(place: Path) -> bool:
    return (place / NOTE).is_file() and (place / "bin" / "python").exists()


def _site(environment: Path) -> list[str]:
    return [str(p) for p in environment.glob("lib/python*/site-packages")]


def _no_password(url: str) -> str:
    """Who asks does not change what there is."""
    try:
        host = urlsplit(url).netloc.rpartition("@")
    except ValueError:
        return url
    return url.replace(f"{host[0]}@", "", 1) if host[1] else url


# --- what an interpreter has -------------------------------------------------------------------------------------------------------


class Surroundings:
    """What may decide a result beside the task itself: the Python and all packages that it runs with. Once in a run."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def digest(self, task: Mapping[str, Any]) -> str:
        python = task.get("interpreter", "")
        if python not in self._known:
            packages = read_json(Path(python).parents[1] / NOTE)["packages"] if python else installed()
            folders = [_mark(Path(p)) for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
            whole = [sys.version, sysconfig.get_platform(), platform.libc_ver(), packages, folders]
            self._known[python] = hashlib.sha256(json.dumps(whole).encode()).hexdigest()
        return self._known[python]


def installed(site: list[str] | None = None) -> list[str]:
    """What is installed, by name and version; what runs from its sources by the state of those as well. Wye is not: no step sees it."""
    found = set()
    for one in distributions() if site is None else distributions(path=site):
        name = one.metadata["Name"] or ""
        if name == "wye":
            continue
        origin = json.loads(one.read_text("direct_url.json") or "{}")
        own = origin.get("dir_info", {}).get("editable") and urlsplit(origin["url"]).path
        beside = str(one.locate_file(""))
        if not own and "site-packages" not in beside and "dist-packages" not in beside:
            own = beside
        found.add(f"{name}=={one.version}" + (f" {_mark(Path(own))}" if own else ""))
    return sorted(found)


def _mark(folder: Path) -> str:
    """The state of a folder of sources: names, sizes, times."""
    found = []
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f[0] != "." and f not in ("__pycache__", "node_modules"))
        if "pyvenv.cfg" in names:
            folders[:] = []
            continue
        for name in sorted(names):
            try:
                status = os.stat(os.path.join(at, name))
            except OSError:
                continue
            found.append([os.path.relpath(os.path.join(at, name), folder), status.st_size, status.st_mtime_ns])
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()
