"""The text form of the IR: a pipeline in; stable, readable lines out (`wye dump`). For people and golden files, not to be read back.

pipeline churn:churn -> float  # churn.py:30:1
  param lr: float = 0.1
  %load = call churn:load()  # churn.py:32:12
  %train = call churn:train(rows=%load, lr=lr * 2) {retry=Retry(count=2)} after %check  # churn.py:33:13
  yield %train.out1
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, assert_never

from wye.ir import model as ir
from wye.ir.expressions import Reference
from wye.ir.model import Block, Expr, Node, Pipeline
from wye.ir.nodes import blocks
from wye.ir.printer import Printer
from wye.ir.settings import PipelineSettings, Settings
from wye.runtime.types import show as show_type


def show(pipeline: Pipeline) -> str:
    """The pipeline, what it needs, and the pipelines nested in it."""
    lines = [*_pipeline(pipeline)]
    for step in pipeline.steps:
        lines += ["", *_step(step)]
    for program in pipeline.programs:
        files = " ".join([*(f.path for f in program.files), *(d.path for d in program.data)])
        lines += ["", f"program {program.id} entry {program.entry}: {files}"]
    for nested in pipeline.pipelines:
        lines += ["", *_pipeline(nested)]
    return "\n".join(lines) + "\n"


def _pipeline(p: Pipeline) -> Iterator[str]:
    result = "" if p.type == "any" else f" -> {show_type(p.type)}"
    yield f"pipeline {p.id}{result}{_settings(p.settings)}  # {p.span}"
    for parameter in p.parameters:
        default = f" = {expression(parameter.default)}" if parameter.default else " = ScheduledTime()" * parameter.scheduled
        yield f"  param {parameter.name}: {show_type(parameter.type)}{default}"
    yield from _block(p.body, "  ")
    if p.on_failure:
        yield "  on failure:"
        yield from _block(Block((p.on_failure,), ()), "    ")


def _step(s: ir.Step) -> Iterator[str]:
    yield f"step {s.id}{f' program {s.program}' if s.program else ''}{_settings(s.settings)}  # {s.span}"
    for p in s.parameters:
        marks = [p.kind.replace("_", " ")] if p.kind != "positional_or_keyword" else []
        marks += [] if p.required else ["optional"]
        yield " ".join([f"  param {p.name}: {show_type(p.type)}", *marks])
    for port in s.ports:
        yield f"  output {port.name}: {show_type(port.type)} as {port.format}"
    if s.result not in ("one", "tuple"):
        yield f"  result {s.result}"


def _block(block: Block, indent: str) -> Iterator[str]:
    for node in block.nodes:
        after = f" after {', '.join(f'%{id}' for id in node.after)}" if node.after else ""
        yield f"{indent}{_node(node)}{after}  # {node.span}"
        for name, inner in zip(_titles(node), blocks(node)):
            yield f"{indent}{name}:"
            yield from _block(inner, indent + "  ")
    for value in block.yields:
        yield f"{indent}yield {expression(value)}"


def _node(node: Node) -> str:
    match node:
        case ir.Call():
            ordered = "ordered " if node.ordered else ""
            return f"%{node.id} = {ordered}call {node.step}({_bindings(node.bindings)}){_settings(node.settings)}"
        case ir.SubPipeline():
            return f"%{node.id} = {'ordered ' if node.ordered else ''}pipeline {node.pipeline}({_bindings(node.bindings)})"
        case ir.Compute():
            program = f" program {node.program}" if node.program else ""
            port = f"{show_type(node.type)} as {node.format}"
            return f"%{node.id} = compute {expression(node.value)}: {port}{program}{_settings(node.settings)}"
        case ir.Fail():
            when = f" if {expression(node.condition)}" if node.condition is not None else ""
            program = f" program {node.program}" if node.program else ""
            return f"%{node.id} = fail {expression(node.error)}{when}{program}{_settings(node.settings)}"
        case ir.If():
            return f"%{node.id} = if {expression(node.condition)}"
        case ir.Map():
            limit = f" at most {node.concurrency} at once" if node.concurrency else ""
            return f"%{node.id} = map over {expression(node.over)}{limit}"
        case ir.For():
            return f"%{node.id} = for over {expression(node.over)}{_carries(node.carries, node.stop)}"
        case ir.While():
            return f"%{node.id} = while{_carries(node.carries, node.stop)}"
        case ir.Try():
            return f"%{node.id} = try"
        case ir.Island():
            ports = ", ".join(f"{p.name}: {show_type(p.type)} as {p.format}" for p in node.ports)
            return f"%{node.id} = island{f' -> {ports}' if ports else ''}{_settings(node.settings)}"
        case _:
            assert_never(node)


def _titles(node: Node) -> tuple[str, ...]:
    """What stands before each block of a region."""
    match node:
        case ir.If():
            return "then", "else"
        case ir.While():
            return "condition", "do"
        case ir.Try():
            handlers = [f"except {', '.join(h.types)}".rstrip() for h in node.handlers]
            return ("do", *handlers, *(["else"] if node.orelse else []), *(["finally"] if node.final else []))
        case _:
            return ("do",)


def _carries(carries: tuple[Expr, ...], stop: int | None) -> str:
    shown = f" carrying {', '.join(map(expression, carries))}" if carries else ""
    return shown if stop is None else f"{shown} until {stop}"


def _bindings(bindings: tuple[tuple[str, Expr], ...]) -> str:
    return ", ".join(f"{name}={expression(e)}" for name, e in bindings)


class _Shown(Printer):
    """Everything in line: `%load` and `%train.auc` are tasks' outputs, `cast(v, T)` is a check, classes have their modules."""

    def __init__(self, expr: Expr) -> None:
        super().__init__(expr, lambda r: "")

    def reference(self, expr: Reference) -> str:
        match expr:
            case ir.Param(name=name):
                return name
            case ir.Output(task=task, name=name):
                return f"%{task}" if name == "out" else f"%{task}.{name}"
            case ir.Item(region=region):
                return f"%{region}.item"
            case ir.Carry(region=region, index=index):
                return f"%{region}.carry[{index}]"
            case ir.Result(region=region, index=index):
                return f"%{region}.result[{index}]"
            case _:
                assert_never(expr)

    def constant(self, value: Any) -> str:
        return ascii(value)

    def cast(self, expr: ir.Cast) -> str:
        return f"cast({self.print(expr.value)[0]}, {show_type(expr.type)})"

    def class_name(self, cls: str) -> str:
        return cls


def expression(expr: Expr) -> str:
    return _Shown(expr).print(expr)[0]


# --- settings -------------------------------------------------------------------------------------------------------------------


def _settings(s: Settings | PipelineSettings) -> str:
    """Those that are set, in the order of the fields."""
    parts = []
    for field in fields(s):
        value = getattr(s, field.name)
        if field.name == "spans" or value in (None, ()) or (field.name == "on_failure" and value == "stop"):
            continue
        if isinstance(value, Settings):
            parts += [f"{field.name}={inner}"] if (inner := _settings(value).strip()) else []
        else:
            parts.append(f"{field.name}={_setting(value)}")
    return f" {{{', '.join(parts)}}}" if parts else ""


def _setting(value: Any) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        given = [(f, getattr(value, f.name)) for f in fields(value)]
        return f"{type(value).__name__}({', '.join(f'{f.name}={_setting(v)}' for f, v in given if v != f.default)})"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_setting, value)) + ("," if len(value) == 1 else "") + ")"
    return ascii(value)
