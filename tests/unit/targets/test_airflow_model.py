"""Random pipelines under a model of Airflow's scheduler: whatever order tasks start and end in, a run is what the plain program is.

The model has Airflow's trigger rules, branches and mapping, as the real schedulers of 2.10, 2.11 and 3.3 showed them (tests/engines runs
compiled pipelines there); the tasks are the ones that the target makes, and run in its adapter. A step's value, truth and failure follow
from its name and its arguments, so the plain program and the run must agree on them. `WYE_SOAK=1000` looks at that many programs.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow_model import Airflow, Broken, installed

from wye.ir import model as ir
from wye.ir.expressions import REFERENCES, key
from wye.ir.nodes import every
from wye.ir.settings import Settings
from wye.passes.lift import lift
from wye.passes.order import order
from wye.runtime.types import Type, format_of
from wye_targets.airflow import adapter
from wye_targets.airflow.capabilities import AirflowOptions
from wye_targets.airflow.tasks import lower_tasks

PROGRAMS, SOON, ORDERS = int(os.environ.get("WYE_SOAK", "150")), 50, 3
"""So many programs, so many of them in the core suite, each in so many orders."""
NOT_SET = Settings()
LIST: Type = ("list", "int")


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


# --- the check ------------------------------------------------------------------------------------------------------------------------


class Steps:
    """What stands for the processes that run tasks. `ran`: the tasks, with the index of their iteration."""

    def __init__(self, steps: dict[str, Type], seed: int) -> None:
        self.steps, self.seed, self.ran = steps, seed, list[tuple[str, int]]()

    def execute(self, task: dict[str, Any], entries: dict[str, Any], ti: Any) -> dict[str, Any]:
        id, given = task["id"], {name: adapter.plain(entry) for name, entry in entries.items()}
        if task["op"] == "compute":
            form = task["value"]
            made = given[form["input"]] if "input" in form else eval(form["py"], {n: given[v["input"]] for n, v in form["with"].items()})
            return {"out": {"text": json.dumps(made)}}
        self.ran.append((id, ti.map_index))
        if task["op"] == "fail":
            if task["when"] is None or given[task["when"]["input"]]:
                raise Broken(id)
            return {}
        arguments = [given[form["input"]] for form in task["args"].values()]
        return {"out": {"text": json.dumps(outcome(id, self.steps[id], self.seed, arguments))}}


def finals(block: ir.Block) -> Iterator[tuple[str, str]]:
    """Each `try` whose clean-up begins with a call, and that call."""
    for node in every(block):
        if isinstance(node, ir.Try) and node.final and node.final.nodes and isinstance(node.final.nodes[0], ir.Call):
            yield node.id, node.final.nodes[0].id


def check(build: Any, seed: int, folder: Path, orders: int = ORDERS) -> str:
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
    tasks, edges = lower_tasks(pipeline, AirflowOptions())
    for number_ in range(orders):
        ran = Steps(steps, seed)
        with installed(ran.execute):
            state = Airflow(tasks, edges, folder, number_).run()
        assert state == expected
        if state == "success":
            assert sorted(ran.ran) == sorted(plain.ran)
        began = {t for t, first in finals(pipeline.body) if (first, -1) in ran.ran}
        assert began == {t for t, _ in finals(pipeline.body) if t in plain.entered}
    return expected


@pytest.mark.parametrize("seed", [pytest.param(n, marks=[pytest.mark.processes] if n >= SOON else []) for n in range(PROGRAMS)])
def test_any_order_of_events_is_the_plain_program(seed: int, build: Any, tmp_path: Path) -> None:
    check(build, seed, tmp_path)
