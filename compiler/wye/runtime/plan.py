"""The plan interpreter: a plan, the values of its parameters and a launcher in; every task run in order, and what became of each, out.

A launcher runs one attempt of one task; where (a process here, a Job on a cluster) is its own affair.

A task outside loops is among the results whatever became of it; a task inside a loop is there once for each iteration that started it,
as `loop[2].train`. Nothing of an iteration refers to an earlier one but by its carries: a loop may run for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

from .outcome import STOPPED, Context, Event, Json, Outcome, PlanResult, TaskResult, Trail, first, handler_of, together
from .scope import REGIONS, Scope, blocks, elements, every, files_of, output_file, outside_loops, truth, upstream
from .values import wire

LANES = 1000
"""Iterations of a `map` that are under way at a time, when the plan sets no limit: how many tasks run is the workers' affair."""


@dataclass
class Interpreter:
    """One run of a plan in a folder. `values` are entries of the runner's values file, by parameter. `tidy`: what the iterations of a
    sequential loop leave on disk is removed when nothing can read it any more. `memory` (wye.runs.memory) knows what need not run."""

    plan: Json
    values: Json
    folder: str
    launcher: Any
    workers: int
    on_event: Callable[[Event], None] = lambda event: None
    tidy: bool = False
    context: Json = field(default_factory=dict)
    """What every task's `wye.context()` says: run_id, scheduled_time, pipeline."""
    memory: Any = None
    results: Dict[str, TaskResult] = field(default_factory=dict)
    reason: Optional[str] = None
    """Why the run was ended from outside."""

    async def run(self) -> PlanResult:
        settings = self.plan["settings"]
        self.stops = settings.get("on_failure") != "continue"
        self.slots = asyncio.Semaphore(min(self.workers, settings.get("max_parallel") or self.workers))
        self.bell = asyncio.Event()
        self.waits: Dict[int, List[List[str]]] = {}
        self.results = {n["id"]: TaskResult(n["id"], n.get("step")) for n in outside_loops(self.plan["nodes"])}
        self.scope = Scope()
        self.scope.known.update((("param", name), entry) for name, entry in self.values.items())
        self.main = asyncio.ensure_future(self.run_block(self.plan, self.scope, Context(self.stops), Trail()))
        self.ended = "cancelled"
        timer = None
        if settings.get("timeout"):
            message = f"the run took longer than {settings['timeout']:g} s"
            timer = asyncio.get_running_loop().call_later(settings["timeout"], self.cancel, message, "failed")
        outcome: Outcome = STOPPED
        try:
            outcome = await self.main
        except asyncio.CancelledError:
            if self.reason is None:  # it was who waits for this run that was cancelled
                raise
        finally:
            if timer:
                timer.cancel()
        return self.result(outcome)

    def cancel(self, reason: str, status: str = "cancelled") -> None:
        """Stop every attempt and start no other."""
        if self.reason is None and not self.main.done():
            self.reason, self.ended = reason, status
            self.main.cancel()

    def result(self, outcome: Outcome) -> PlanResult:
        order = {node["id"]: i for i, node in enumerate(every(self.plan["nodes"]))}

        def place(result: TaskResult) -> List[Tuple[int, int]]:
            parts = [part.rstrip("]").partition("[") for part in result.id.split(".")]
            return [(order[name], int(index or 0)) for name, _, index in parts]

        tasks = sorted(self.results.values(), key=place)
        if self.reason:
            return PlanResult(self.ended, tasks, None, self.reason)
        if outcome is not None:
            return PlanResult("failed", tasks, error=outcome)
        results = self.scope.entries(self.plan.get("yields", ()))
        last = next((n for n in self.plan["nodes"] if n["id"] == self.plan.get("returns")), None)
        if last is None:
            return PlanResult("succeeded", tasks, results=results)
        port = next(p for p in self.task(last, self.scope)["outputs"] if p["name"] == "out")
        returned = (output_file(self.place(last["id"]), "out", port["format"]), port["format"])
        return PlanResult("succeeded", tasks, returned, results=results)

    # --- blocks and regions --------------------------------------------------------------------------------------------------------

    async def run_block(self, block: Json, scope: Scope, context: Context, trail: Trail) -> Outcome:
        """Run the nodes of a block, each when what it waits for is done."""
        if id(block) not in self.waits:
            self.waits[id(block)] = upstream(block)
        running: Dict[str, Any] = {}
        trails = {node["id"]: Trail(trail) for node in block["nodes"]}
        for node, before in zip(block["nodes"], self.waits[id(block)]):
            own, others = trails[node["id"]], [(running[n], trails[n]) for n in before]
            running[node["id"]] = asyncio.ensure_future(self.run_node(node, others, scope, context, own))
        return await together(running.values())

    async def run_node(self, node: Json, others: List[Tuple[Any, Trail]], scope: Scope, context: Context, trail: Trail) -> Outcome:
        before = [other for other, _ in others]
        waiting = [other for other in before if not other.done()]
        if waiting:
            await asyncio.wait(waiting)  # unlike `await other`: one that waits must not cancel what it waits for
        if any(other.result() is not None for other in before) or self.halted(context):
            return self.skip([node], scope)
        trail.wait_for(*(other for _, other in others), trail)
        if node["op"] not in REGIONS:
            return await self.run_task(node, scope, context, trail)
        try:
            outcome: Outcome = await getattr(self, "run_" + node["op"])(node, scope, context, trail)
            return outcome
        except (OSError, ValueError) as problem:  # a value that the region itself reads
            self.fail(context, ())
            return {**STOPPED, "message": f"{node['op']} ({node['span']}): {problem}"}

    async def run_if(self, node: Json, scope: Scope, context: Context, trail: Trail) -> Outcome:
        arms = [node["then"], node["else"]]
        taken = arms.pop(0 if truth(scope.entry(node["condition"])) else 1)
        self.skip(arms[0]["nodes"], scope)
        outcome = await self.run_block(taken, scope, context, trail)
        if outcome is None:
            scope.known["result", node["id"]] = scope.entries(taken["yields"])
        return outcome

    async def run_map(self, node: Json, scope: Scope, context: Context, trail: Trail) -> Outcome:
        items = elements(scope.entry(node["over"]))
        outcomes: List[Outcome] = [STOPPED] * len(items)
        yields: List[List[Json]] = [[]] * len(items)
        numbers = iter(range(len(items)))

        async def lane() -> None:
            for i in numbers:
                inner = scope.iteration(node["id"], i)
                inner.known["item", node["id"]] = items[i]
                outcomes[i] = await self.run_turn(node["body"], inner, context, trail)
                if outcomes[i] is None:
                    yields[i] = inner.entries(node["body"]["yields"])

        await together(lane() for _ in range(min(len(items), node.get("limit") or LANES)))
        outcome = first(outcomes)
        if outcome is None:
            scope.known["result", node["id"]] = [{"list": [y[n] for y in yields]} for n in range(len(node["body"]["yields"]))]
        return outcome

    async def run_for(self, node: Json, scope: Scope, context: Context, trail: Trail) -> Outcome:
        loop = Carried(self, node, scope)
        for item in elements(scope.entry(node["over"])):
            if loop.over():
                break
            inner = loop.iteration()
            inner.known["item", node["id"]] = item
            trail.wait_for(trail)
            outcome = await self.run_turn(node["body"], inner, context, trail)
            if outcome is not None:
                return outcome
            loop.carry(inner)
        loop.end()
        return None

    async def run_while(self, node: Json, scope: Scope, context: Context, trail: Trail) -> Outcome:
        loop = Carried(self, node, scope)
        while not loop.over():
            inner = loop.iteration()
            for block in (node["condition"], node["body"]):
                trail.wait_for(trail)
                outcome = await self.run_turn(block, inner, context, trail)
                if outcome is not None:
                    return outcome
                if block is node["condition"] and not truth(inner.entry(block["yields"][0])):
                    loop.end()
                    return None
            loop.carry(inner)
        loop.end()
        return None

    async def run_turn(self, block: Json, scope: Scope, context: Context, trail: Trail) -> Outcome:
        """Run a block of a loop. Others get their turn, also when there is no task in it to wait for."""
        await asyncio.sleep(0)
        return STOPPED if self.halted(context) else await self.run_block(block, scope, context, trail)

    async def run_try(self, node: Json, scope: Scope, context: Context, trail: Trail) -> Outcome:
        # a failure stops nothing: which one is the first shows when no task of the body can start
        trial = Context(False, context, context, node["handlers"])
        ran, final, failed = node["body"], node.get("final"), trial.failed
        outcome = await self.run_block(ran, scope, trial, trail)
        handler = None if outcome is None or outcome is STOPPED else handler_of(node["handlers"], outcome)
        following = node.get("else") if outcome is None else handler and handler["body"]
        for block in blocks(node)[1:]:
            if block is not following and block is not final:
                self.skip(block["nodes"], scope)
        if following:
            ran = following
            second = Context(self.stops, None if handler else context, context)  # a handler runs though another failure stops the run
            trail.wait_for(trail)
            outcome = await self.run_block(ran, scope, second, trail)
            if handler and outcome is None:
                for result in failed:
                    result.handled = True
                failed = []
            failed = failed + second.failed
        if final:
            last = Context(self.stops, around=context)
            trail.wait_for(trail)
            ended = await self.run_block(final, scope, last, trail)
            outcome, failed = outcome if ended is None else ended, failed + last.failed
        if outcome is None:
            scope.known["result", node["id"]] = scope.entries([*ran["yields"], *(final["yields"] if final else ())])
        elif outcome is not STOPPED:
            self.fail(context, failed)
        return outcome

    def fail(self, context: Context, results: Iterable[TaskResult]) -> None:
        context.failed += results
        context.stopped = context.stops
        self.bell.set()
        self.bell = asyncio.Event()

    def halted(self, context: Context) -> bool:
        return self.reason is not None or context.ended()

    def skip(self, nodes: List[Json], scope: Scope) -> Json:
        """Tell of the tasks that will not run; of those in loops nobody knows how many."""
        if not scope.prefix:
            for node in outside_loops(nodes):
                self.settle(self.results[node["id"]], "skipped")
        return STOPPED

    # --- tasks ---------------------------------------------------------------------------------------------------------------------

    async def run_task(self, node: Json, scope: Scope, context: Context, trail: Trail) -> Outcome:
        task = self.task(node, scope)
        delays = task.pop("retry", {}).get("delays", [])  # here, so that a waiting task keeps no worker
        values = {name: scope.entry(source) for name, source in task["inputs"].items()}
        result = self.results.get(task["id"]) or TaskResult(task["id"], node.get("step"))
        start = None
        try:
            for number in range(len(delays) + 1):
                async with self.slots:
                    if self.halted(context):
                        break
                    start = start or time.monotonic()
                    self.results[result.id] = result
                    if number == 0 and await self.recall(task, values, result, context, trail):
                        break
                    trail.mark(self.memory.session if self.memory else 1)
                    result.attempts = number + 1
                    self.on_event(Event("started", result.id, result.step, result.attempts))
                    result.error = await self.attempt(task, values, result.attempts)
                    result.seconds = time.monotonic() - start
                    last = number == len(delays) or result.error is None or result.error["exit"] == 2
                    if last and self.memory:
                        await self.memory.keep(task, values, self.place(result.id), result)
                if last or self.halted(context):
                    break
                self.on_event(Event("retrying", result.id, result.step, result.attempts, result.seconds, delays[number], result.error))
                await self.pause(delays[number], context)
        except asyncio.CancelledError:
            result.seconds = time.monotonic() - start if start else 0.0
            self.settle(result, "cancelled" if start else "skipped")
            raise
        if start is None:
            self.settle(result, "skipped")
            return STOPPED
        if result.error is None:
            scope.known["task", node["id"]] = self.place(result.id)
            self.settle(result, "succeeded")
            return None
        self.settle(result, "failed")
        self.fail(context, [result])
        return result.error

    async def recall(self, task: Json, values: Json, result: TaskResult, context: Context, trail: Trail) -> bool:
        """Whether the task need not run: its outputs are there, or the error that an `except` has dealt with."""
        if self.memory is None:
            return False
        known = await self.memory.recall(task, values, self.place(result.id), trail.since, context.catches)
        if known is None:
            return False
        trail.mark(known["session"])
        result.how, result.error, result.attempts, result.seconds = known["how"], known["error"], known["attempts"], known["seconds"]
        return True

    async def pause(self, seconds: float, context: Context) -> None:
        """Wait, but not once the run is ending."""
        end = time.monotonic() + seconds
        while not self.halted(context) and time.monotonic() < end:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.bell.wait(), end - time.monotonic())

    async def attempt(self, task: Json, values: Json, number: int) -> Outcome:
        """Run one attempt in the task's folder. The error record when it failed."""
        folder = self.place(task["id"])
        out = os.path.join(folder, "out")
        try:
            shutil.rmtree(out, ignore_errors=True)
            os.makedirs(out)
            context = {**self.context, "task_id": task["id"], "attempt": number}
            write(os.path.join(folder, "task.json"), {**task, "context": context})
            write(os.path.join(folder, "values.json"), values)
            code = await self.launcher.run(task, folder, number)
            if os.path.exists(os.path.join(out, "done.json")):
                return None
            error = os.path.join(out, "error.json")
            if os.path.exists(error):
                with open(error, encoding="utf-8") as file:
                    record: Json = json.load(file)
                os.replace(error, os.path.join(folder, "error.json"))
                return record
            message = f"the runner ended with exit code {code}"
        except OSError as problem:
            message = str(problem)
        return {**STOPPED, "message": message}

    def settle(self, result: TaskResult, status: str) -> None:
        result.status = status
        if status == "succeeded":
            error = os.path.join(self.place(result.id), "error.json")
            if os.path.exists(error):  # of an earlier attempt
                os.remove(error)
        if result.id in self.results:
            self.on_event(Event(status, result.id, result.step, result.attempts, result.seconds, 0.0, result.error, result.how))

    def task(self, node: Json, scope: Scope) -> Json:
        """The task file of a node."""
        return {**node, **self.plan["steps"].get(node.get("step"), {}), "id": scope.prefix + node["id"]}

    def place(self, task: str) -> str:
        return os.path.join(self.folder, "tasks", task_folder(task))


