"""The task form: a pipeline in; its plan (`plan.json`), or the task file of one node, out. ARCHITECTURE.md shows both."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any, assert_never

from wye.ir import model as ir
from wye.ir.expressions import Key, Reference, key, references
from wye.ir.lines import in_lines
from wye.ir.model import Block, Expr
from wye.ir.nodes import captures, every, expressions, source
from wye.ir.printer import type_json, unique_name, value_form
from wye.ir.settings import PipelineSettings, Settings, Targets, thaw
from wye.sdk.settings import Cache, seconds

VERSION = 1
FAILURE = "failure"
"""The input of the step that runs when the run has failed."""
Task = ir.Call | ir.Compute | ir.Fail | ir.Island
"""What runs as one task of a platform."""
Source = Callable[[Reference], dict[str, Any]]
"""Where a value comes from, as JSON."""

_HOSTILE = re.compile(r"[{}$%<>&'`\x7f]")


def dumps(value: Any) -> str:
    """JSON text in ASCII, keys in insertion order, in which no template engine or shell finds anything of the user's to expand."""
    return escaped(json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")))


def document(value: Any) -> str:
    """The same as a file for people to read, in few lines."""
    return escaped(in_lines(value)) + "\n"


def escaped(text: str) -> str:
    """The same JSON. Braces outside strings are JSON's own, so only what stands inside strings is escaped."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', lambda m: _HOSTILE.sub(lambda c: f"\\u{ord(c[0]):04x}", m[0]), text)


def plan_json(pipeline: ir.Pipeline) -> dict[str, Any]:
    """The versioned plan of a pipeline after the passes: what `wye run` interprets, and what a back end in another language reads."""
    return {
        "wye": VERSION,
        "pipeline": pipeline.name,
        "parameters": [_parameter(p) for p in pipeline.parameters],
        "steps": _steps(pipeline, pipeline.body),
        "nodes": [node_json(n, pipeline) for n in pipeline.body.nodes],
        "returns": returns(pipeline),
        **({"handler": _handler(pipeline)} if pipeline.on_failure else {}),
        "settings": _pipeline_settings(pipeline.settings),
    }


def _handler(pipeline: ir.Pipeline) -> dict[str, Any]:
    """The node that runs when the run has failed. What its step takes comes from a parameter that only the platform gives."""
    call = pipeline.on_failure
    assert call
    form = _task(call, pipeline, source_json)
    for name in (p.name for p in pipeline.step(call.step).parameters if p.type == ir.FAILURE):
        source = {"param": FAILURE, "format": "json", "type": type_json(("dict", "str", "json"))}
        made = {"py": "Failure(**failure)", "with": {"failure": {"input": FAILURE}}, "use": {"Failure": ir.FAILURE[1]}}
        form |= {"inputs": {FAILURE: source}, "args": {name: made}}
    return form


def handler_file(pipeline: ir.Pipeline) -> dict[str, Any]:
    """That node with all that its runner needs."""
    assert pipeline.on_failure
    return {"wye": VERSION, **_handler(pipeline), **step_json(pipeline.step(pipeline.on_failure.step), pipeline)}


def _steps(pipeline: ir.Pipeline, block: Block) -> dict[str, Any]:
    used = {n.step for n in every(block) if isinstance(n, ir.Call)}
    if pipeline.on_failure and block is pipeline.body:
        used.add(pipeline.on_failure.step)
    return {s.id: step_json(s, pipeline) for s in pipeline.steps if s.id in used}


def task_file(pipeline: ir.Pipeline, node: Task) -> dict[str, Any]:
    """One node with all that its runner needs."""
    step = step_json(pipeline.step(node.step), pipeline) if isinstance(node, ir.Call) else {}
    return {"wye": VERSION, **node_json(node, pipeline), **step}


def tasks(pipeline: ir.Pipeline) -> tuple[Task, ...]:
    """The tasks of a pipeline without regions, in program order."""
    found = tuple(n for n in pipeline.body.nodes if isinstance(n, Task))
    assert len(found) == len(pipeline.body.nodes), "this pipeline has regions"
    return found


def returns(pipeline: ir.Pipeline) -> str | None:
    """The id of the task whose output `out` is what the pipeline returns."""
    match pipeline.body.yields:
        case (ir.Output(task=task, name="out"),):
            return task
        case _:
            return None


def bindings(node: Task) -> tuple[tuple[str, Expr], ...]:
    """The expressions of a task, by parameter; those that are not a call's have no name. An island's are the values that it reads."""
    match node:
        case ir.Call(bindings=found):
            return found
        case ir.Island():
            return tuple(("", r) for r in captures(node))
        case _:
            return tuple(("", e) for e in expressions(node))


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


def upstream(node: ir.Node) -> tuple[str, ...]:
    """The ids of the nodes that must be done before this one: those it reads, then those it only waits for."""
    found = inputs(node).values() if isinstance(node, Task) else captures(node)
    return tuple(dict.fromkeys([*(id for r in found if (id := source(r))), *node.after]))


def step_json(step: ir.Step, pipeline: ir.Pipeline) -> dict[str, Any]:
    return {
        "function": step.id,
        "entry": _entry(pipeline, step.program),
        "program": step.program,
        "parameters": {p.name: {"kind": p.kind, "type": type_json(p.type), "required": p.required} for p in step.parameters},
        "outputs": [_port(p.name, p.type, p.format) for p in step.ports],
        "result": step.result,
    }


def node_json(node: ir.Node, pipeline: ir.Pipeline, source: Source | None = None) -> dict[str, Any]:
    """A node as it stands in a plan; of a region with all that is inside. `source` is for values that an island reads from outside."""
    read = source or source_json
    if isinstance(node, Task):
        return _task(node, pipeline, read)

    def block(b: Block) -> dict[str, Any]:
        return {"nodes": [node_json(n, pipeline, source) for n in b.nodes], "yields": [yielded(e) for e in b.yields]}

    def yielded(e: Expr) -> dict[str, Any]:
        if isinstance(e, ir.Const):
            return {"const": json.loads(e.text), "format": "json", "type": type_json(e.type)}
        assert isinstance(e, Reference), f"{node.id} yields an expression"
        return read(e)

    def optional(b: Block | None) -> dict[str, Any] | None:
        return None if b is None else block(b)

    form: dict[str, Any] = {"op": type(node).__name__.lower(), "id": node.id, "span": str(node.span)}
    match node:
        case ir.If(condition=condition):
            form |= {"condition": yielded(condition), "then": block(node.then), "else": block(node.orelse)}
        case ir.Map(over=over):
            form |= {"over": yielded(over), "limit": node.concurrency, "body": block(node.body)}
        case ir.For(over=over):
            form |= {"over": yielded(over), "carries": [yielded(c) for c in node.carries], "stop": node.stop, "body": block(node.body)}
        case ir.While():
            form |= {"carries": [yielded(c) for c in node.carries], "stop": node.stop}
            form |= {"condition": block(node.condition), "body": block(node.body)}
        case ir.Try():
            form |= {"body": block(node.body)}
            form |= {"handlers": [{"types": list(h.types), "body": block(h.body)} for h in node.handlers]}
            form |= {"else": optional(node.orelse), "final": optional(node.final)}
        case ir.SubPipeline():
            raise AssertionError("nested pipelines dissolve in the passes")
        case _:
            assert_never(node)
    return form | {"after": list(node.after)}


def _task(node: Task, pipeline: ir.Pipeline, read: Source) -> dict[str, Any]:
    name_of = namer(node)
    form: dict[str, Any] = {"op": type(node).__name__.lower(), "id": node.id}
    if isinstance(node, ir.Call):
        form["step"] = node.step
    form["span"] = str(node.span)
    form["inputs"] = {name: read(reference) for name, reference in inputs(node).items()}
    match node:
        case ir.Call():
            form["args"] = {name: value_form(expr, name_of) for name, expr in node.bindings}
        case ir.Compute():
            form["value"] = value_form(node.value, name_of)
            form["type"] = type_json(node.type)
            form["outputs"] = [_port("out", node.type, node.format)]
        case ir.Fail():
            form["value"] = value_form(node.error, name_of)
            form["when"] = None if node.condition is None else value_form(node.condition, name_of)
            form["outputs"] = []
        case ir.Island():
            form["outputs"] = [_port(p.name, p.type, p.format) for p in node.ports]
            form["plan"] = _island_plan(node, pipeline)
        case _:
            assert_never(node)
    if isinstance(node, ir.Compute | ir.Fail):
        form["program"] = node.program
        if node.program:
            form["entry"] = _entry(pipeline, node.program)
    form["after"] = list(node.after)
    return form | _settings(node.settings, pipeline)


def _island_plan(node: ir.Island, pipeline: ir.Pipeline) -> dict[str, Any]:
    """The plan of the region inside: what it reads from outside are its parameters, by the names of the island's inputs."""
    outer = {key(r): name for name, r in inputs(node).items()}

    def read(reference: Reference) -> dict[str, Any]:
        found = source_json(reference)
        name = outer.get(key(reference))
        return found if name is None else {"param": name, "format": found["format"], "type": found["type"]}

    return {
        "wye": VERSION,
        "pipeline": pipeline.name,
        "parameters": [],
        "steps": _steps(pipeline, node.body),
        "nodes": [node_json(n, pipeline, read) for n in node.body.nodes],
        "yields": [read(e) for e in node.body.yields if isinstance(e, Reference)],
        "settings": {"on_failure": "stop"},
    }


def _entry(pipeline: ir.Pipeline, program: str) -> str:
    return next(p.entry for p in pipeline.programs if p.id == program)


def source_json(reference: Reference) -> dict[str, Any]:
    """Where a value comes from, how it travels, and its type."""
    match reference:
        case ir.Param(name=name):
            where: dict[str, Any] = {"param": name}
        case ir.Output(task=task, name=name):
            where = {"task": task, "output": name}
        case ir.Item(region=region):
            where = {"item": region}
        case ir.Carry(region=region, index=index):
            where = {"carry": region, "index": index}
        case ir.Result(region=region, index=index):
            where = {"result": region, "index": index}
    return where | {"format": "json" if isinstance(reference, ir.Param) else reference.format, "type": type_json(reference.type)}


def _port(name: str, t: Any, format: str) -> dict[str, Any]:
    return {"name": name, "type": type_json(t), "format": format}


def _parameter(p: ir.Parameter) -> dict[str, Any]:
    form: dict[str, Any] = {"name": p.name, "type": type_json(p.type)}
    if p.scheduled:
        return form | {"scheduled": True}
    return form if p.default is None else form | {"default": json.loads(p.default.text)}


def _settings(s: Settings, pipeline: ir.Pipeline) -> dict[str, Any]:
    """What the runner obeys, then `settings`: the rest."""
    form: dict[str, Any] = {}
    if s.retry and s.retry.count:
        form["retry"] = {"delays": list(s.retry.delays())}
    if s.timeout is not None:
        form["timeout"] = s.timeout
    if s.packages:
        form["packages"] = list(s.packages)
        if pipeline.install:
            form["install"] = json.loads(pipeline.install)
    if s.env:
        form["env"] = dict(s.env)
    if s.secrets:
        form["secrets"] = [{"name": x.name, "env": x.env, "key": x.key} for x in s.secrets]
    rest = {
        "image": s.image,
        "python": s.python,
        "files": list(s.files),
        "resources": _present(asdict(s.resources).items()) if s.resources else None,
        "cache": _cache(s.cache) if s.cache else None,
        "tags": dict(s.tags),
        "targets": _targets(s.targets),
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
    return form | _present([("tags", dict(s.tags)), ("targets", _targets(s.targets))])


def _targets(blocks: Targets) -> dict[str, Any]:
    return {name: {k: thaw(v) for k, v in block} for name, block in blocks}


def _present(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {k: v for k, v in items if v is not None and v != [] and v != {}}
