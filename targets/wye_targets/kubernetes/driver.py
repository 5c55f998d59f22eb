"""A run: its Job, the pipeline's plan and a volume in; each attempt of each task a Job of its own, and what came of the run out.

The pod of the run's Job runs this. When it is killed, its Job starts another, which goes on where this one was: what has been done stands
on the volume, what is under way is found by its name. Standard library only, Python 3.9 to 3.14.
"""

from __future__ import annotations

import asyncio
import compileall
import contextlib
import json
import os
import re
import shutil
import signal
import sys
import time
from collections import Counter
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from wye.runtime.outcome import Event, PlanResult, TaskResult, shown_text
from wye.runtime.plan import Interpreter, failure
from wye.runtime.types import from_json
from wye.runtime.values import CannotTravel, encode, instant, parse_argument, plain, wire

from .cluster import ACCOUNT, ApiError, Cluster
from .jobs import RUN, JobLauncher, Run, condition, label, seconds, write

Json = dict[str, Any]

CODE, PARAMS, VOLUME = "/code", "/params", "/volume"
"""Where the driver's pod has the code, the parameters' ConfigMap and the claim."""
TERMINATION = "/dev/termination-log"
SHORT = 32768
"""Bytes of outputs that stand in an annotation; all annotations of an object together have 256 KiB at most."""
LOGGED = 1000000
"""Bytes of outputs that stand in the log of a run which a program follows."""
PAUSE = 5.0
"""Seconds between two notes of how far a run is."""
RESTART = 75
"""The exit code with which this pod makes room for another."""


class Refused(Exception):
    """The run cannot start."""


class Log:
    """Lines for people, or (`WYE_LOG=json`) for a program that follows the run."""

    def __init__(self) -> None:
        self.json = os.environ.get("WYE_LOG") == "json"
        self.seen: dict[str, str] = {}

    def say(self, text: str) -> None:
        self.out({"note": text}, text)

    def event(self, e: Event) -> None:
        words = [{"started": "·", "succeeded": "✓", "failed": "✗", "retrying": "↻"}.get(e.kind, "–"), e.task, e.kind]
        words += ["attempt", str(e.attempt)] if e.attempt > 1 else []
        words += [f"{e.seconds:.1f} s"] if e.kind in ("succeeded", "failed") else []
        if e.error and e.kind in ("failed", "retrying"):
            words.append(": ".join([*e.error["type"][:1], e.error["message"]]).split("\n")[0])
        words += [f"(again in {e.delay:g} s)"] if e.kind == "retrying" else []
        self.seen[e.task] = e.kind
        self.out({"event": asdict(e)}, " ".join(words))

    def out(self, content: Json, text: str) -> None:
        line = json.dumps(content) if self.json else text
        sys.stdout.buffer.write(line.encode("utf-8", "replace") + b"\n")
        sys.stdout.buffer.flush()

    def progress(self) -> str:
        """How far the run is, for people."""
        count = Counter(self.seen.values())
        count["running"] = count.pop("started", 0)
        names = (("succeeded", "done"), ("running", "running"), ("retrying", "waiting"), ("failed", "failed"), ("cancelled", "cancelled"))
        return ", ".join(f"{count[kind]} {name}" for kind, name in names if count[kind]) or "nothing yet"


class Resumed(Interpreter):
    """The interpreter, for which a task is done that an earlier pod of this run has seen to its end."""

    async def attempt(self, task: Json, *given: Any) -> Any:
        if os.path.exists(os.path.join(self.place(task["id"]), "out", "done.json")):
            return None
        return await super().attempt(task, *given)


