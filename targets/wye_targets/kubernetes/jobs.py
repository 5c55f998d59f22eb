"""How a task of a plan becomes a Job: a task's folder in; its outputs there, or the record of its error, out.

The name of a Job says which attempt of which task of which run it is, so a driver that was killed finds its Jobs again. What an attempt
leaves stands in a folder of its own, `attempts/<n>`, which becomes the task's `out` when all of it is there. Standard library only.
"""

from __future__ import annotations

import asyncio
import calendar
import contextlib
import copy
import hashlib
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .cluster import ApiError, Cluster, Stopped

Json = dict[str, Any]

PATIENCE = 60.0
"""Seconds that what keeps a pod from starting (no image, no secret, no permission) may take to pass."""
TICK = 20.0
"""Seconds after which a Job is asked for itself: for what no event of a pod tells."""
LAG = 60.0
"""Seconds after which a file that a pod has written can be seen from another node."""
HOPELESS = frozenset({"InvalidImageName", "ErrImageNeverPull"})
HINDERED = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "ImageInspectError", "CreateContainerConfigError",
                      "CreateContainerError", "RunContainerError", "StartError", "CrashLoopBackOff"})  # fmt: skip
DELETED = {"message": "the attempt's pod was deleted", "exit": 1, "outside": True}
"""A failure from `outside`: that the runner was stopped by a signal, as it says itself, is but how it came."""
RUN = "/wye/run"
"""Where the driver and every pod see the folder of the run."""


@dataclass(frozen=True)
class Run:
    """A run: the name and the uid of its Job, its folder on the claim, and the node on which all its pods must be, if there is such."""

    name: str
    uid: str
    folder: str
    node: str | None = None


