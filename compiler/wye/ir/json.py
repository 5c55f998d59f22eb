"""The task form: a pipeline in; its plan (`plan.json`), or the task file of one node, out. ARCHITECTURE.md shows both."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from wye.ir import model as ir
from wye.ir.expressions import Key, Reference, key, references
from wye.ir.model import Expr
from wye.ir.printer import type_json, unique_name, value_form
from wye.ir.settings import PipelineSettings, Settings
from wye.sdk.settings import Cache, seconds

VERSION = 1
Task = ir.Call | ir.Compute

_HOSTILE = re.compile(r"[{}$%<>&'`\x7f]")


def dumps(value: Any, indent: int | None = None) -> str:
    """JSON text in ASCII, keys in insertion order, in which no template engine or shell finds anything of the user's to expand.

    Braces outside strings are JSON's own, so only what stands inside strings is escaped.
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, indent=indent, separators=None if indent else (",", ":"))
    return re.sub(r'"(?:[^"\\]|\\.)*"', lambda m: _HOSTILE.sub(lambda c: f"\\u{ord(c[0]):04x}", m[0]), text)


def plan_json(pipeline: ir.Pipeline) -> dict[str, Any]:
    """The versioned plan of a pipeline after the passes: what `wye run` interprets, and what a back end in another language reads."""
    nodes = tasks(pipeline)
    used = {n.step for n in nodes if isinstance(n, ir.Call)}
    return {
        "wye": VERSION,
        "pipeline": pipeline.name,
        "parameters": [_parameter(p) for p in pipeline.parameters],
        "steps": {s.id: step_json(s, pipeline) for s in pipeline.steps if s.id in used},
        "nodes": [node_json(n, pipeline) for n in nodes],
        "returns": returns(pipeline),
        "settings": _pipeline_settings(pipeline.settings),
    }


def task_file(pipeline: ir.Pipeline, node: Task) -> dict[str, Any]:
    """One node with all that its runner needs."""
    step = step_json(pipeline.step(node.step), pipeline) if isinstance(node, ir.Call) else {}
    return {"wye": VERSION, **node_json(node, pipeline), **step}


def tasks(pipeline: ir.Pipeline) -> tuple[Task, ...]:
    """The tasks of a pipeline after the passes, in program order."""
    found = tuple(n for n in pipeline.body.nodes if isinstance(n, Task))
    assert len(found) == len(pipeline.body.nodes), "the passes leave calls and computations only"
    return found


def returns(pipeline: ir.Pipeline) -> str | None:
    """The id of the task whose output `out` is what the pipeline returns."""
    match pipeline.body.yields:
        case (ir.Output(task=task, name="out"),):
            return task
        case _:
            return None


def bindings(node: Task) -> tuple[tuple[str, Expr], ...]:
    """The expressions of a task, by parameter; a computation's has no name."""
    return node.bindings if isinstance(node, ir.Call) else (("", node.value),)


def inputs(node: Task) -> dict[str, Reference]:
    """The values that a task reads, each once, by the name of its input.

    A value that is the whole argument of a parameter has the parameter's name; any other has the name of where it comes from.
    """
    names: dict[Key, tuple[str, Reference]] = {}
    found = bindings(node)
    for name, expr in found:
        while isinstance(expr, ir.Cast):
            expr = expr.value
        if name and isinstance(expr, Reference):
            names.setdefault(key(expr), (name, expr))
    taken = {name for name, _ in names.values()}
    for _, expr in found:
        for reference in references(expr):
            if key(reference) not in names:
                name = unique_name(_natural_name(reference), taken)
                taken.add(name)
                names[key(reference)] = (name, reference)
    return dict(names.values())


def _natural_name(reference: Reference) -> str:
    match reference:
        case ir.Param(name=name):
            return name
        case ir.Output(task=task, name=name):
            return task if name == "out" else f"{task}_{name}"
        case ir.Item(region=region) | ir.Carry(region=region) | ir.Result(region=region):
            return region


def namer(node: Task) -> Callable[[Reference], str]:
    """For the expressions of a task: which input a reference reads."""
    names = {key(reference): name for name, reference in inputs(node).items()}
    return lambda reference: names[key(reference)]