class Driver:
    """One pod's part of a run. `job` is the run's Job."""

    def __init__(self, cluster: Cluster, job: Json, jobs: Json, log: Log, node: str | None = None) -> None:
        self.cluster, self.job, self.jobs, self.log = cluster, job, jobs, log
        self.name, self.uid = job["metadata"]["name"], job["metadata"]["uid"]
        folder = f"{jobs['name']}/{label(self.name)}-{self.uid[:8]}"
        self.run = Run(self.name, self.uid, folder, node if jobs["one_node"] else None)

    def prepare(self, code: str, volume: str, place: str) -> None:
        """The run's folder on the volume, which `place` leads to, with the code: a run keeps the code that it began with."""
        folder = os.path.join(volume, self.run.folder)
        try:
            os.makedirs(folder, exist_ok=True)
            if os.path.islink(place):
                os.remove(place)
            os.symlink(folder, place)
            target = os.path.join(folder, "code")
            if not os.path.exists(target):
                new = target + ".new"
                shutil.rmtree(new, ignore_errors=True)
                shutil.copytree(code, new, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("__pycache__"))
                compileall.compile_dir(new, quiet=2, stripdir=new, prependdir=f"{place}/code")  # for pods of the same Python
                os.rename(new, target)
        except OSError as error:
            raise Refused(f"the volume of the run cannot be written: {error}") from None

    def note(self, **annotations: str | None) -> None:
        """Annotations of the run's Job; it may be gone already."""
        found = {"wye/" + key: text for key, text in annotations.items()}
        try:
            self.cluster.patch("jobs", self.name, {"metadata": {"annotations": found, "labels": {"wye/run": label(self.name)}}})
        except ApiError as error:
            if error.status != 404:
                self.log.say(f"the run's Job cannot be annotated: {error}")

    # --- the run -------------------------------------------------------------------------------------------------------------------

    async def conduct(self, plan: Json, values: Json, launcher: JobLauncher, folder: str, scheduled: datetime) -> PlanResult:
        timeout = plan["settings"].pop("timeout", None)
        dirty = asyncio.Event()

        def on_event(event: Event) -> None:
            self.log.event(event)
            dirty.set()

        context = {"run_id": self.name, "scheduled_time": scheduled.isoformat(), "pipeline": plan["pipeline"]}
        run = Resumed(plan, values, folder, launcher, self.jobs["parallel"], on_event, context=context)
        loop = asyncio.get_running_loop()
        launcher.start()
        main = asyncio.ensure_future(run.run())
        if timeout:
            left = seconds(self.job["metadata"]["creationTimestamp"]) + timeout - time.time()
            loop.call_later(max(0.0, left), run.cancel, f"the run took longer than {timeout:g} s", "failed")
        running = [run]
        background = [asyncio.ensure_future(self.report(dirty, launcher))]
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(ValueError, RuntimeError):  # not the main thread
                loop.add_signal_handler(number, lambda: background.append(asyncio.ensure_future(self.stopped(running, launcher))))
        try:
            result: PlanResult = await main
            if result.status == "failed" and plan.get("handler"):
                told = {"failure": {"text": wire(failure(plan, result, context))}}
                last = {"steps": plan["steps"], "nodes": [plan["handler"]], "settings": {}}
                running.append(Resumed(last, told, folder, launcher, 1, on_event, context=context))
                result.tasks += (await running[1].run()).tasks
            return result
        finally:
            for task in background:
                task.cancel()
            with contextlib.suppress(ApiError):
                await launcher.clean()

    async def report(self, dirty: asyncio.Event, launcher: JobLauncher) -> None:
        """Note on the run's Job how far it is, now and then."""
        while True:
            await dirty.wait()
            dirty.clear()
            await launcher.ask(lambda: self.note(tasks=self.log.progress()))
            await asyncio.sleep(PAUSE)

    async def stopped(self, running: list[Resumed], launcher: JobLauncher) -> None:
        """This pod is to end. When the run's Job is gone or over, so is the run; else another pod will go on with it."""
        try:
            why = await asyncio.wait_for(launcher.ask(self.over), 10)
        except Exception:
            why = None
        if why is None:
            self.log.say("this pod was told to end; another one of the run's Job goes on")
            sys.stdout.flush()
            os._exit(RESTART)
        running[-1].cancel(why)

    def over(self) -> str | None:
        """Why the run is over, by its Job."""
        try:
            job = self.cluster.get("jobs", self.name)
        except ApiError as error:
            return "the run's Job was deleted" if error.status == 404 else None
        if job["metadata"]["uid"] != self.uid or job["metadata"].get("deletionTimestamp"):
            return "the run's Job was deleted"
        limit, started = job["spec"].get("activeDeadlineSeconds"), job.get("status", {}).get("startTime")
        if limit and started and time.time() >= seconds(started) + limit - 1:
            return f"the run's Job took longer than {limit} s"
        failed = condition(job, "Failed") or condition(job, "FailureTarget")
        return f"the run's Job has failed: {failed.get('message', '')}" if failed else None

    def finish(self, result: PlanResult, folder: str) -> int:
        """Leave the result where `kubectl` shows it and on the volume. The exit code."""
        text = None
        if result.returned:
            text = shown_text(*result.returned, lambda path: os.path.join(self.run.folder, os.path.relpath(path, folder)))
            with open(os.path.join(folder, "outputs.json.tmp"), "w", encoding="ascii") as file:
                file.write(text + "\n")
            os.replace(file.name, os.path.join(folder, "outputs.json"))
        tasks = [asdict(t) for t in result.tasks]
        record = {"run": self.name, "status": result.status, "message": result.message, "tasks": tasks}
        write(os.path.join(folder, "result.json"), record)
        self.tell(record, text)
        return 0 if result.status == "succeeded" else 1

    def again(self, folder: str) -> int:
        """The run has ended, and the pod that ran it was killed before it could say so."""
        with open(os.path.join(folder, "result.json"), encoding="utf-8") as file:
            record = json.load(file)
        text = None
        with contextlib.suppress(OSError), open(os.path.join(folder, "outputs.json"), encoding="ascii") as file:
            text = file.read().rstrip("\n")
        self.tell(record, text)
        return 0 if record["status"] == "succeeded" else 1

    def tell(self, record: Json, text: str | None) -> None:
        """Annotations, the termination message, the last line of the log."""
        tasks = [TaskResult(**t) for t in record["tasks"]]
        failed = [t for t in tasks if t.status == "failed" and not t.handled]
        count = Counter(t.status for t in tasks)
        words = [
            f"{count[kind]} {name}" for kind, name in (("succeeded", "done"), ("failed", "failed"), ("skipped", "skipped")) if count[kind]
        ]
        shown = None if text is None else json.dumps(plain(text), ensure_ascii=False)
        short = shown if shown is not None and len(shown.encode("utf-8", "replace")) <= SHORT and shown.isprintable() else None
        reason = record["message"] or "; ".join(f"{t.id}: {first_line(t)}" for t in failed)[:1000]
        self.note(
            status=record["status"], tasks=", ".join(words), message=reason or None, outputs=short,
            folder=f"{self.jobs['claim']}:{self.run.folder}",
        )  # fmt: skip
        last = {"run": self.name, "status": record["status"], **({"message": reason} if reason else {})}
        if short is not None and len(json.dumps(short)) < 2000:
            last["outputs"] = json.loads(short)
        with contextlib.suppress(OSError), open(TERMINATION, "w", encoding="ascii") as file:
            file.write(json.dumps(last)[:4096])
        line = f"run {self.name} {record['status']}: {', '.join(words)}" + (f": {reason}" if reason else "")
        sent = text if text is not None and len(text) <= LOGGED else None
        self.log.out({"result": {**record, "outputs": sent, "folder": self.run.folder, "claim": self.jobs["claim"]}}, line)
        if shown is not None and not self.log.json:
            self.log.say(
                f"outputs: {shown}"
                if short is not None
                else f"outputs: in {self.run.folder}/outputs.json on the claim {self.jobs['claim']}"
            )


