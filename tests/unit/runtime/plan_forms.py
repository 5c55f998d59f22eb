"""Plans written by hand, and a launcher that runs their tasks in this process: what the tests of the plan interpreter are made of."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wye.runtime.child import Attempt, error_record
from wye.runtime.outcome import PlanResult
from wye.runtime.plan import Interpreter, run_plan

Form = dict  # of a plan's JSON; no type alias, as this runs on Python 3.9

# --- sources ---------------------------------------------------------------------------------------------------------------------


def param(name: str, format: str = "json", t: Any = "any") -> Form:
    return {"param": name, "format": format, "type": t}


def out(task: str, format: str = "json", t: Any = "any", port: str = "out") -> Form:
    return {"task": task, "output": port, "format": format, "type": t}


def result(region: str, index: int = 0, format: str = "json", t: Any = "any") -> Form:
    return {"result": region, "index": index, "format": format, "type": t}


def item(region: str, format: str = "json", t: Any = "any") -> Form:
    return {"item": region, "format": format, "type": t}


def carry(region: str, index: int = 0, format: str = "json", t: Any = "any") -> Form:
    return {"carry": region, "index": index, "format": format, "type": t}


def const(value: Any, t: Any = "any") -> Form:
    return {"const": value, "format": "json", "type": t}


# --- nodes -----------------------------------------------------------------------------------------------------------------------


def compute(id: str, py: str, after: Any = (), format: str = "json", delays: Any = (), kind: Any = "any", **inputs: Form) -> Form:
    """A task with the value of an expression over its inputs."""
    value = {"py": py, "with": {n: {"input": n} for n in inputs}}
    port = {"name": "out", "type": kind, "format": format}
    node = {"op": "compute", "id": id, "span": "flow.py:1:1", "inputs": inputs, "value": value, "type": kind, "outputs": [port]}
    return {**node, "program": None, "after": list(after), **({"retry": {"delays": list(delays)}} if delays else {})}


def fail(id: str, error: str = "ValueError('no')", when: Any = None, after: Any = (), **inputs: Form) -> Form:
    """A task that raises what an expression makes; with `when`, only if that expression is true."""
    uses = {n: {"input": n} for n in inputs}
    condition = None if when is None else {"py": when, "with": uses}
    node = {"op": "fail", "id": id, "span": "flow.py:7:5", "inputs": inputs, "value": {"py": error, "with": uses}, "when": condition}
    return {**node, "outputs": [], "program": None, "after": list(after)}


def block(nodes: Any = (), *yields: Form) -> Form:
    return {"nodes": list(nodes), "yields": list(yields)}


def region(op: str, id: str, after: Any = (), **more: Any) -> Form:
    return {"op": op, "id": id, "span": "flow.py:3:1", "after": list(after), **more}


def if_(id: str, condition: Form, then: Form, orelse: Any = None, after: Any = ()) -> Form:
    return region("if", id, after, condition=condition, then=then, **{"else": orelse or block()})


def map_(id: str, over: Form, body: Form, limit: Any = None, after: Any = ()) -> Form:
    return region("map", id, after, over=over, limit=limit, body=body)


def for_(id: str, over: Form, carries: Any, body: Form, stop: Any = None, after: Any = ()) -> Form:
    return region("for", id, after, over=over, carries=list(carries), stop=stop, body=body)


def while_(id: str, carries: Any, condition: Form, body: Form, stop: Any = None, after: Any = ()) -> Form:
    return region("while", id, after, carries=list(carries), stop=stop, condition=condition, body=body)


def try_(id: str, body: Form, *handlers: Any, orelse: Any = None, final: Any = None, after: Any = ()) -> Form:
    """`handlers` are (types, block)."""
    made = [{"types": list(types), "body": b} for types, b in handlers]
    return region("try", id, after, body=body, handlers=made, final=final, **{"else": orelse})


def island(id: str, inner: Form, inputs: Form, *yields: Form, after: Any = ()) -> Form:
    """An island around one region; the yields are its results."""
    ports = [{"name": f"r{n}", "type": y["type"], "format": y["format"]} for n, y in enumerate(yields)]
    plan = {"parameters": [], "steps": {}, "nodes": [inner], "yields": list(yields), "settings": {"on_failure": "stop"}}
    node = {"op": "island", "id": id, "span": "flow.py:2:1", "inputs": inputs, "outputs": ports, "plan": plan}
    return {**node, "after": list(after), "settings": {}}


# --- a run -----------------------------------------------------------------------------------------------------------------------


class Here:
    """Runs attempts in this process. `hold` says what a task waits for: an event as it stands in `log`, `started a` or `ended a`.
    `faults` is what an attempt comes to instead of running: by task, an error record, or None for a runner that dies."""

    def __init__(self, hold: Any = None, faults: Any = None) -> None:
        self.hold, self.faults = hold or {}, faults or {}
        self.log: list[str] = []
        self.running: set[str] = set()
        self.most: dict[str, int] = {}
        """How many were running at a time, at most, of the tasks with the same last name."""

    async def run(self, task: Form, folder: str, attempt: int) -> int:
        name = task["id"]
        self.log.append("started " + name)
        self.running.add(name)
        last = name.rpartition(".")[2]
        self.most[last] = max(self.most.get(last, 0), sum(n.rpartition(".")[2] == last for n in self.running))
        try:
            for _ in range(3):
                await asyncio.sleep(0)
            while name in self.hold and self.hold[name] not in self.log:
                await asyncio.sleep(0)
            code = await self.attempt(task, folder)
            self.log.append("ended " + name)
            return code
        except asyncio.CancelledError:
            self.log.append("cancelled " + name)
            raise
        finally:
            self.running.discard(name)

    async def attempt(self, task: Form, folder: str) -> int:
        place = Path(folder)
        name = "error.json"
        record: Any = {}
        if task["id"] in self.faults:
            record = self.faults[task["id"]]
            if record is None:
                return 137
        else:
            given, form = json.loads((place / "values.json").read_text()), json.loads((place / "task.json").read_text())
            try:
                Attempt(form, given, str(place / "work")).run(str(place / "out"))
                name = "done.json"
            except Exception as error:
                record = error_record(error)
        (place / "out" / name).write_text(json.dumps(record))
        return 0

    @property
    def ran(self) -> list[str]:
        return [line[8:] for line in self.log if line.startswith("started ")]


class Run:
    """What came of a run: its status, each task's status, the events, and the values that it yields."""

    def __init__(self, folder: Path, result: PlanResult, launcher: Here, events: list[Any]) -> None:
        self.result, self.launcher, self.events = result, launcher, events
        self.status, self.error = result.status, result.error
        self.tasks = {t.id: t.status for t in result.tasks}
        self.values = None if result.results is None else [value_of(e, folder) for e in result.results]

    @property
    def value(self) -> Any:
        assert self.status == "succeeded", self.error
        assert self.values is not None
        return self.values[0] if len(self.values) == 1 else self.values

    def named(self, status: str) -> list[str]:
        return [name for name, found in self.tasks.items() if found == status]


