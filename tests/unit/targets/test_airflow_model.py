"""Random pipelines under a model of Airflow's scheduler: whatever order tasks start and end in, a run is what the plain program is.

The model has Airflow's trigger rules, branches and mapping, as the real schedulers of 2.10, 2.11 and 3.3 showed them (tests/engines runs
compiled pipelines there); the tasks are the ones that the target makes, and run in its adapter. A step's value, truth and failure follow
from its name and its arguments, so the plain program and the run must agree on them.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from wye.ir import model as ir
from wye.ir.expressions import REFERENCES, key
from wye.ir.nodes import every
from wye.ir.settings import Settings
from wye.passes.lift import lift
from wye.passes.order import order
from wye.runtime.types import Type, format_of
from wye_targets.airflow import adapter
from wye_targets.airflow.dag import Group, Task
from wye_targets.airflow.tasks import lower_tasks

PROGRAMS, ORDERS = 150, 3
NOT_SET = Settings()
LIST: Type = ("list", "int")


class Skipped(Exception):
    pass


class Broken(Exception):
    pass


# --- what a step does -----------------------------------------------------------------------------------------------------------------


def number(*parts: Any) -> int:
    return int(hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8], 16)


def outcome(id: str, t: Type, seed: int, arguments: Any) -> Any:
    """The value of a call; some fail."""
    n = number(seed, id, arguments)
    if n % 11 == 0 and id[:1] == "c":
        raise Broken(id)
    if t == "bool":
        return n % 2 == 0
    return [n // 7 % 97 + i for i in range(n % 4)] if t == LIST else n % 1000


# --- random pipelines -----------------------------------------------------------------------------------------------------------------


class Maker:
    def __init__(self, build: Any, random: random.Random) -> None:
        self.build, self.random, self.count = build, random, 0

    def id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}_{self.count}"

    def pick(self, known: list[ir.Expr], t: Type | None = None) -> Any:
        found = [r for r in known if t is None or r.type == t]
        return self.random.choice(found) if found else None

    def call(self, known: list[ir.Expr], t: Type) -> ir.Call:
        id = self.id("c")
        self.build.step(id, ports={"out": t})
        read = [r for r in (self.pick(known) for _ in range(self.random.randrange(3))) if r is not None]
        return self.build.call(id, ordered=self.random.random() < 0.3, **{f"a{i}": r for i, r in enumerate(read)})  # type: ignore[no-any-return]

    def block(self, known: list[ir.Expr], depth: int, around: tuple[str, ...], yields: int) -> ir.Block:
        known, nodes = list(known), list[ir.Node]()
        for _ in range(self.random.randrange(4) if around else 2 + self.random.randrange(4)):
            for node in self.node(known, depth, around):
                nodes.append(node)
                known += self.values(node)
        plain = [r for r in known if not str(getattr(r, "format", "json")).endswith("*") and r.type == "int"]
        return ir.Block(tuple(nodes), tuple(self.pick(plain) or self.build.const(0) for _ in range(yields)))

    def values(self, node: ir.Node) -> Iterator[ir.Expr]:
        span = self.build.span()
        match node:
            case ir.Call(id=id):
                t = self.build.steps[node.step].ports[0].type
                yield ir.Output(id, "out", t, format_of(t), span)  # type: ignore[arg-type]
            case ir.Compute(id=id, type=t, format=format) if not id.startswith("t_"):
                yield ir.Output(id, "out", t, format, span)
            case ir.If(then=block):
                for n, _ in enumerate(block.yields):
                    yield ir.Result(node.id, n, "int", "json", span)
            case ir.Map(body=block):
                for n, _ in enumerate(block.yields):
                    yield ir.Result(node.id, n, LIST, "json*", span)
            case ir.Try(body=block, final=final):
                for n, _ in enumerate(block.yields + (final.yields if final else ())):
                    yield ir.Result(node.id, n, "int", "json", span)
            case _:
                return

    def node(self, known: list[ir.Expr], depth: int, around: tuple[str, ...]) -> Iterator[ir.Node]:
        kind = self.random.choice(["call"] * 4 + ["if"] * 3 + ["map"] * 2 + ["try"] * 2 + ["fail"])
        if depth == 0 or (kind in ("map", "try") and "map" in around):
            kind = "call"
        span, yields = self.build.span(), self.random.randrange(3)
        match kind:
            case "if":
                condition = self.pick(known, "bool")
                if condition is None or self.random.random() < 0.5:
                    made = self.call(known, "bool")
                    yield made
                    condition = ir.Output(made.id, "out", "bool", "json", span)
                if self.random.random() < 0.6:
                    test = ir.Compute(self.id("t"), ir.Unary("not", condition, "bool", span), "json", "bool", NOT_SET, None, (), span)
                    yield test
                    condition = ir.Output(test.id, "out", "bool", "json", span)
                inside = (*around, "if")
                yield ir.If(
                    self.id("if"),
                    condition,
                    self.block(known, depth - 1, inside, yields),
                    self.block(known, depth - 1, inside, yields),
                    (),
                    span,
                )
            case "map":
                over = self.pick(known, LIST)
                if over is None or self.random.random() < 0.5:
                    made = self.call(known, LIST)
                    yield made
                    over = ir.Output(made.id, "out", LIST, "json", span)
                id = self.id("map")
                item = ir.Item(id, "int", "json", span)
                yield ir.Map(id, over, self.block([*known, item], depth - 1, (*around, "map"), yields), None, (), span)
            case "try":
                body = self.block(known, depth - 1, (*around, "try"), yields)
                yield ir.Try(self.id("try"), body, (), None, self.block(known, depth - 1, (*around, "finally"), 0), (), span)
            case "fail":
                condition = self.pick(known, "bool")
                if condition is not None and not self.random.randrange(3):
                    error = ir.Builtin("ValueError", (), (), "any", span)
                    yield ir.Fail(self.id("f"), error, condition, NOT_SET, None, (), span)
            case _:
                yield self.call(known, self.random.choice(["int", "int", "bool", LIST]))


# --- the plain program ----------------------------------------------------------------------------------------------------------------


class Plain:
    """Runs a block in program order. `ran`: the tasks, with the index of their iteration; `entered`: clean-ups that began."""

    def __init__(self, seed: int) -> None:
        self.seed, self.ran, self.entered = seed, list[tuple[str, int]](), set[str]()
        self.known: dict[Any, Any] = {}

    def value(self, expr: Any) -> Any:
        if isinstance(expr, ir.Const):
            return json.loads(expr.text)
        return not self.value(expr.operand) if isinstance(expr, ir.Unary) else self.known[key(expr)]

    def block(self, block: ir.Block, index: int, steps: dict[str, Type]) -> list[Any]:
        for node in block.nodes:
            self.node(node, index, steps)
        return [self.value(e) for e in block.yields]

    def node(self, node: ir.Node, index: int, steps: dict[str, Type]) -> None:
        results: list[Any] = []
        match node:
            case ir.Call(id=id, bindings=bindings):
                self.ran.append((id, index))
                self.known["output", id, "out"] = outcome(id, steps[id], self.seed, [self.value(e) for _, e in bindings])
            case ir.Compute(id=id, value=value):
                self.known["output", id, "out"] = self.value(value)
            case ir.Fail(id=id, condition=condition):
                self.ran.append((id, index))
                if condition is None or self.value(condition):
                    raise Broken(id)
            case ir.If(condition=condition):
                results = self.block(node.then if self.value(condition) else node.orelse, index, steps)
            case ir.Map(over=over, body=body):
                rows = []
                for i, item in enumerate(self.value(over)):
                    self.known["item", node.id] = item
                    rows.append(self.block(body, i, steps))
                results = [[row[n] for row in rows] for n in range(len(body.yields))]
            case ir.Try(body=body, final=final):
                try:
                    results = self.block(body, index, steps)
                finally:
                    self.entered.add(node.id)
                    results += self.block(final, index, steps) if final else []
            case _:
                raise AssertionError(node)
        for n, value in enumerate(results):
            self.known["result", node.id, n] = value


# --- Airflow --------------------------------------------------------------------------------------------------------------------------


@dataclass
class Instance:
    task: Task
    index: int
    state: str | None = None


class Airflow:
    """A run of the tasks. Any task may start, end or be judged at any time at which a scheduler might."""

    def __init__(
        self, body: tuple[Task | Group, ...], edges: tuple[str, ...], steps: dict[str, Type], seed: int, folder: Path, random: Any
    ) -> None:
        self.steps, self.seed, self.folder, self.random = steps, seed, folder, random
        self.groups = {t.id: part for part in body if isinstance(part, Group) for t in part.tasks}
        self.tasks = {t.id: t for part in body for t in (part.tasks if isinstance(part, Group) else (part,))}
        self.ids = {t.variable: t.id for t in self.tasks.values()}
        self.upstream = {id: set(self._said(t)) for id, t in self.tasks.items()}
        for edge in [*edges, *(e for part in body if isinstance(part, Group) for e in part.edges)]:
            before, after = (re.findall(r"\w+", side) for side in edge.split(" >> "))
            for a in after:
                self.upstream[self.ids[a]] |= {self.ids[b] for b in before}
        self.lists: dict[str, str] = {}  # the task whose value a mapped task expands over
        for id, task in self.tasks.items():
            over = task.expand[1] if task.expand else self.groups[id].items if id in self.groups else None
            if over:
                self.lists[id] = self.ids[over]
                self.upstream[id].add(self.ids[over])
        self.instances = {id: [Instance(t, -1)] for id, t in self.tasks.items()}
        self.xcoms: dict[tuple[str, str, int], Any] = {}
        self.ran: list[tuple[str, int]] = []
        self.forms = {id: json.loads(t.file) for id, t in self.tasks.items()}
        self.below = {id: self._below(id) for id in self.tasks}

    def _said(self, task: Task) -> Iterator[str]:
        for _, text in task.arguments:
            found = re.match(r"(\w+_)(\[|$)", text)
            if found:
                yield self.ids[found[1]]

    def _below(self, id: str) -> set[str]:
        found, work = set[str](), [id]
        while work:
            of = work.pop()
            more = {other for other, before in self.upstream.items() if of in before} - found
            found |= more
            work += more
        return found

    def run(self) -> str:
        running: list[Instance] = []
        while True:
            waiting = [i for many in self.instances.values() for i in many if i.state is None]
            ready = [(i, what) for i in waiting if (what := self.judge(i))]
            if not ready and not running:
                break
            if running and (not ready or self.random.random() < 0.5):
                instance = running.pop(self.random.randrange(len(running)))
                self.end(instance)
                continue
            instance, what = self.random.choice(ready)
            if what == "run":
                instance.state = "running"
                running.append(instance)
            elif what == "expand":
                items = self.xcoms[self.lists[instance.task.id], "return_value", -1]
                made = [Instance(instance.task, n) for n in range(len(items))]
                self.instances[instance.task.id] = made or [replace(instance, state="skipped")]
            else:
                instance.state = what
        states = {id: {i.state for i in many} for id, many in self.instances.items()}
        assert all(None not in found for found in states.values()), "the run hangs"
        leaves = [id for id in self.tasks if not any(id in before for before in self.upstream.values())]
        return "failed" if any(states[id] & {"failed", "upstream_failed"} for id in leaves) else "success"

    def rule(self, task: Task) -> str:
        return next((s.split('"')[1] for s in task.settings if s.startswith("trigger_rule")), "all_success")

    def judge(self, instance: Instance) -> str | None:
        """What may become of a waiting instance now."""
        id = instance.task.id
        if id in self.lists and instance.index < 0:
            state = self.instances[self.lists[id]][0].state
            if state == "success":
                return "expand"
            return state if state == "skipped" else "upstream_failed" if state in ("failed", "upstream_failed") else None
        states = [i.state for up in self.upstream[id] for i in self.relevant(instance, up)]
        failed = any(s in ("failed", "upstream_failed") for s in states)
        done = all(s not in (None, "running") for s in states)
        match self.rule(instance.task):
            case "all_done":
                return "run" if done else None
            case "all_success":
                if failed or "skipped" in states:
                    return "upstream_failed" if failed else "skipped"
            case "none_failed":
                if failed:
                    return "upstream_failed"
            case "none_failed_min_one_success":
                if failed:
                    return "upstream_failed"
                if states and all(s == "skipped" for s in states):
                    return "skipped"
        return "run" if done else None

    def relevant(self, instance: Instance, upstream: str) -> list[Instance]:
        same = upstream in self.groups and self.groups.get(instance.task.id) is self.groups[upstream]
        found = self.instances[upstream]
        return [i for i in found if i.index in (instance.index, -1)] if same else found

    def end(self, instance: Instance) -> None:
        id, form = instance.task.id, self.forms[instance.task.id]
        context = {"ti": _Ti(self, id, instance.index), "params": {}}
        try:
            value = adapter.run_step(self.folder, None, context, {n: self.argument(e, instance) for n, e in instance.task.arguments})
        except Skipped:
            instance.state = "skipped"
            return
        except Broken:
            instance.state = "failed"
            return
        assert value is not None
        instance.state = "success"
        if form.get("region") == "branch":  # what Airflow 3 does: the value is lost
            follow = set(value) | {b for v in value for b in self.below[v]}
            for other, before in self.upstream.items():
                for i in self.instances[other]:
                    if id in before and other not in follow and i.state is None:
                        i.state = "skipped"
        else:
            self.xcoms[id, "return_value", instance.index] = value

    def argument(self, text: str, instance: Instance) -> Any:
        found = re.fullmatch(r"(\w+_)(?:\[\"(\w+)\"\])?", text)
        if not found:
            return str(instance.index)
        id, name = self.ids[found[1]], found[2] or "return_value"
        if id not in self.lists:
            return self.xcoms.get((id, name, -1))
        if id in self.groups and self.groups.get(instance.task.id) is self.groups[id]:
            return self.xcoms.get((id, name, instance.index))
        made = [v for (i, k, _), v in sorted(self.xcoms.items(), key=lambda x: x[0][2]) if (i, k) == (id, name)]
        return made[0] if len(made) == 1 and id in self.groups else made or None


class _Ti:
    def __init__(self, run: Airflow, task_id: str, map_index: int) -> None:
        self.run, self.task_id, self.map_index = run, task_id, map_index

    def xcom_pull(self, task_ids: str, key: str, map_indexes: int) -> Any:
        return self.run.xcoms.get((task_ids, key, map_indexes))

    def xcom_push(self, key: str, value: Any) -> None:
        self.run.xcoms[self.task_id, key, self.map_index] = value


def executor(run: Callable[[], Airflow]) -> Any:
    """What stands for a process that runs a task's program."""

    def execute(task: dict[str, Any], values: dict[str, Any], steps: Path, store: Any, context: Any) -> dict[str, Any]:
        airflow, id = run(), task["id"]
        given = {name: adapter.plain(entry) for name, entry in values.items()}
        if task["op"] == "compute":
            form = task["value"]
            made = given[form["input"]] if "input" in form else eval(form["py"], {n: given[v["input"]] for n, v in form["with"].items()})
            return {"out": {"text": json.dumps(made)}}
        airflow.ran.append((id, context["ti"].map_index))
        if task["op"] == "fail":
            if task["when"] is None or given[task["when"]["input"]]:
                raise Broken(id)
            return {}
        arguments = [given[form["input"]] for form in task["args"].values()]
        return {"out": {"text": json.dumps(outcome(id, airflow.steps[id], airflow.seed, arguments))}}

    return execute