class JobLauncher:
    """Runs each attempt as a Job. `jobs` is what the compiler says of the tasks' Jobs; `tell` gets what a person should know."""

    def __init__(self, cluster: Cluster, run: Run, jobs: Json, tell: Callable[[str], None], patience: float = PATIENCE, tick: float = TICK):
        self.cluster, self.given, self.jobs, self.tell = cluster, run, jobs, tell
        self.patience, self.tick = patience, tick
        self.pool = ThreadPoolExecutor(16)
        self.pods: dict[str, dict[str, Json]] = {}
        """By Job, the pods seen; one that was deleted has the mark `gone`."""
        self.bells: dict[str, asyncio.Event] = {}
        self.broken: BaseException | None = None

    def start(self) -> None:
        """Follow the pods of the run, from within the event loop."""
        loop = asyncio.get_running_loop()

        def later(what: Callable[..., None], *given: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the driver has ended
                loop.call_soon_threadsafe(what, *given)

        def follow() -> None:
            try:
                self.cluster.follow(
                    "pods",
                    f"wye/run-uid={self.given.uid}",
                    lambda pods: later(self.take_all, pods),
                    lambda k, pod: later(self.take, k, pod),
                )
            except BaseException as error:
                later(self.give_up, error)

        threading.Thread(target=follow, daemon=True).start()

    def take_all(self, pods: list[Json]) -> None:
        """The pods that there are. Those that were known and are not among them were deleted meanwhile."""
        there = {pod["metadata"]["name"] for pod in pods}
        for known in self.pods.values():
            for name, pod in known.items():
                if name not in there:
                    pod["gone"] = True
        for pod in pods:
            self.take("LISTED", pod)
        for bell in self.bells.values():
            bell.set()

    def take(self, kind: str, pod: Json) -> None:
        labels = pod["metadata"].get("labels", {})
        job = labels.get("batch.kubernetes.io/job-name") or labels.get("job-name", "")
        if kind == "DELETED":
            pod["gone"] = True
        self.pods.setdefault(job, {})[pod["metadata"]["name"]] = pod
        if job in self.bells:
            self.bells[job].set()

    def give_up(self, error: BaseException) -> None:
        self.broken = error
        for bell in self.bells.values():
            bell.set()

    async def ask(self, what: Callable[..., Any], *given: Any) -> Any:
        """A call of the API, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, lambda: what(*given))

    # --- attempts ------------------------------------------------------------------------------------------------------------------

    async def run(self, task: Json, folder: str, attempt: int) -> int:
        """An exit code; `out/`, which is empty, gets the outputs, or `error.json`. Cancelling it deletes the Job."""
        mine = os.path.join(folder, "attempts", str(attempt))
        if not os.path.exists(os.path.join(mine, "error.json")):  # as an earlier driver left it
            os.makedirs(mine, exist_ok=True)
            failure = await self.attempt(task, folder, mine, attempt)
            if failure is None:
                return 0
            outside = failure.pop("outside", False)
            if not os.path.exists(os.path.join(mine, "error.json")) or (outside and signalled(mine)):
                write(os.path.join(mine, "error.json"), {"type": [], "traceback": "", **failure})
        shutil.copyfile(os.path.join(mine, "error.json"), os.path.join(folder, "out", "error.json"))
        return 1

    async def attempt(self, task: Json, folder: str, mine: str, attempt: int) -> Json | None:
        """Why the attempt failed (the runner's own record goes before it); None when its outputs are there."""
        name = self.name(task["id"], attempt)
        bell = self.bells[name] = asyncio.Event()
        try:
            failure = await self.create(name, self.manifest(name, task, folder, attempt))
            if failure is None:
                failure = await self.ended(name, bell)
            if await self.arrived(mine, "done.json", failure is None):
                publish(mine, os.path.join(folder, "out"))
                return None
            if failure and failure.pop("recorded", False):
                await self.arrived(mine, "error.json", True)
            return failure or {"message": "the pod has ended, and its outputs cannot be seen on the volume", "exit": 1}
        except asyncio.CancelledError:
            with contextlib.suppress(ApiError, Stopped, asyncio.CancelledError):
                await asyncio.shield(self.ask(self.cluster.delete, "jobs", name))
            raise
        finally:
            self.bells.pop(name, None)
            self.pods.pop(name, None)

    async def arrived(self, mine: str, name: str, expected: bool) -> bool:
        """Whether the attempt has left a file, its last one. On a volume of a network, another node's files show late."""
        end = time.monotonic() + (LAG if expected else 0)
        while True:
            with contextlib.suppress(OSError):
                os.listdir(mine)  # makes a client of NFS look again
            if os.path.exists(os.path.join(mine, name)):
                return True
            if time.monotonic() >= end:
                return False
            await asyncio.sleep(0.5)

    async def create(self, name: str, body: Json) -> Json | None:
        """Create a Job, or find it again. Why it cannot be, if so."""
        while True:
            try:
                await self.ask(self.cluster.create, "jobs", body)
                return None
            except ApiError as error:
                if error.status == 409 and error.reason == "AlreadyExists":
                    return None
                if error.status != 403 or "exceeded quota" not in str(error):
                    return {"message": f"the Job cannot be created: {error}", "exit": 2}
                self.tell(f"{name} waits: {error}")
            await asyncio.sleep(self.tick)

    # --- what became of a Job ------------------------------------------------------------------------------------------------------

    async def ended(self, name: str, bell: asyncio.Event) -> Json | None:
        """Wait for the end of a Job. None when its pod says that all is done, else why it failed."""
        since: float | None = None
        told, why = "", ""
        asked = time.monotonic()
        while True:
            bell.clear()
            if self.broken:
                raise self.broken
            pods = list(self.pods.get(name, {}).values())
            over = next((p for p in pods if p.get("status", {}).get("phase") in ("Succeeded", "Failed")), None)
            if over:
                return await self.judged(name, over)
            waits, hopeless = hindrance(pods)
            if waits.startswith("ErrImagePull") or not why:
                why = waits or why  # it says more than the back-off that follows
            since = None if not waits else since or time.monotonic()
            if since and (hopeless or time.monotonic() - since >= self.patience):
                await self.ask(self.cluster.delete, "jobs", name)
                return {"message": why or waits, "exit": 2 if waits.startswith("CreateContainerConfigError") else 1}
            place = unplaced(pods)
            if place and place != told:
                told = place
                self.tell(f"{name} waits for a node: {place}")
            lost = any(p.get("gone") for p in pods)
            if lost or time.monotonic() - asked >= self.tick:
                failure = await self.asked(name, pods)
                if failure:
                    return failure
                asked = time.monotonic()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(bell.wait(), min(self.tick, self.patience, 1.0 if lost else self.tick))

    async def judged(self, name: str, pod: Json) -> Json | None:
        """What an ended pod says."""
        told = told_by(pod)
        if told.get("done"):
            return None
        message, code = described(pod)
        if isinstance(told.get("message"), str):
            message, code = told["message"], int(told.get("exit", code))
        if code > 128 or pod.get("status", {}).get("reason"):  # a signal from outside: of whom?
            with contextlib.suppress(ApiError):
                late = overdue(await self.ask(self.cluster.get, "jobs", name))
                if late:
                    return late
            if pod.get("status", {}).get("reason"):
                return {"message": described(pod)[0], "exit": code, "outside": True}
            if pod["metadata"].get("deletionTimestamp"):
                return {**DELETED, "exit": code}
        return {"message": message, "exit": code, "recorded": bool(told.get("recorded"))}

    async def asked(self, name: str, pods: list[Json]) -> Json | None:
        """What the Job itself says, when its pods say nothing: why it has failed, if so."""
        try:
            job = await self.ask(self.cluster.get, "jobs", name)
        except ApiError as error:
            if error.status != 404:
                raise
            return {"message": "the attempt's Job was deleted", "exit": 1}
        failed, late = condition(job, "Failed"), overdue(job)
        if failed or (late and pods and all(p.get("gone") for p in pods)):
            return late or {"message": f"the attempt's pod was lost: {(failed or {}).get('message', '')}", "exit": 1, "outside": True}
        if condition(job, "Complete"):
            return {"message": "the attempt's pod was deleted before it could be asked", "exit": 1}
        if pods and all(p.get("gone") for p in pods):  # of an older cluster, which would start another one
            await self.ask(self.cluster.delete, "jobs", name)
            return dict(DELETED)
        if not pods:
            listed = await self.ask(lambda: self.cluster.list("events", fieldSelector=f"involvedObject.name={name},reason=FailedCreate"))
            refused = next((e["message"] for e in listed.get("items", ()) if e.get("message")), "")
            if refused and "exceeded quota" in refused:
                self.tell(f"{name} waits: {refused}")
            elif refused:
                await self.ask(self.cluster.delete, "jobs", name)
                return {"message": f"the pod cannot be created: {refused}", "exit": 2}
        return None

    async def clean(self) -> None:
        """Delete the Jobs of the run that have not ended: nobody waits for them."""
        listed = await self.ask(lambda: self.cluster.list("jobs", labelSelector=f"wye/run-uid={self.given.uid}"))
        for job in listed["items"]:
            if not condition(job, "Complete") and not condition(job, "Failed"):
                await self.ask(self.cluster.delete, "jobs", job["metadata"]["name"])

    # --- manifests -----------------------------------------------------------------------------------------------------------------

    def name(self, task: str, attempt: int) -> str:
        """The name of an attempt's Job: the same each time, no other's, and a DNS label."""
        mark = hashlib.sha256(f"{self.given.uid}/{task}".encode()).hexdigest()[:8]
        tail = f"-{mark}-{attempt}"
        run = spelled(self.given.name)[:28].rstrip("-")
        return f"{run}-{spelled(task)}"[: 63 - len(tail)].rstrip("-") + tail

    def manifest(self, name: str, task: Json, folder: str, attempt: int) -> Json:
        """The Job of an attempt: what the compiler says, and what only the run knows."""
        own = self.jobs["tasks"][task["id"].rpartition(".")[2]]
        spec = copy.deepcopy(self.jobs["specs"][own["spec"]])
        placed = spec["template"].get("metadata", {})
        labels = {
            **self.jobs["labels"],
            **placed.get("labels", {}), **own["labels"], "wye/run": label(self.given.name), "wye/run-uid": self.given.uid,
            "wye/task": label(task["id"]), "wye/attempt": str(attempt),
        }  # fmt: skip
        annotations = {
            **self.jobs["annotations"],
            **placed.get("annotations", {}),
            **own["annotations"],
            "wye/task": task["id"],
            "wye/source": task["span"],
        }
        template = spec["template"]
        template["metadata"] = {"labels": labels, "annotations": annotations}
        pod, place = template["spec"], os.path.relpath(folder, RUN)
        main = pod["containers"][0]
        main["command"] = [*main["command"], folder, str(attempt)]
        inner = os.path.join(place, "attempts", str(attempt))
        main["volumeMounts"] = [
            {"name": "run", "mountPath": RUN, "subPath": self.given.folder, "readOnly": True},
            {"name": "run", "mountPath": os.path.join(RUN, inner), "subPath": os.path.join(self.given.folder, inner)},
            *main["volumeMounts"],
        ]
        pod["volumes"] = [{"name": "run", "persistentVolumeClaim": {"claimName": self.jobs["claim"]}}, *pod["volumes"]]
        if self.given.node:
            here = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [self.given.node]}]}
            wanted = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [here]}}
            pod["affinity"] = {"nodeAffinity": wanted}
        owner: Json = {"apiVersion": "batch/v1", "kind": "Job", "name": self.given.name, "uid": self.given.uid}
        owner.update(controller=False, blockOwnerDeletion=False)
        metadata = {"name": name, "labels": labels, "annotations": annotations, "ownerReferences": [owner]}
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