class Carried:
    """A sequential loop under way: the values that it carries, and how many iterations have begun."""

    def __init__(self, run: Interpreter, node: Json, scope: Scope) -> None:
        self.run, self.node, self.scope = run, node, scope
        self.carries = scope.entries(node["carries"])
        self.count = 0
        self.kept: List[str] = []

    def over(self) -> bool:
        """Whether the loop was left."""
        stop = self.node.get("stop")
        return stop is not None and truth(self.carries[stop])

    def iteration(self) -> Scope:
        inner = self.scope.iteration(self.node["id"], self.count)
        inner.known["carry", self.node["id"]] = self.carries
        self.count += 1
        return inner

    def carry(self, inner: Scope) -> None:
        """An iteration is done: its yields are what the next one sees, and all that anybody can see of it."""
        self.carries = inner.entries(self.node["body"]["yields"])
        if self.run.tidy:
            read, left = list(files_of(self.carries)), [*self.kept, self.run.place(inner.prefix)]
            self.kept = [folder for folder in left if any(path.startswith(folder) for path in read)]
            for folder in left:
                if folder not in self.kept:
                    shutil.rmtree(folder, ignore_errors=True)

    def end(self) -> None:
        self.scope.known["result", self.node["id"]] = self.carries


def failure(plan: Json, result: PlanResult, context: Json) -> Json:
    """What the step of `on_failure` is told. The first task that failed, in program order: its error is the run's."""
    error = result.error or {}
    failed = next((t for t in result.tasks if t.status == "failed" and not t.handled and t.error == result.error), None)
    return {
        "run_id": context.get("run_id", ""),
        "pipeline": plan["pipeline"],
        "task_id": failed.id if failed and error else None,
        "error_type": next(iter(error.get("type", ())), None),
        "message": result.message or error.get("message", ""),
    }


