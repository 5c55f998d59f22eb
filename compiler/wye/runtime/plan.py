"""The plan interpreter: a plan, the values of its parameters and a launcher in; every task run in order, and what became of each, out.

A launcher runs one attempt of one task; where (a process here, a Job on a cluster) is its own affair.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Tuple

PATIENCE = 15.0
"""Seconds that a stopped runner has to end its process group and itself."""


@dataclass(frozen=True)
class Event:
    """What happened to a task: `kind` is started, retrying, succeeded, failed, skipped or cancelled."""

    kind: str
    task: str
    step: Optional[str]
    attempt: int = 0
    seconds: float = 0.0
    delay: float = 0.0
    error: Optional[Dict[str, Any]] = None


@dataclass
class TaskResult:
    """What became of a task. `seconds` count from its first attempt's start; `error` is the runner's error record."""

    id: str
    step: Optional[str]
    status: str = "skipped"
    seconds: float = 0.0
    attempts: int = 0
    error: Optional[Dict[str, Any]] = None


@dataclass
class PlanResult:
    """`status` is succeeded, failed or cancelled; `returned` is the file and the format of what the pipeline returned."""

    status: str
    tasks: List[TaskResult]
    returned: Optional[Tuple[str, str]] = None
    message: Optional[str] = None


class ProcessLauncher:
    """Runs an attempt here: the runner, in a process group of its own, with the task's log as its output."""

    def __init__(self, programs: str, workers: int) -> None:
        self.programs = programs
        self.pool = ThreadPoolExecutor(max_workers=workers)

    async def run(self, task: Dict[str, Any], folder: str, attempt: int) -> int:
        """The runner's exit code. `folder` holds task.json and values.json; outputs go to `out/` there. Cancelling it stops the attempt."""
        runner = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
        argv = [sys.executable, "-I", "-S", runner, "--task", "task.json", "--values", "values.json", "--out", "out", "--work", "work"]
        if task.get("program"):
            argv += ["--program", os.path.join(self.programs, task["program"])]
        with open(os.path.join(folder, "log.txt"), "ab") as log:
            if attempt > 1:
                log.write(b"--- attempt %d\n" % attempt)
                log.flush()
            process = subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        ended = asyncio.get_running_loop().run_in_executor(self.pool, process.wait)
        try:
            return await asyncio.shield(ended)
        except asyncio.CancelledError:
            process.terminate()
            await asyncio.wait([ended], timeout=PATIENCE)
            process.kill()
            raise
        finally:
            shutil.rmtree(os.path.join(folder, "work"), ignore_errors=True)