# --- what objects say -----------------------------------------------------------------------------------------------------------------


def condition(job: Json, kind: str) -> Json | None:
    found = job.get("status", {}).get("conditions") or ()
    return next((c for c in found if c["type"] == kind and c["status"] == "True"), None)


def overdue(job: Json) -> Json | None:
    """Whether a Job was ended because it took too long: that it says so itself, it writes after it has ended the pod."""
    limit, failed = job["spec"].get("activeDeadlineSeconds"), condition(job, "Failed") or condition(job, "FailureTarget")
    if limit is None:
        return None
    if failed is None or failed.get("reason") != "DeadlineExceeded":
        started = job.get("status", {}).get("startTime")
        if failed or not started or time.time() < seconds(started) + limit:
            return None
    message = f"the attempt's Job took longer than {limit} s, the start of its pod included"
    return {"message": message, "exit": 124, "outside": True}


def seconds(timestamp: str) -> float:
    return calendar.timegm(time.strptime(timestamp[:19], "%Y-%m-%dT%H:%M:%S"))


def states(pod: Json) -> list[Json]:
    return [s.get("state", {}) for s in pod.get("status", {}).get("containerStatuses") or ()]


def hindrance(pods: list[Json]) -> tuple[str, bool]:
    """What keeps a pod from starting, for people; and whether it cannot pass."""
    for pod in pods:
        for state in states(pod):
            waiting = state.get("waiting") or {}
            reason = waiting.get("reason", "")
            if not pod.get("gone") and reason in HINDERED | HOPELESS:
                image = pod["spec"]["containers"][0]["image"]
                about = f" (image {image})" if "mage" in reason else ""
                return f"{reason}{about}: {waiting.get('message', '')}".rstrip(": "), reason in HOPELESS
    return "", False