def task_folder(task: str) -> str:
    """Where, below `tasks/`, everything of a task is: `loop[2].train` in `loop/2/train`."""
    return re.sub(r"\[(\d+)\]\.", r"/\1/", task)


def run_plan(
    plan: Json,
    values: Json,
    folder: str,
    launcher: Any,
    workers: int,
    on_event: Callable[[Event], None] = lambda event: None,
    tidy: bool = False,
    context: Optional[Json] = None,
    memory: Any = None,
) -> PlanResult:
    """Run a plan to its end. SIGINT, SIGTERM and SIGHUP stop every attempt and leave no process behind."""

    def interpreter(plan: Json, values: Json, memory: Any) -> Interpreter:
        return Interpreter(plan, values, os.path.abspath(folder), launcher, workers, on_event, tidy, context or {}, memory)

    async def main() -> PlanResult:
        runs = [interpreter(plan, values, memory)]

        def stop(reason: str) -> None:
            runs[-1].cancel(reason)

        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                    reason = "stopped by " + signal.Signals(number).name
                    asyncio.get_running_loop().add_signal_handler(number, stop, reason)
        result = await runs[0].run()
        if result.status == "failed" and plan.get("handler"):
            last = {"steps": plan["steps"], "nodes": [plan["handler"]], "settings": {}}
            runs.append(interpreter(last, {"failure": {"text": wire(failure(plan, result, context or {}))}}, None))
            result.tasks += (await runs[1].run()).tasks
        return result

    return asyncio.run(main())


def write(path: str, content: Any) -> None:
    """A JSON file, whole or not at all."""
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    os.replace(path + ".tmp", path)
