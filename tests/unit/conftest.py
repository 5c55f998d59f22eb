"""Small pipelines by hand, for tests of what comes after the front end: `build.call("a", x=build.out("b"))`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from wye.diagnostics import Span
from wye.ir import model as ir
from wye.ir.model import Expr
from wye.ir.settings import PipelineSettings, Settings
from wye.runtime.types import Type, format_of

NOT_SET = Settings()
NONE_OF_ITS_OWN = PipelineSettings()


class Build:
    """Steps take any arguments that a call gives them, and return one `int` unless `ports` says otherwise. Every node has its own line."""

    def __init__(self) -> None:
        self.line = 0
        self.steps: dict[str, ir.Step] = {}

    def span(self) -> Span:
        self.line += 1
        return Span("p.py", self.line, 1, self.line, 9)

    def const(self, value: Any, t: Type = "int") -> ir.Const:
        return ir.Const(json.dumps(value), t, self.span())

    def param(self, name: str, t: Type = "int") -> ir.Param:
        return ir.Param(name, t, self.span())

    def out(self, task: str, name: str = "out", t: Type = "int") -> ir.Output:
        return ir.Output(task, name, t, format_of(t), self.span())  # type: ignore[arg-type]

    def result(self, region: str, t: Type = "int") -> ir.Result:
        return ir.Result(region, 0, t, format_of(t), self.span())

    def add(self, left: Expr, right: Expr, t: Type = "int") -> ir.Binary:
        return ir.Binary("+", left, right, t, self.span())

    def int_of(self, value: Expr) -> ir.Builtin:
        """An expression that might raise."""
        return ir.Builtin("int", (value,), (), "int", self.span())

    def tuple(self, *items: Expr) -> ir.Display:
        return ir.Display("tuple", items, ("tuple", *(i.type for i in items)), self.span())

    def item(self, value: Expr, index: int, t: Type = "int") -> ir.Index:
        return ir.Index(value, self.const(index), t, self.span())

    def step(self, name: str, *parameters: str, ports: dict[str, Type] | None = None, settings: Settings = NOT_SET) -> str:
        """Declare a step; without parameters declared, a call declares them."""
        found = tuple(ir.StepParameter(p, "positional_or_keyword", "any", False, self.span()) for p in parameters)
        made = tuple(ir.Port(n, t, format_of(t)) for n, t in (ports or {"out": "int"}).items())  # type: ignore[arg-type]
        result = "one" if len(made) == 1 else "tuple"
        self.steps[f"m:{name}"] = ir.Step(
            f"m:{name}", name, "m", name, found, made, result, "any", settings, f"m.{name}", None, self.span()
        )
        return f"m:{name}"

    def call(
        self, id: str, *, after: tuple[str, ...] = (), ordered: bool = False, settings: Settings | None = None, **bindings: Expr
    ) -> ir.Call:
        """A call of the step of that name."""
        step = self.steps.get(f"m:{id}") or self.steps[self.step(id)]
        known = [p.name for p in step.parameters]
        more = tuple(ir.StepParameter(n, "positional_or_keyword", "any", False, step.span) for n in bindings if n not in known)
        self.steps[step.id] = replace(step, parameters=step.parameters + more)
        return ir.Call(id, step.id, tuple(bindings.items()), settings or step.settings, after, ordered, self.span())

    def sub(self, id: str, pipeline: str, *, after: tuple[str, ...] = (), ordered: bool = False, **bindings: Expr) -> ir.SubPipeline:
        return ir.SubPipeline(id, f"m:{pipeline}", tuple(bindings.items()), after, ordered, self.span())

    def pipeline(
        self,
        *nodes: ir.Node,
        name: str = "main",
        returns: Expr | None = None,
        t: Type = "any",
        parameters: dict[str, Type] | None = None,
        defaults: dict[str, ir.Const] | None = None,
        nested: tuple[ir.Pipeline, ...] = (),
        settings: PipelineSettings = NONE_OF_ITS_OWN,
    ) -> ir.Pipeline:
        made = tuple(ir.Parameter(n, pt, (defaults or {}).get(n), self.span()) for n, pt in (parameters or {}).items())
        body = ir.Block(nodes, () if returns is None else (returns,))
        steps = tuple(self.steps.values())
        programs = tuple(ir.Program(s.program, "m", (ir.ProgramFile("m.py", "", "m.py", ((1, 1),)),)) for s in steps)
        every = (*nested, *(p for n in nested for p in n.pipelines))
        return ir.Pipeline(f"m:{name}", name, made, body, t, settings, steps, programs, every, None, self.span())


@pytest.fixture
def build() -> Build:
    return Build()


@pytest.fixture(scope="session")
def build_type() -> type[Build]:
    """For tests of many pipelines."""
    return Build
