"""The Kubernetes engine of the tests: cases in; their manifests on the cluster of `$KUBECONFIG`, runs, and what became of them, out.

The cluster may be as old as 1.20 (a server, a scheduler and a kubelet that can be built from source, on one node, without a proxy). For
that one manifests are patched: CronJobs are v1beta1 and know no `timeZone`, no `podFailurePolicy`; the driver is on the node's network.
`kubectl.py` does so for whoever calls `kubectl`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from docker_engine import image_for_tests

from wye.driver import compile_source, compile_target
from wye.testing.environments import EngineMissing, missing
from wye_targets.kubernetes import Kubernetes
from wye_targets.kubernetes.capabilities import Options
from wye_targets.kubernetes.placement import Placement

Json = dict[str, Any]

CLAIM = "runs"
SHIM = Path(__file__).with_name("kubectl.py")


def kubectl(*words: str, given: str | None = None, check: bool = True) -> str:
    done = subprocess.run(["kubectl", *words], input=given, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout


@dataclass
class Engine:
    """A namespace of the tests' own, with a claim on a folder of this machine. `parallel`: Jobs of a run at a time."""

    namespace: str
    folder: Path
    image: str
    server: str = ""
    """Where a driver reaches the API server, when not by the cluster's own network."""
    old: bool = False
    started: dict[str, str] = field(default_factory=dict)

    @property
    def options(self) -> Options:
        return Options(image=self.image, claim=CLAIM, access="ReadWriteMany", parallel=4, placement=Placement(namespace=self.namespace))

    def kubectl(self, *words: str, given: str | None = None, check: bool = True) -> str:
        return kubectl("--namespace", self.namespace, *words, given=given, check=check)

    def manifests(self, source: Path, options: Options | None = None) -> list[Json]:
        files, _ = compile_target(compile_source(source), Kubernetes(), options or self.options)
        documents: list[Json] = list(yaml.safe_load_all(next(f.text for f in files if f.path == "manifests.yaml")))
        return [patched(d, self.old, self.server) for d in documents]

    def apply(self, documents: list[Json], *words: str) -> str:
        return self.kubectl("apply", *words, "-f", "-", given=yaml.safe_dump_all(documents))

    def start(self, documents: list[Json], run: str, **variables: str) -> None:
        """Apply the manifests, and what `kubectl create job --from=cronjob/…` does."""
        self.apply(documents)
        cron_job = next(d for d in documents if d["kind"] == "CronJob")
        self.create(cron_job, run, **variables)

    def create(self, cron_job: Json, run: str, **variables: str) -> None:
        job = json.loads(json.dumps({"apiVersion": "batch/v1", "kind": "Job", **cron_job["spec"]["jobTemplate"]}))
        job["metadata"]["name"] = run
        container = job["spec"]["template"]["spec"]["containers"][0]
        container["env"] += [{"name": n, "value": v.replace("$", "$$")} for n, v in {"WYE_LOG": "json", **variables}.items()]
        self.kubectl("create", "-f", "-", given=json.dumps(job))

    def job(self, run: str) -> Json:
        return dict(json.loads(self.kubectl("get", "job", run, "-o", "json")))

    def jobs(self, run: str) -> list[Json]:
        """The Jobs of a run's attempts."""
        return list(json.loads(self.kubectl("get", "jobs", "-l", f"wye/run={run},wye/attempt", "-o", "json"))["items"])

    def pods(self, run: str) -> list[Json]:
        return list(json.loads(self.kubectl("get", "pods", "-l", f"wye/run={run}", "-o", "json"))["items"])

    def driver(self, run: str) -> list[Json]:
        """The pods of a run's driver, the first one first."""
        found = json.loads(self.kubectl("get", "pods", "-l", f"job-name={run}", "-o", "json"))["items"]
        return sorted(found, key=lambda p: str(p["metadata"]["creationTimestamp"]))

    def status(self, run: str) -> str:
        return str(self.job(run)["metadata"].get("annotations", {}).get("wye/status", ""))

    def wait(self, run: str, seconds: float = 300) -> Json:
        """The end of a run: its annotations, without `wye/`."""
        wait_for(
            lambda: self.status(run) not in ("", "running"),
            seconds,
            lambda: self.kubectl("logs", f"job/{run}", "--tail=20", check=False),
            pause=2,  # each `kubectl` is a tenth of a second of a processor
        )
        return {k.removeprefix("wye/"): v for k, v in self.job(run)["metadata"]["annotations"].items() if k.startswith("wye/")}

    def outputs(self, run: str) -> str | None:
        """The wire text of what a run has returned, from the volume."""
        place = self.job(run)["metadata"]["annotations"]["wye/folder"].partition(":")[2]
        file = self.folder / place / "outputs.json"
        return file.read_text("ascii").rstrip("\n") if file.exists() else None

    def delete(self, run: str) -> None:
        self.kubectl("delete", "job", run, "--wait=false", check=False)