def first_line(t: TaskResult) -> str:
    error = t.error or {}
    return ": ".join([*error.get("type", ())[:1], str(error.get("message", ""))]).split("\n")[0]


# --- parameters -----------------------------------------------------------------------------------------------------------------------


def parameters(plan: Json, folder: str, environment: Any, scheduled: datetime) -> dict[str, str]:
    """The wire text of each parameter: PARAM_<name> (as a person types it), else `WYE_PARAMS` (a JSON object), else the ConfigMap's (as
    typed), else the default. Raises `Refused` with all that is wrong."""
    declared = {p["name"]: p for p in plan["parameters"]}
    if environment.get("WYE_VALUES"):  # of `wye run`, which has checked them: the wire texts
        return dict(json.loads(environment["WYE_VALUES"]))
    problems: list[str] = []
    typed: dict[str, str] = {}
    if os.path.isdir(folder):
        for name in sorted(n for n in os.listdir(folder) if not n.startswith("..")):
            with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
                typed[name] = file.read()
    exact: dict[str, Any] = {}
    if environment.get("WYE_PARAMS"):
        try:
            exact = json.loads(environment["WYE_PARAMS"])
            if not isinstance(exact, dict):
                raise ValueError("not an object")
        except ValueError as error:
            problems.append(f"WYE_PARAMS is no JSON object: {error}")
            exact = {}
    given = {n[len("PARAM_") :]: text for n, text in environment.items() if n.startswith("PARAM_")}
    for name in (*typed, *exact, *given):
        if name not in declared:
            problems.append(f"unknown parameter {name!r}; there are: {', '.join(declared) or 'none'}")
    found: dict[str, str] = {}
    for name, parameter in declared.items():
        t = from_json(parameter["type"])
        try:
            if name in given or name in exact or name in typed:
                value = (
                    parse_argument(given[name], t)
                    if name in given
                    else exact.get(name)
                    if name in exact
                    else parse_argument(typed[name], t)
                )
                found[name] = encode(instant(value) if t == "datetime" else value, t)
            elif parameter.get("scheduled"):
                found[name] = encode(scheduled, "datetime")
            elif "default" in parameter:
                found[name] = wire(parameter["default"])
            else:
                problems.append(f"parameter {name!r} has no default and no value")
        except (TypeError, ValueError, CannotTravel) as error:
            problems.append(f"parameter {name!r}: {error}")
    if problems:
        raise Refused("; ".join(problems))
    return found