def unplaced(pods: list[Json]) -> str:
    """Why no node takes a pod."""
    for pod in pods:
        for found in pod.get("status", {}).get("conditions") or ():
            if found["type"] == "PodScheduled" and found["status"] == "False" and not pod.get("gone"):
                return str(found.get("message") or found.get("reason"))
    return ""


def told_by(pod: Json) -> Json:
    """The termination message of `step.py`."""
    for state in states(pod):
        with contextlib.suppress(ValueError, TypeError):
            told = json.loads((state.get("terminated") or {}).get("message") or "")
            if isinstance(told, dict):
                return told
    return {}


def described(pod: Json) -> tuple[str, int]:
    """Why a pod failed that has not said so itself, and an exit code."""
    status = pod.get("status", {})
    terminated: Json = next((s["terminated"] for s in states(pod) if s.get("terminated")), {})
    code = int(terminated.get("exitCode") or 0) or 1
    if terminated.get("reason") == "OOMKilled":
        limit = (pod["spec"]["containers"][0].get("resources") or {}).get("limits", {}).get("memory", "")
        return "out of memory: the pod was killed" + (f" at its limit of {limit}" if limit else ""), code
    if status.get("reason"):
        return f"the pod was ended: {status['reason']}: {status.get('message', '')}".rstrip(": "), code
    if terminated.get("reason") not in (None, "Error", "Completed"):
        return f"the pod has ended: {terminated['reason']}: {terminated.get('message', '')}".rstrip(": "), code
    last = str(terminated.get("message") or "").strip()
    return f"the pod has ended with exit code {code}" + (f": {last[-1000:]}" if last else ""), code


# --- files and names ------------------------------------------------------------------------------------------------------------------


def signalled(mine: str) -> bool:
    """Whether the runner has written down that a signal ended it, and nothing of what the step did."""
    with open(os.path.join(mine, "error.json"), encoding="utf-8") as file:
        return int(json.load(file).get("exit", 0)) > 128


def publish(mine: str, out: str) -> None:
    """An attempt's folder becomes the task's outputs."""
    shutil.rmtree(out, ignore_errors=True)
    try:
        os.rename(mine, out)
    except OSError:
        if not os.path.exists(os.path.join(out, "done.json")):  # else another driver of the run did it
            raise


def write(path: str, content: Any) -> None:
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    os.replace(path + ".tmp", path)


def spelled(text: str) -> str:
    """A text in the characters of a DNS label."""
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9]", "-", text.lower())).strip("-") or "x"


def label(text: str) -> str:
    """A text as the value of a label."""
    fit = re.sub(r"[^A-Za-z0-9._-]", "-", text).strip("-._")
    if fit == text and len(fit) <= 63:
        return fit
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return (fit[:54].rstrip("-._") + "-" + mark).lstrip("-")
