"""A launch in; one run on the cluster that `kubectl` talks to, what becomes of each task as it happens, and its result, out.

The manifests are applied, the run's Job is made from the CronJob, and the driver's log is read: it is JSON for who asks (`WYE_LOG=json`).
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from wye.backend.remote import CannotRun, Launch, Ran
from wye.runtime.outcome import Event, TaskResult
from wye.runtime.plan import task_folder
from wye_targets.kubernetes.jobs import condition, hindrance, unplaced
from wye_targets.kubernetes.lower import NAMES

LONGEST = 120_000
"""Bytes of the parameters together: a variable of a container has 131,071 at most."""
PAUSE = 1.0


def run(launch: Launch) -> Ran:
    """Raises `CannotRun` before anything has started."""
    values = json.dumps(dict(launch.values))
    if len(values) > LONGEST:
        raise CannotRun(f"the parameters take {len(values):,} bytes, and a variable of a container {LONGEST:,} at most")
    followed = Followed(launch, NAMES.spell(f"{launch.checked.pipeline.name}-{launch.run_id}"))
    followed.start(values)
    with _interruptible():
        try:
            followed.follow()
        except KeyboardInterrupt:
            followed.kubectl("delete", "job", followed.name, "--wait=false")
            tasks = tuple(t for t in followed.tasks.values())
            return Ran("cancelled", tasks, None, "stopped; the run's Job and its Jobs are deleted")
    return followed.result()


@dataclass(slots=True)
class Followed:
    """One run on a cluster, while it is followed."""

    launch: Launch
    name: str
    tasks: dict[str, TaskResult] = field(default_factory=dict)
    told: set[tuple[str, str, int]] = field(default_factory=set)
    ended: dict[str, Any] | None = None
    last: list[str] = field(default_factory=list)
    gone: bool = False

    def kubectl(self, *words: str, given: str | None = None) -> str:
        """What a command prints. Raises `CannotRun` with the last line of its complaint."""
        done = subprocess.run(self.command(*words), input=given, capture_output=True, text=True, errors="replace")
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise CannotRun(f"kubectl {words[0]} failed: {lines[-1]}")
        return done.stdout

    def command(self, *words: str) -> list[str]:
        namespace = self.launch.options.placement.namespace
        return ["kubectl", *(["--namespace", namespace] if namespace else []), *words]

    def start(self, values: str) -> None:
        if shutil.which("kubectl") is None:
            raise CannotRun("kubectl is not installed", "https://kubernetes.io/docs/tasks/tools/")
        cron_job = NAMES.spell(self.launch.checked.pipeline.name)
        self.kubectl("apply", "-f", str(self.launch.folder))
        job = json.loads(self.kubectl("create", "job", self.name, f"--from=cronjob/{cron_job}", "--dry-run=client", "-o", "json"))
        job["metadata"].setdefault("annotations", {})["wye/scheduled"] = self.launch.scheduled
        container = job["spec"]["template"]["spec"]["containers"][0]
        container["env"] += [{"name": "WYE_VALUES", "value": values.replace("$", "$$")}, {"name": "WYE_LOG", "value": "json"}]
        self.kubectl("create", "-f", "-", given=json.dumps(job))

    # --- while it runs ---------------------------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Read the log of each pod that the driver has, until the run's Job has ended."""
        read: set[str] = set()
        shown = ""
        while self.ended is None:
            job = self.job()
            if job is None:
                self.gone = True
                return
            pods = json.loads(self.kubectl("get", "pods", "-l", f"job-name={self.name}", "-o", "json"))["items"]
            pods.sort(key=lambda p: p["metadata"]["creationTimestamp"])
            ready = [p for p in pods if p["metadata"]["name"] not in read and p.get("status", {}).get("phase") not in (None, "Pending")]
            for pod in ready:
                if pod["status"]["phase"] in ("Succeeded", "Failed"):
                    read.add(pod["metadata"]["name"])
                self.read(pod["metadata"]["name"])
            if not ready:
                if condition(job, "Failed") or condition(job, "Complete"):
                    return
                why = hindrance(pods)[0] or unplaced(pods)
                if why and why != shown:
                    shown = why
                    self.launch.on_event(Event("started", f"(the driver's pod waits: {why})", None, 1))
                time.sleep(PAUSE)

    def job(self) -> dict[str, Any] | None:
        text = self.kubectl("get", "job", self.name, "--ignore-not-found", "-o", "json")
        return dict(json.loads(text)) if text.strip() else None

    def read(self, pod: str) -> None:
        command = self.command("logs", "--follow", pod)
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout
            try:
                for raw in process.stdout:
                    self.take(raw.decode("utf-8", "replace").rstrip("\n"))
            except BaseException:
                process.kill()
                raise

    def take(self, line: str) -> None:
        """One line of the driver's log. A pod that goes on where another was killed tells again what has been done."""
        try:
            found = json.loads(line)
            kind = next(iter(found))
        except (ValueError, TypeError, StopIteration):
            self.last = [*self.last[-9:], line]
            return
        if kind == "result":
            self.ended = found["result"]
        elif kind == "event":
            known = {f.name for f in fields(Event)}
            event = Event(**{k: v for k, v in found["event"].items() if k in known})
            key = (event.kind, event.task, event.attempt)
            if key in self.told:
                return
            self.told.add(key)
            status = event.kind if event.kind not in ("started", "retrying") else "cancelled"
            self.tasks[event.task] = TaskResult(event.task, event.step, status, event.seconds, event.attempt, event.error)
            self.launch.on_event(event)
        else:
            self.last = [*self.last[-9:], str(found.get("note", line))]

    # --- afterwards ------------------------------------------------------------------------------------------------------------------

    def result(self) -> Ran:
        self.logs()
        options = " ".join(self.command()[1:])
        where = f"kubectl {options + ' ' if options else ''}get job {self.name} -o yaml; to remove it and its Jobs: delete job {self.name}"
        tasks = tuple(self.tasks.values())
        if self.ended is None:
            message = "the run's Job was deleted" if self.gone else "\n".join(["the driver has failed:", *self.last])
            return Ran("cancelled" if self.gone else "failed", tasks, None, message, (where,))
        known = {f.name for f in fields(TaskResult)}
        tasks = tuple(TaskResult(**{k: v for k, v in t.items() if k in known}) for t in self.ended["tasks"])
        returned, notes = None, [where]
        if self.ended.get("outputs") is not None:
            file = self.launch.folder / "returned.json"
            file.write_text(self.ended["outputs"], "ascii")
            returned = (file, "json")
        elif self.ended["status"] == "succeeded" and self.launch.checked.pipeline.body.yields:
            notes.append(f"what it returned is too long for a log: {self.ended['folder']}/outputs.json on the claim {self.ended['claim']}")
        status: Literal["succeeded", "failed", "cancelled"] = self.ended["status"]
        return Ran(status, tasks, returned, self.ended.get("message"), tuple(notes))

    def logs(self) -> None:
        """The logs of the tasks' pods, as `tasks/<task>/log.txt`."""
        selector = ["-l", f"wye/run={self.name}"]
        with contextlib.suppress(CannotRun, ValueError):
            pods = json.loads(self.kubectl("get", "pods", *selector, "-o", "json"))["items"]
            found = [p["metadata"] for p in pods]
            tasks = {m["name"]: m["annotations"]["wye/task"] for m in found if "wye/attempt" in m["labels"]}
            if not tasks:
                return
            words = ["--prefix", "--tail=-1", "--ignore-errors", f"--max-log-requests={len(pods) + 10}"]
            for line in self.kubectl("logs", *selector, *words).splitlines():
                parts = re.match(r"\[pod/([^/]+)/[^\]]+\] ?(.*)", line)
                if parts and parts[1] in tasks:
                    place = Path(self.launch.folder, "tasks", task_folder(tasks[parts[1]]))
                    place.mkdir(parents=True, exist_ok=True)
                    with (place / "log.txt").open("a", encoding="utf-8") as file:
                        file.write(parts[2] + "\n")


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """A request to end is an interrupt."""

    def on_signal(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = {n: signal.signal(n, on_signal) for n in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