def upstream(node: Task) -> tuple[str, ...]:
    """The ids of the tasks that must be done before this one: those it reads, then those it only waits for."""
    read = [r.task for r in inputs(node).values() if isinstance(r, ir.Output)]
    return tuple(dict.fromkeys([*read, *node.after]))


def step_json(step: ir.Step, pipeline: ir.Pipeline) -> dict[str, Any]:
    return {
        "function": step.id,
        "entry": _entry(pipeline, step.program),
        "program": step.program,
        "parameters": {p.name: {"kind": p.kind, "type": type_json(p.type), "required": p.required} for p in step.parameters},
        "outputs": [_port(p.name, p.type, p.format) for p in step.ports],
        "result": step.result,
    }


def node_json(node: Task, pipeline: ir.Pipeline) -> dict[str, Any]:
    name_of = namer(node)
    form: dict[str, Any] = {"op": "call" if isinstance(node, ir.Call) else "compute", "id": node.id}
    if isinstance(node, ir.Call):
        form["step"] = node.step
    form["span"] = str(node.span)
    form["inputs"] = {name: _input(reference) for name, reference in inputs(node).items()}
    if isinstance(node, ir.Call):
        form["args"] = {name: value_form(expr, name_of) for name, expr in node.bindings}
    else:
        form["value"] = value_form(node.value, name_of)
        form["type"] = type_json(node.type)
        form["outputs"] = [_port("out", node.type, node.format)]
        form["program"] = node.program
        if node.program:
            form["entry"] = _entry(pipeline, node.program)
    form["after"] = list(node.after)
    return form | _settings(node.settings)


def _entry(pipeline: ir.Pipeline, program: str) -> str:
    return next(p.entry for p in pipeline.programs if p.id == program)


def _input(reference: Reference) -> dict[str, Any]:
    match reference:
        case ir.Param(name=name, type=t):
            return {"param": name, "format": "json", "type": type_json(t)}
        case ir.Output(task=task, name=name, type=t, format=format):
            return {"task": task, "output": name, "format": format, "type": type_json(t)}
        case _:
            raise AssertionError(f"a value of a region in a flat plan: {reference}")


def _port(name: str, t: Any, format: str) -> dict[str, Any]:
    return {"name": name, "type": type_json(t), "format": format}


def _parameter(p: ir.Parameter) -> dict[str, Any]:
    form: dict[str, Any] = {"name": p.name, "type": type_json(p.type)}
    return form if p.default is None else form | {"default": json.loads(p.default.text)}


def _settings(s: Settings) -> dict[str, Any]:
    """What the runner obeys, then `settings`: the rest."""
    form: dict[str, Any] = {}
    if s.retry and s.retry.count:
        form["retry"] = {"delays": list(s.retry.delays())}
    if s.timeout is not None:
        form["timeout"] = s.timeout
    if s.packages:
        form["packages"] = list(s.packages)
    if s.env:
        form["env"] = dict(s.env)
    if s.secrets:
        form["secrets"] = [{"name": x.name, "env": x.env, "key": x.key} for x in s.secrets]
    rest = {
        "image": s.image,
        "files": list(s.files),
        "resources": _present(asdict(s.resources).items()) if s.resources else None,
        "cache": _cache(s.cache) if s.cache else None,
        "tags": dict(s.tags),
        "targets": {name: dict(options) for name, options in s.targets},
    }
    return form | {"settings": _present(rest.items())}


def _cache(c: Cache) -> dict[str, Any]:
    return {"max_age": None if c.max_age is None else seconds(c.max_age, "max_age")}


def _pipeline_settings(s: PipelineSettings) -> dict[str, Any]:
    form: dict[str, Any] = {"on_failure": s.on_failure}
    if s.timeout is not None:
        form["timeout"] = s.timeout
    if s.max_parallel is not None:
        form["max_parallel"] = s.max_parallel
    if s.schedule:
        form["schedule"] = _present(asdict(s.schedule).items())
    return form | _present([("tags", dict(s.tags)), ("targets", {name: dict(options) for name, options in s.targets})])


def _present(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {k: v for k, v in items if v is not None and v != [] and v != {}}