def patched(document: Json, old: bool, server: str) -> Json:
    """A manifest as the cluster of the tests takes it."""
    if document["kind"] != "CronJob":
        return document
    run = document["spec"]["jobTemplate"]["spec"]
    if old:
        document["apiVersion"] = "batch/v1beta1"
        document["spec"].pop("timeZone", None)
        run.pop("podFailurePolicy", None)
    if server:
        host, _, port = server.partition(":")
        run["template"]["spec"]["hostNetwork"] = True
        env = run["template"]["spec"]["containers"][0]["env"]
        env += [{"name": "KUBERNETES_SERVICE_HOST", "value": host}, {"name": "KUBERNETES_SERVICE_PORT", "value": port}]
    return document


def wait_for(what: Callable[[], Any], seconds: float = 120, explain: Callable[[], str] = lambda: "", pause: float = 0.5) -> Any:
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, f"it did not happen\n{explain()}"
        time.sleep(pause)


VOLUME = """
apiVersion: v1
kind: PersistentVolume
metadata: {{name: "{namespace}"}}
spec:
  capacity: {{storage: 10Gi}}
  accessModes: [ReadWriteMany]
  hostPath: {{path: "{folder}"}}
  claimRef: {{name: {claim}, namespace: "{namespace}"}}
  storageClassName: ""
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {claim}, namespace: "{namespace}"}}
spec: {{accessModes: [ReadWriteMany], storageClassName: "", resources: {{requests: {{storage: 1Gi}}}}}}
"""


def image() -> str:
    """The tests' image, which the node has: its container engine is the one that `docker` here talks to."""
    try:
        return image_for_tests()
    except EngineMissing as reason:
        missing("kubernetes", f"kubernetes: {reason}")


@contextmanager
def engine() -> Iterator[Engine]:
    """Skips by name where there is no cluster."""
    if shutil.which("kubectl") is None:
        missing("kubernetes", "kubernetes: kubectl is not installed")
    if not os.environ.get("KUBECONFIG"):
        missing("kubernetes", "kubernetes: KUBECONFIG names no cluster for tests (one node, on this machine)")
    version = subprocess.run(["kubectl", "version", "-o", "json", "--request-timeout=20s"], capture_output=True, text=True)
    if version.returncode:
        missing("kubernetes", f"kubernetes: no cluster answers: {version.stderr.strip().splitlines()[-1:]}")
    server = json.loads(version.stdout)["serverVersion"]
    old = tuple(int(n) for n in server["gitVersion"].lstrip("v").split(".")[:2]) < (1, 21)
    namespace = f"wye-{uuid.uuid4().hex[:8]}"
    folder = Path(tempfile.mkdtemp(prefix="wye-volume-"))  # not one of pytest's, which other sessions of pytest remove
    os.chmod(folder, 0o777)
    found = Engine(namespace, folder, image(), "127.0.0.1:6443" if old else "", old)
    kubectl("create", "namespace", namespace)
    try:
        kubectl("apply", "-f", "-", given=VOLUME.format(namespace=namespace, folder=folder, claim=CLAIM))
        yield found
    finally:
        kubectl("delete", "namespace", namespace, "--wait=false", check=False)
        kubectl("delete", "pv", namespace, "--wait=false", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def shimmed(folder: Path, found: Engine) -> dict[str, str]:
    """The environment of a `wye` that finds a `kubectl` which patches for the cluster of the tests."""
    place = folder / "kubectl"
    place.write_text(f'#!/bin/sh\nexec {sys.executable} {SHIM} "$@"\n')
    place.chmod(0o755)
    real = shutil.which("kubectl") or ""
    return {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "WYE_REAL_KUBECTL": real,
        "WYE_OLD": "1" * found.old,
        "WYE_SERVER": found.server,
    }
