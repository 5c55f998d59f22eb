"""Manifests in; a small cluster in this process: the API that the driver speaks, with the rights of its Role alone, and a kubelet that runs
pods as processes here. It can be told to break: drop watches, refuse, answer slowly, lose pods.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

Json = dict[str, Any]

START = """
import importlib.util, os, sys
code, run, volume, params, message, runtime, unpacked = sys.argv[1:]
spec = importlib.util.spec_from_file_location("boot", os.path.join(code, "boot.py"))
boot = importlib.util.module_from_spec(spec)
spec.loader.exec_module(boot)
boot.unpack(code, unpacked)
boot.package("wye", None)
boot.package("wye.runtime", unpacked + "/wye_runtime")
boot.package("wye_kubernetes", unpacked)
from wye_kubernetes import driver, jobs
driver.RUN = jobs.RUN = run
driver.VOLUME, driver.PARAMS, driver.TERMINATION = volume, params, message
jobs.LAG = 1.0
jobs.TICK = 1.0
sys.exit(driver.main(unpacked, None))
"""
"""The driver's pod, as a process: boot.py with the folders of a test."""

STEP = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("step", sys.argv[1])
step = importlib.util.module_from_spec(spec)
spec.loader.exec_module(step)
step.TERMINATION, step.SECRETS = sys.argv[2], sys.argv[3]
sys.exit(step.main(*sys.argv[4:]))
"""


class FakeCluster:
    """`troubles` are asked before each request, with its method and path: what one returns, a status, is the answer."""

    def __init__(self, folder: Path, manifests: str) -> None:
        self.folder = folder
        self.objects: dict[tuple[str, str], Json] = {}
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.events: list[tuple[int, str, Json]] = []
        self.version = 1
        self.oldest = 0
        self.requests: list[tuple[str, str]] = []
        self.troubles: list[Callable[[str, str], int | None]] = []
        self.drops = 0
        """Watches that end after one event."""
        self.pods_wait = ""
        self.stopped: set[str] = set()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.documents = [d for d in yaml.load_all(manifests, yaml.CSafeLoader) if d]
        for document in self.documents:
            self.objects[document["kind"], document["metadata"]["name"]] = document
        self.cron_job = next(d for d in self.documents if d["kind"] == "CronJob")
        self.rules = next(d for d in self.documents if d["kind"] == "Role")["rules"]
        (folder / "volume").mkdir(parents=True, exist_ok=True)
        (folder / "params").mkdir(exist_ok=True)
        self._mount()
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                cluster.answer(self)

            do_GET = do_POST = do_DELETE = do_PATCH = handle_any

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _mount(self) -> None:
        """The ConfigMaps of the driver's pod as one folder."""
        code = self.folder / "code"
        code.mkdir(exist_ok=True)
        pod = self.cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        for source in next(v for v in pod["volumes"] if v["name"] == "code")["projected"]["sources"]:
            for key, text in self.objects["ConfigMap", source["configMap"]["name"]]["data"].items():
                assert re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", key)
                (code / key).write_bytes(text.encode("utf-8"))

    # --- the API ---------------------------------------------------------------------------------------------------------------------

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        method, url = handler.command, urlsplit(handler.path)
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        body = json.loads(handler.rfile.read(int(handler.headers.get("Content-Length") or 0)) or b"{}")
        _, _, rest = url.path.partition("/namespaces/test/")
        kind, _, name = rest.partition("/")
        verb = {"POST": "create", "PATCH": "patch", "DELETE": "delete"}.get(method) or (
            "watch" if query.get("watch") else "get" if name else "list"
        )
        self.requests.append((verb, rest))
        for trouble in list(self.troubles):
            status = trouble(verb, rest)
            if status:
                return self.send(handler, status, {"kind": "Status", "reason": "Trouble", "message": "trouble", "code": status})
        if not any(kind in r["resources"] and verb in r["verbs"] for r in self.rules):
            return self.send(handler, 403, {"reason": "Forbidden", "message": f"{verb} {kind} is not in the Role"})
        with self.lock:
            if verb == "watch":
                pass
            elif verb == "list":
                found = [o for (k, _), o in self.objects.items() if k == kind and _selected(o, query)]
                return self.send(handler, 200, {"metadata": {"resourceVersion": str(self.version)}, "items": found})
            elif verb == "create":
                key = (kind, body["metadata"]["name"])
                if key in self.objects:
                    return self.send(handler, 409, {"reason": "AlreadyExists", "message": "it is there"})
                _check_job(body)
                body["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": _now()}
                body["status"] = {"startTime": _now()}
                self.put(kind, body)
                self.kubelet(body)
                return self.send(handler, 201, body)
            elif (kind, name) not in self.objects:
                return self.send(handler, 404, {"reason": "NotFound", "message": f"{rest} not found"})
            elif verb == "get":
                return self.send(handler, 200, self.objects[kind, name])
            elif verb == "patch":
                _merge(self.objects[kind, name], body)
                return self.send(handler, 200, self.objects[kind, name])
            else:
                self.remove_job(name)
                return self.send(handler, 200, {})
        self.watch(handler, query)

    def send(self, handler: BaseHTTPRequestHandler, status: int, content: Json) -> None:
        data = json.dumps(content).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def watch(self, handler: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
        version = int(query["resourceVersion"])
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        try:
            while True:
                with self.changed:
                    if version < self.oldest:
                        handler.wfile.write(json.dumps({"type": "ERROR", "object": {"code": 410, "reason": "Expired"}}).encode() + b"\n")
                        return
                    fresh = [e for e in self.events if e[0] > version]
                    if not fresh:
                        self.changed.wait(0.2)
                for number, kind, pod in fresh:
                    version = number
                    if _selected(pod, query):
                        line = json.dumps({"type": kind, "object": pod}).encode() + b"\n"
                        if self.drops:
                            self.drops -= 1
                            handler.wfile.write(line[: len(line) // 2])
                            return
                        handler.wfile.write(line)
                handler.wfile.flush()
        except OSError:
            return

    def put(self, kind: str, content: Json, change: str = "MODIFIED") -> None:
        with self.changed:
            self.version += 1
            content["metadata"]["resourceVersion"] = str(self.version)
            key = (kind, content["metadata"]["name"])
            if kind == "pods":
                self.events.append((self.version, "ADDED" if key not in self.objects else change, json.loads(json.dumps(content))))
            if change == "DELETED":
                self.objects.pop(key, None)
            else:
                self.objects[key] = content
            self.changed.notify_all()

    def forget(self) -> None:
        """What happened is too long ago: a watch from then gets a 410."""
        with self.changed:
            self.oldest = self.version + 1
            self.version += 2
            self.events = []

    # --- the kubelet -----------------------------------------------------------------------------------------------------------------

    def kubelet(self, job: Json) -> None:
        name = job["metadata"]["name"]
        template = json.loads(json.dumps(job["spec"]["template"]))
        labels = {**template["metadata"]["labels"], "job-name": name}
        pod = {"metadata": {"name": f"{name}-abcde", "labels": labels}, "spec": template["spec"], "status": {"phase": "Pending"}}
        self.put("pods", pod)
        threading.Thread(target=self.run_pod, args=(job, pod), daemon=True).start()

    def run_pod(self, job: Json, pod: Json) -> None:
        container = pod["spec"]["containers"][0]
        name = pod["metadata"]["name"]
        if container["image"].startswith("no/"):
            for reason in ("ErrImagePull", "ImagePullBackOff"):
                waiting = {"reason": reason, "message": "not found" if reason == "ErrImagePull" else "back-off"}
                pod["status"] = {"phase": "Pending", "containerStatuses": [{"state": {"waiting": waiting}}]}
                self.put("pods", pod)
                time.sleep(0.1)
            return
        mounts = {m["mountPath"]: m for m in container["volumeMounts"]}
        inside = mounts[str(self.run_folder)]["subPath"]
        _, _, script, folder, attempt = container["command"]
        assert [m["subPath"] for m in container["volumeMounts"] if m.get("subPath") and not m.get("readOnly")] == [
            f"{inside}/{os.path.relpath(folder, self.run_folder)}/attempts/{attempt}"
        ]
        pod["status"] = {"phase": "Running"}
        self.put("pods", pod)
        message = self.folder / f"{name}.message"
        secrets = self.folder / "secrets"
        env = {
            "PATH": os.environ["PATH"],
            **{e["name"]: e["value"].replace("$$", "$") for e in container["env"] if "value" in e},
            "HOME": str(self.folder),
        }
        env |= {e["name"]: self.secret(e["valueFrom"]["secretKeyRef"]) for e in container["env"] if "valueFrom" in e}
        argv = [
            sys.executable,
            "-B",
            "-c",
            STEP,
            script.replace("/wye/run", str(self.run_folder)),
            str(message),
            f"{secrets}/",
            folder,
            attempt,
        ]
        process = subprocess.Popen(argv, env=env, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.processes[name] = process
        output = process.communicate()[0].decode()
        (self.folder / f"{name}.log").write_text(output)
        if name in self.stopped:
            return
        told = message.read_text() if message.exists() else output[-500:]
        reason = "OOMKilled" if process.returncode == -signal.SIGKILL else "Completed" if process.returncode == 0 else "Error"
        code = process.returncode if process.returncode >= 0 else 128 - process.returncode
        ended = {"reason": reason, "exitCode": code, "message": told}
        pod["status"] = {"phase": "Succeeded" if code == 0 else "Failed", "containerStatuses": [{"state": {"terminated": ended}}]}
        job["status"]["conditions"] = [{"type": "Complete" if code == 0 else "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]
        self.put("pods", pod)

    def secret(self, reference: Json) -> str:
        return (self.folder / "secrets" / reference["name"] / reference["key"]).read_text()

    def remove_job(self, name: str) -> None:
        """A Job and its pods; and, as the garbage collector does, what it owns."""
        with self.lock:
            job = self.objects.pop(("jobs", name), None)
            owned = [
                n for (k, n), o in self.objects.items()
                if k == "jobs" and job and any(r["uid"] == job["metadata"]["uid"] for r in o["metadata"].get("ownerReferences", ()))
            ]  # fmt: skip
            pods = [o for (k, _), o in list(self.objects.items()) if k == "pods" and o["metadata"]["labels"]["job-name"] == name]
        for pod in pods:
            self.remove_pod(pod)
        for other in owned:
            self.remove_job(other)

    def remove_pod(self, pod: Json) -> None:
        name = pod["metadata"]["name"]
        self.stopped.add(name)
        if name in self.processes:
            self.processes[name].terminate()
        self.put("pods", pod, "DELETED")

    # --- runs ------------------------------------------------------------------------------------------------------------------------

    @property
    def run_folder(self) -> Path:
        return self.folder / "run"

    def run(self, name: str = "run", **variables: str) -> Run:
        """`kubectl create job --from=cronjob/…`"""
        job = json.loads(json.dumps(self.cron_job["spec"]["jobTemplate"]))
        job["metadata"] |= {"name": name, "uid": str(uuid.uuid4()), "creationTimestamp": _now()}
        job["status"] = {"startTime": _now()}
        self.put("jobs", job)
        return Run(self, name, variables)

    def tasks(self) -> list[str]:
        """The task and attempt of each Job that was created, in the order of creation."""
        jobs = [o for (k, _), o in self.objects.items() if k == "jobs" and "wye/task" in o["metadata"].get("annotations", {})]
        return [f"{j['metadata']['annotations']['wye/task']} {j['metadata']['labels']['wye/attempt']}" for j in jobs]


class Run:
    """A run's Job, and its driver as a process."""

    def __init__(self, cluster: FakeCluster, name: str, variables: dict[str, str]) -> None:
        self.cluster, self.name, self.variables, self.pods = cluster, name, variables, 0

    def start(self) -> subprocess.Popen[str]:
        """A pod of the driver."""
        c = self.cluster
        self.pods += 1
        pod = f"{self.name}-driver-{self.pods}"
        owner = {"kind": "Job", "name": self.name, "uid": self.job["metadata"]["uid"]}
        c.put("pods", {"metadata": {"name": pod, "labels": {"job-name": self.name}, "ownerReferences": [owner]}, "status": {}})
        env = {
            "PATH": os.environ["PATH"], "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(c.server.server_port),
            "POD_NAME": pod, "POD_NAMESPACE": "test", "NODE_NAME": "node-1", "WYE_PATIENCE": "0.3", "WYE_LOG": "json", **self.variables,
        }  # fmt: skip
        places = [c.folder / n for n in ("code", "run", "volume", "params", "message", "unused", f"unpacked-{self.pods}")]
        return subprocess.Popen(
            [sys.executable, "-B", "-c", START, *map(str, places)],
            env=env,
            cwd=c.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self, process: subprocess.Popen[str] | None = None, code: int = 0) -> Json:
        """Run to the end. The result that the driver logs last."""
        process = process or self.start()
        self.log = process.communicate(timeout=120)[0]
        assert process.returncode == code, self.log
        lines = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        return dict(next(line["result"] for line in lines if "result" in line))

    @property
    def job(self) -> Json:
        return self.cluster.objects["jobs", self.name]

    @property
    def annotations(self) -> dict[str, str]:
        return {k: v for k, v in self.job["metadata"]["annotations"].items() if k.startswith("wye/")}


@contextmanager
def fake_cluster(folder: Path, manifests: str) -> Iterator[FakeCluster]:
    cluster = FakeCluster(folder, manifests)
    try:
        yield cluster
    finally:
        cluster.server.shutdown()
        for process in cluster.processes.values():
            process.kill()


def _check_job(body: Json) -> None:
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", body["metadata"]["name"]), body["metadata"]["name"]
    for value in body["metadata"]["labels"].values():
        assert re.fullmatch(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?", value), value
    assert body["spec"]["backoffLimit"] == 0


def _selected(content: Json, query: dict[str, str]) -> bool:
    labels = content["metadata"].get("labels", {})
    return all(labels.get(k) == v for k, _, v in (part.partition("=") for part in query.get("labelSelector", "").split(",") if part))


def _merge(old: Json, new: Json) -> None:
    for key, value in new.items():
        if isinstance(value, dict):
            _merge(old.setdefault(key, {}), value)
        elif value is None:
            old.pop(key, None)
        else:
            old[key] = value


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