@dataclass
class Interpreter:
    """One run of a plan in a folder. `values` are entries of the runner's values file, by parameter."""

    plan: Dict[str, Any]
    values: Dict[str, Any]
    folder: str
    launcher: Any
    workers: int
    on_event: Callable[[Event], None] = lambda event: None
    results: Dict[str, TaskResult] = field(default_factory=dict)
    reason: Optional[str] = None
    """Why the run was ended from outside."""

    async def run(self) -> PlanResult:
        settings = self.plan["settings"]
        self.slots = asyncio.Semaphore(min(self.workers, settings.get("max_parallel") or self.workers))
        self.stopping = asyncio.Event()
        self.main = asyncio.ensure_future(self.run_block(self.plan["nodes"]))
        loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                    loop.add_signal_handler(number, self.cancel, "stopped by " + signal.Signals(number).name)
        if settings.get("timeout"):
            loop.call_later(settings["timeout"], self.cancel, f"the run took longer than {settings['timeout']:g} s", "failed")
        self.ended = "cancelled"
        with contextlib.suppress(asyncio.CancelledError):
            await self.main
        return self.result()

    def cancel(self, reason: str, status: str = "cancelled") -> None:
        """Stop every attempt and start no other."""
        if self.reason is None and not self.main.done():
            self.reason, self.ended = reason, status
            self.main.cancel()

    def result(self) -> PlanResult:
        tasks = [self.results[node["id"]] for node in self.plan["nodes"]]
        if self.reason:
            return PlanResult(self.ended, tasks, None, self.reason)
        if any(t.status != "succeeded" for t in tasks):
            return PlanResult("failed", tasks)
        last = next((n for n in self.plan["nodes"] if n["id"] == self.plan["returns"]), None)
        if last is None:
            return PlanResult("succeeded", tasks)
        port = next(p for p in self.task(last)["outputs"] if p["name"] == "out")
        return PlanResult("succeeded", tasks, (self.output(last["id"], port), port["format"]))

    async def run_block(self, nodes: List[Dict[str, Any]]) -> None:
        """Run the nodes of a block, each when what it waits for is done."""
        running: Dict[str, Any] = {}
        for node in nodes:
            self.results[node["id"]] = TaskResult(node["id"], node.get("step"))
            running[node["id"]] = asyncio.ensure_future(self.run_node(node, [running[n] for n in upstream(node)]))
        for outcome in await asyncio.gather(*running.values(), return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def run_node(self, node: Dict[str, Any], before: List[Any]) -> bool:
        """Whether the node was done."""
        ready = True
        for other in before:
            ready = await asyncio.shield(other) and ready  # one that waits must not cancel what it waits for
        return await self.run_task(node) if ready else self.settle(node, "skipped")

    async def run_task(self, node: Dict[str, Any]) -> bool:
        task = self.task(node)
        delays = task.pop("retry", {}).get("delays", [])  # here, so that a waiting task keeps no worker
        result = self.results[node["id"]]
        start = None
        try:
            for number in range(len(delays) + 1):
                async with self.slots:
                    if self.stopping.is_set():
                        break
                    start = start or time.monotonic()
                    result.attempts = number + 1
                    self.on_event(Event("started", result.id, result.step, result.attempts))
                    result.error = await self.attempt(task, result.attempts)
                result.seconds = time.monotonic() - start
                if result.error is None:
                    return self.settle(node, "succeeded")
                if number == len(delays) or result.error["exit"] == 2 or self.stopping.is_set():
                    break
                self.on_event(Event("retrying", result.id, result.step, result.attempts, result.seconds, delays[number], result.error))
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self.stopping.wait(), delays[number])
        except asyncio.CancelledError:
            result.seconds = time.monotonic() - start if start else 0.0
            self.settle(node, "cancelled" if start else "skipped")
            raise
        if start is None:
            return self.settle(node, "skipped")
        if self.plan["settings"].get("on_failure") != "continue":
            self.stopping.set()
        return self.settle(node, "failed")

    async def attempt(self, task: Dict[str, Any], number: int) -> Optional[Dict[str, Any]]:
        """Run one attempt in the task's folder. The error record when it failed."""
        folder = self.place(task["id"])
        out = os.path.join(folder, "out")
        try:
            shutil.rmtree(out, ignore_errors=True)
            os.makedirs(out)
            write(os.path.join(folder, "task.json"), task)
            write(os.path.join(folder, "values.json"), {name: self.input(source) for name, source in task["inputs"].items()})
            code = await self.launcher.run(task, folder, number)
            if os.path.exists(os.path.join(out, "done.json")):
                return None
            error = os.path.join(out, "error.json")
            if os.path.exists(error):
                with open(error, encoding="utf-8") as file:
                    record: Dict[str, Any] = json.load(file)
                os.replace(error, os.path.join(folder, "error.json"))
                return record
            message = f"the runner ended with exit code {code}"
        except OSError as problem:
            message = str(problem)
        return {"type": [], "message": message, "traceback": "", "exit": 1}

    def settle(self, node: Dict[str, Any], status: str) -> bool:
        result = self.results[node["id"]]
        result.status = status
        if status == "succeeded":
            error = os.path.join(self.place(node["id"]), "error.json")
            if os.path.exists(error):  # of an earlier attempt
                os.remove(error)
        self.on_event(Event(status, result.id, result.step, result.attempts, result.seconds, 0.0, result.error))
        return status == "succeeded"

    def task(self, node: Dict[str, Any]) -> Dict[str, Any]:
        """The task file of a node."""
        return {**node, **self.plan["steps"].get(node.get("step"), {})}

    def input(self, source: Dict[str, Any]) -> Any:
        if "param" in source:
            return self.values[source["param"]]
        return {"file": self.output(source["task"], {"name": source["output"], "format": source["format"]})}

    def output(self, task: str, port: Dict[str, Any]) -> str:
        return os.path.join(self.place(task), "out", port["name"] + ".json" * (port["format"] == "json"))

    def place(self, task: str) -> str:
        return os.path.join(self.folder, "tasks", task)


def upstream(node: Dict[str, Any]) -> List[str]:
    """The tasks that must be done before this one."""
    return list(dict.fromkeys([s["task"] for s in node["inputs"].values() if "task" in s] + node["after"]))


def run_plan(
    plan: Dict[str, Any],
    values: Dict[str, Any],
    folder: str,
    launcher: Any,
    workers: int,
    on_event: Callable[[Event], None] = lambda event: None,
) -> PlanResult:
    """Run a plan to its end. SIGINT, SIGTERM and SIGHUP stop every attempt and leave no process behind."""

    async def main() -> PlanResult:
        return await Interpreter(plan, values, os.path.abspath(folder), launcher, workers, on_event).run()

    return asyncio.run(main())


def write(path: str, content: Any) -> None:
    """A JSON file, whole or not at all."""
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    os.replace(path + ".tmp", path)