def value_of(entry: Form, folder: Path, t: Any = "any", format: str = "json") -> Any:
    """What a task reads from an entry."""
    task = {"inputs": {"x": {"type": t, "format": format, "param": "x"}}}
    return Attempt(task, {"x": entry}, str(folder / "read")).input("x")


def plan_of(nodes: Any, yields: Any = (), **settings: Any) -> Form:
    return {"wye": 1, "steps": {}, "nodes": list(nodes), "yields": list(yields), "settings": {"on_failure": "stop", **settings}}


def run(
    folder: Path,
    nodes: Any,
    *yields: Form,
    params: Any = None,
    workers: int = 4,
    launcher: Any = None,
    tidy: bool = False,
    on_event: Callable[[Any], None] = lambda event: None,
    **settings: Any,
) -> Run:
    """Run a plan here; `params` are wire values, or entries where they are dicts."""
    values = {n: v if isinstance(v, dict) else {"text": json.dumps(v)} for n, v in (params or {}).items()}
    launcher, events = launcher or Here(), []

    def note(event: Any) -> None:
        events.append((event.kind, event.task))
        on_event(event)

    plan = json.loads(json.dumps(plan_of(nodes, yields, **settings)))
    return Run(folder, run_plan(plan, values, str(folder / "run"), launcher, workers, note, tidy), launcher, events)


def run_and_cancel(folder: Path, nodes: Any, launcher: Here, when: Callable[[], bool], **settings: Any) -> Run:
    """Run a plan here and cancel it once `when` is true."""
    events: list[Any] = []

    async def main() -> PlanResult:
        plan = plan_of(nodes, (), **settings)
        one = Interpreter(plan, {}, str(folder / "run"), launcher, 4, lambda e: events.append((e.kind, e.task)))
        running = asyncio.ensure_future(one.run())
        while not when():
            assert not running.done()
            await asyncio.sleep(0)
        one.cancel("enough")
        return await running

    return Run(folder, asyncio.run(main()), launcher, events)