def kept_parameters(plan: Json, run: str, scheduled: datetime) -> dict[str, str]:
    """The parameters of the run: as they were when it began, whoever has changed them since."""
    file = os.path.join(run, "params.json")
    if not os.path.exists(file):
        write(file, parameters(plan, PARAMS, os.environ, scheduled))
    with open(file, encoding="utf-8") as text:
        kept: dict[str, str] = json.load(text)
    return kept


def scheduled_time(job: Json) -> datetime:
    """The time for which a run is meant: what the CronJob's controller says (since Kubernetes 1.28), or the name that it gave (its minutes
    since 1970); of a run that a person started, its start."""
    metadata = job["metadata"]
    annotations = metadata.get("annotations") or {}
    stated = annotations.get("wye/scheduled") or annotations.get("batch.kubernetes.io/cronjob-scheduled-timestamp")
    owner = next((o["name"] for o in metadata.get("ownerReferences") or () if o["kind"] == "CronJob"), None)
    if stated:
        found: datetime = instant(stated)
        return found
    by_hand = annotations.get("cronjob.kubernetes.io/instantiate") == "manual"
    made = None if owner is None or by_hand else re.fullmatch(re.escape(owner) + r"-(\d{8})", metadata["name"])
    return datetime.fromtimestamp(int(made[1]) * 60 if made else seconds(metadata["creationTimestamp"]), timezone.utc)


# --- the pod --------------------------------------------------------------------------------------------------------------------------


def own_job(cluster: Cluster, pod: str) -> Json:
    """The Job that a pod belongs to."""
    owners = cluster.get("pods", pod)["metadata"].get("ownerReferences", ())
    job = next((o for o in owners if o["kind"] == "Job"), None)
    if job is None:
        raise Refused("this pod belongs to no Job: start a run with kubectl create job --from=cronjob/…")
    return cluster.get("jobs", job["name"])


def read(*path: str) -> Json:
    with open(os.path.join(*path), encoding="utf-8") as file:
        found: Json = json.load(file)
    return found


def same(a: str, b: str) -> bool:
    """Whether two folders hold the same driver."""

    def texts(folder: str) -> list[bytes]:
        found = []
        for base, folders, names in os.walk(folder):
            folders[:] = sorted(n for n in folders if n == "wye_runtime")
            for name in sorted(n for n in names if n.endswith(".py")):
                with open(os.path.join(base, name), "rb") as file:
                    found.append(file.read())
        return found

    return texts(a) == texts(b)


def main(code: str, account: str | None = ACCOUNT) -> int:
    """Run it: in the pod of the run's Job. `code` is the folder of the driver's own files."""
    log = Log()
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], int(os.environ.get("KUBERNETES_SERVICE_PORT") or 443)
    cluster = Cluster(host, port, os.environ["POD_NAMESPACE"], account, log.say)
    driver = None
    try:
        driver = Driver(cluster, own_job(cluster, os.environ["POD_NAME"]), read(code, "jobs.json"), log, os.environ.get("NODE_NAME"))
        if code.startswith(RUN):
            driver.jobs = read(code, "jobs.json")
        else:
            driver.prepare(code, VOLUME, RUN)
        if os.path.exists(os.path.join(RUN, "result.json")):
            return driver.again(RUN)
        began = os.path.join(RUN, "code")
        if not same(code, began):  # the pipeline was changed while its run went on
            os.execv(sys.executable, [sys.executable, "-B", os.path.join(began, "boot.py")])
        plan, jobs = read(began, "plan.json"), read(began, "jobs.json")
        driver.jobs = jobs
        scheduled = scheduled_time(driver.job)
        values = kept_parameters(plan, RUN, scheduled)
        driver.note(status="running", folder=f"{jobs['claim']}:{driver.run.folder}")
        launcher = JobLauncher(cluster, driver.run, jobs, log.say, float(os.environ.get("WYE_PATIENCE") or 60))
        result = asyncio.run(driver.conduct(plan, {n: {"text": text} for n, text in values.items()}, launcher, RUN, scheduled))
        return ended(driver.finish(result, RUN), cluster)
    except Refused as error:
        log.say(f"error: {error}")
        if driver:
            driver.note(status="failed", message=str(error)[:1000])
        with contextlib.suppress(OSError), open(TERMINATION, "w", encoding="utf-8") as file:
            file.write(str(error)[:4000])
        log.out({"result": {"run": driver and driver.name, "status": "failed", "message": str(error), "tasks": [], "outputs": None}}, "")
        return 1
    except ApiError as error:
        log.say(f"error: the API server refuses: {error}")
        return RESTART


def ended(code: int, cluster: Cluster) -> int:
    """Leave no thread behind that waits for the API server."""
    cluster.stopping.set()
    sys.stdout.flush()
    return code