def finals(block: ir.Block) -> Iterator[tuple[str, str]]:
    """Each `try` whose clean-up begins with a call, and that call."""
    for node in every(block):
        if isinstance(node, ir.Try) and node.final and node.final.nodes and isinstance(node.final.nodes[0], ir.Call):
            yield node.id, node.final.nodes[0].id


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Callable[[Airflow], None]:
    current: list[Airflow] = []
    conf = types.SimpleNamespace(conf=types.SimpleNamespace(getint=lambda *_, **__: 1024))
    exceptions = types.SimpleNamespace(AirflowSkipException=Skipped)
    for name, module in (("airflow", types.ModuleType("airflow")), ("airflow.configuration", conf), ("airflow.exceptions", exceptions)):
        monkeypatch.setitem(sys.modules, name, module)  # type: ignore[arg-type]
    monkeypatch.setattr(adapter, "execute", executor(lambda: current[-1]))
    return current.append


def check(build: Any, seed: int, folder: Path, use: Callable[[Airflow], None], orders: int = ORDERS) -> str:
    """What became of the program."""
    maker = Maker(build, random.Random(seed))
    body = maker.block([], 3, (), 0)
    nodes, returned = body.nodes, None
    if maker.random.random() < 0.6:
        known = [r for node in nodes for r in maker.values(node)]
        wanted = [r for r in known if maker.random.random() < 0.5 and isinstance(r, REFERENCES)]
        build.step("outputs", ports={"out": "int"})
        nodes = (*nodes, build.call("outputs", **{f"a{i}": r for i, r in enumerate(wanted)}))
        returned = build.out("outputs")
    pipeline = lift(order(build.pipeline(*nodes, returns=returned)))
    steps = {name.partition(":")[2]: s.ports[0].type for name, s in build.steps.items()}
    plain = Plain(seed)
    try:
        plain.block(pipeline.body, -1, steps)
        expected = "success"
    except Broken:
        expected = "failed"
    tasks, edges = lower_tasks(pipeline)
    (folder / "tasks").mkdir(parents=True, exist_ok=True)
    for part in tasks:
        for task in part.tasks if isinstance(part, Group) else (part,):
            (folder / "tasks" / f"{task.id}.json").write_text(task.file)
    for number_ in range(orders):
        run = Airflow(tasks, edges, steps, seed, folder, random.Random(number_))
        use(run)
        state = run.run()
        assert state == expected, (state, expected)
        if state == "success":
            assert sorted(run.ran) == sorted(plain.ran)
        began = {t for t, first in finals(pipeline.body) if (first, -1) in run.ran}
        assert began == {t for t, _ in finals(pipeline.body) if t in plain.entered}
    return expected


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_any_order_of_events_is_the_plain_program(seed: int, build: Any, tmp_path: Path, airflow: Callable[[Airflow], None]) -> None:
    check(build, seed, tmp_path, airflow)
