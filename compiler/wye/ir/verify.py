"""Checks a pipeline's invariants: a pipeline in; nothing, or `InvalidIR` for what only a fault of ours can have made."""

from __future__ import annotations

from collections import Counter
from typing import Any

from wye.diagnostics import Span
from wye.ir import model as ir
from wye.ir.expressions import key, walk
from wye.ir.model import Block, Expr, Node, Pipeline
from wye.ir.nodes import arms, blocks, every, expressions
from wye.ir.printer import bound_names
from wye.runtime.types import Type

_ATOMS = frozenset({"any", "json", "none", "bool", "int", "float", "str", "bytes", "path", "datetime", "date", "time", "timedelta",
                    "decimal", "uuid", "complex"})  # fmt: skip
_HEADS = {"list": 1, "set": 1, "frozenset": 1, "tuple*": 1, "dict": 2}


class InvalidIR(Exception):
    """The compiler made something that it must never make."""


def verify(pipeline: Pipeline) -> None:
    """Check one pipeline, and those nested in it."""
    known = {p.id for p in pipeline.pipelines}
    for each in (pipeline, *pipeline.pipelines):
        _Verifier(each, known | {p.id for p in each.pipelines}).check()


class _Verifier:
    def __init__(self, pipeline: Pipeline, pipelines: set[str]) -> None:
        self.pipeline = pipeline
        self.pipelines = pipelines
        self.parameters = {p.name: p.type for p in pipeline.parameters}
        self.steps = {s.id: s for s in pipeline.steps}
        self.programs = {p.id for p in pipeline.programs}

    def need(self, condition: object, message: str, span: Span) -> None:
        if not condition:
            raise InvalidIR(f"{self.pipeline.id}: {span}: {message}")

    def check(self) -> None:
        p = self.pipeline
        for parameter in p.parameters:
            self.type(parameter.type, parameter.span)
        self.type(p.type, p.span)
        for names in ([s.id for s in p.steps], [x.id for x in p.programs], [x.name for x in p.parameters]):
            self.need(len(set(names)) == len(names), f"one of these twice: {names}", p.span)
        for step in p.steps:
            names = [port.name for port in step.ports]
            self.need(names and len(set(names)) == len(names), f"bad outputs of {step.id}: {names}", step.span)
            # steps get their programs last, after the passes
            self.need(not p.programs or step.program in self.programs, f"{step.id} has no program {step.program}", step.span)
            for t, format in [(port.type, port.format) for port in step.ports]:
                self.type(t, step.span)
                self.need(format in ("json", "bytes", "path", "auto"), f"unknown format {format}", step.span)
        if p.on_failure:
            self.need(p.on_failure.step in self.steps and not p.on_failure.bindings, "not a handler", p.on_failure.span)
        ids = Counter(n.id for n in every(p.body))
        for node in every(p.body):
            self.need(ids[node.id] == 1, f"two nodes are called {node.id}", node.span)
            self.need(node.id.isascii() and node.id.replace("_", "a").isalnum(), f"not an id: {node.id!r}", node.span)
        self.need(len(p.body.yields) <= 1, "a pipeline yields one value", p.span)
        self.block(p.body, {}, frozenset())

    def block(self, block: Block, outer: dict[str, Node], regions: frozenset[str]) -> dict[str, Node]:
        """What is defined where the block ends."""
        defined = dict(outer)
        for node in block.nodes:
            for expr in expressions(node):
                self.expr(expr, defined, regions)
            for id in node.after:
                self.need(id in defined, f"{node.id} comes after {id}, which does not stand before it", node.span)
            self.need(len(set(node.after)) == len(node.after), f"{node.id} waits twice for one node", node.span)
            self.node(node)
            body: dict[str, Node] = {}
            for inner in blocks(node):
                after_body = isinstance(node, ir.Try) and inner is node.orelse
                ends = self.block(inner, body if after_body else defined, regions | {node.id})
                body = body or ends
            defined[node.id] = node
        for expr in block.yields:
            self.expr(expr, defined, regions)
        return defined

    def node(self, node: Node) -> None:
        self.span(node.span)
        match node:
            case ir.Call(step=id, bindings=bindings):
                self.need(id in self.steps, f"{node.id} calls an unknown step {id}", node.span)
                self.bound(node, [(x.name, x.required) for x in self.steps[id].parameters], bindings)
            case ir.SubPipeline(pipeline=id):
                self.need(id in self.pipelines, f"{node.id} calls an unknown pipeline {id}", node.span)
            case ir.Compute():
                self.type(node.type, node.span)
                self.need(not node.program or node.program in self.programs, f"{node.id} has no program {node.program}", node.span)
            case ir.Fail():
                self.need(not node.program or node.program in self.programs, f"{node.id} has no program {node.program}", node.span)
            case ir.For(stop=stop, carries=carries) | ir.While(stop=stop, carries=carries):
                self.need(stop is None or 0 <= stop < len(carries), f"{node.id} stops at no carry", node.span)
            case ir.Island(body=body, ports=ports, turn=turn):
                self.need((turn or len(body.nodes) == 1) and len(body.yields) == len(ports), f"{node.id} holds one region", node.span)
            case _:
                pass
        if isinstance(node, ir.While):
            self.need(len(node.condition.yields) == 1, f"{node.id} has one condition", node.span)
        self.need(len({len(a) for a in arms(node)}) <= 1, f"the arms of {node.id} yield different numbers of values", node.span)

    def bound(self, node: ir.Call, parameters: list[tuple[str, bool]], bindings: tuple[tuple[str, Expr], ...]) -> None:
        names = [name for name, _ in bindings]
        self.need(len(set(names)) == len(names), f"{node.id} binds a parameter twice: {names}", node.span)
        unknown = set(names) - {name for name, _ in parameters}
        self.need(not unknown, f"{node.id} binds unknown parameters {sorted(unknown)}", node.span)
        missing = {name for name, required in parameters if required} - set(names)
        self.need(not missing, f"{node.id} does not bind {sorted(missing)}", node.span)

    def expr(self, expr: Expr, defined: dict[str, Node], regions: frozenset[str]) -> None:
        for e in walk(expr):
            self.span(e.span)
            self.type(e.type, e.span)
            match e:
                case ir.Param(name=name):
                    self.need(name in self.parameters, f"no parameter {name}", e.span)
                case ir.Output(task=id):
                    self.need(id in defined, f"{id} is read before it is defined", e.span)
                    self.output(e, defined[id])
                case ir.Result(region=id, index=index):
                    self.need(id in defined, f"{id} is read before it is defined", e.span)
                    self.need(not isinstance(defined[id], ir.Call | ir.Compute | ir.Fail | ir.Island), f"{id} has no results", e.span)
                    self.need(index == 0 or not isinstance(defined[id], ir.SubPipeline), "a pipeline has one result", e.span)
                    of = arms(defined[id])
                    self.need(not of or 0 <= index < len(of[0]), f"{id} has no result {index}", e.span)
                    starred = isinstance(defined[id], ir.Map)
                    self.need(e.format.endswith("*") == starred, f"{id}.result[{index}] travels as {e.format}", e.span)
                case ir.Item(region=id) | ir.Carry(region=id):
                    self.need(id in regions, f"{key(e)} outside its region", e.span)
                case ir.Cast(value=value):
                    free = {x.name for x in walk(value) if isinstance(x, ir.Local)} - {n for x in walk(value) for n in bound_names(x)}
                    self.need(not free, f"a cast inside a function reads {sorted(free)}", e.span)
                case _:
                    pass

    def output(self, e: ir.Output, maker: Node) -> None:
        match maker:
            case ir.Call(step=id):
                ports = {port.name: port for port in self.steps[id].ports}
                self.need(e.name in ports, f"{id} has no output {e.name}", e.span)
                self.need(ports[e.name].format == e.format, f"{id}.{e.name} travels as {ports[e.name].format}, not {e.format}", e.span)
                self.need(ports[e.name].type == e.type, f"{id}.{e.name} is {ports[e.name].type}, not {e.type}", e.span)
            case ir.Island(ports=made):
                self.need(any(p.name == e.name and p.format == e.format for p in made), f"{maker.id} has no output {e.name}", e.span)
            case ir.Compute(format=format, type=t):
                self.need(e.name == "out" and e.format == format and e.type == t, f"not the output of {maker.id}: {e}", e.span)
            case _:
                self.need(False, f"{maker.id} has no outputs", e.span)

    def span(self, span: Span) -> None:
        self.need(span.path and 1 <= span.line <= span.end_line and span.column >= 1, "not a span", span)

    def type(self, t: Type, span: Span) -> None:
        self.need(_well_formed(t), f"not a type: {t!r}", span)


def _well_formed(t: Any) -> bool:
    match t:
        case str():
            return t in _ATOMS
        case ("literal", _, *_):
            return True
        case ("class", str() as id, *traits):
            return ":" in id and set(traits) <= {"path", "any"}
        case ("tuple" | "union", *args):
            return all(map(_well_formed, args))
        case (str() as head, *args):
            return _HEADS.get(head) == len(args) and all(map(_well_formed, args))
        case _:
            return False
