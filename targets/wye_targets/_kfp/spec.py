"""A flat pipeline and the service that is to run it in, its PipelineSpec as data out, the containers apart."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from wye.backend.names import spellings
from wye.ir import json as form
from wye.ir import model as ir
from wye.ir.model import Block
from wye.ir.nodes import blocks
from wye.runtime.types import show
from wye.runtime.values import parse_argument, wire
from wye_targets._kfp.adapter import EXACT, SCHEDULED
from wye_targets._kfp.dags import ONLY, TIME, Dag, Kind, Origin, Step
from wye_targets._kfp.regions import Lowering
from wye_targets._kfp.service import Service, plain
from wye_targets._kfp.tasks import CONSTANT_LIMIT, NAMES, Executor, share

_NATIVE = {"bool": "BOOLEAN", "int": "NUMBER_INTEGER", "float": "NUMBER_DOUBLE", "str": "STRING"}


@dataclass(frozen=True, slots=True)
class Specification:
    """`spec` without its executors, these, and each one's part of the document beside it."""

    spec: dict[str, Any]
    executors: dict[str, Executor]
    configs: dict[str, dict[str, Any]]


def specification(whole: ir.Pipeline, service: Service, store: str | None) -> Specification:
    """`store`: where artifacts go."""
    pipeline, returned = _returned(whole)
    names = spellings((n.id for n in (*_tasks(pipeline.body), *([pipeline.on_failure] if pipeline.on_failure else []))), NAMES)
    declared = {p.name: _root_input(p) for p in pipeline.parameters}
    root = Dag(Step("root", pipeline.name, "root"))
    root.inputs = {n: Kind(p["parameterType"], "raw" if p["parameterType"] == "STRING" else "value") for n, p in declared.items()}
    root.inputs |= {p.name: TIME for p in pipeline.parameters if p.scheduled}
    lowering = Lowering(pipeline, service, names, _components(names.values(), NAMES.spell(pipeline.name)), root)
    lowering.run()
    if returned is not None:
        made = lowering.locate(returned)
        assert isinstance(made, Origin), "what is returned is a value of its own"
        assert made.task, "what is returned is made by a task"
        if made.dag is not root:
            made = made.dag.hand_out(ONLY, made.kind, [(made.task, made.key)])
        root.outputs[ONLY] = (made.kind, [(str(made.task), made.key)])
    executors, configs = share(lowering.tasks.values(), pipeline, service)
    components = {t.step.component: t.component() for t in lowering.tasks.values()}
    components |= {d.step.component: d.component() for d in lowering.dags}
    top = root.component()
    if declared:
        top["inputDefinitions"] = {"parameters": dict(sorted(declared.items()))}
    spec: dict[str, Any] = {
        "components": dict(sorted(components.items())),
        "pipelineInfo": _info(pipeline),
        "root": dict(sorted(top.items())),
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.17.0",
    }
    if store:
        spec["defaultPipelineRoot"] = store
    return Specification(spec, executors, configs)


def _tasks(block: Block) -> Iterator[form.Task]:
    """Every node that becomes a task, in program order: what an island holds runs inside it."""
    for node in block.nodes:
        if isinstance(node, form.Task):
            yield node
        else:
            for inner in blocks(node):
                yield from _tasks(inner)


def _components(tasks: Collection[str], pipeline: str) -> dict[str, str]:
    """Each task's component. kfp takes a specification with a component or executor of the pipeline's own name for that one alone."""
    free = (f"{pipeline}-{i}" for i in count(2))
    found = {t: f"comp-{next(n for n in free if n not in tasks) if t == pipeline else t}" for t in tasks}
    return {pipeline: f"comp-{pipeline}"} | {c.removeprefix("comp-"): c for c in found.values()} | found


def _info(pipeline: ir.Pipeline) -> dict[str, str]:
    name = NAMES.spell(pipeline.name)
    info = {"description": pipeline.doc or "", "displayName": pipeline.name if pipeline.name != name else "", "name": name}
    return {k: v for k, v in info.items() if v}


def _root_input(p: ir.Parameter) -> dict[str, Any]:
    """A run parameter: in KFP's own type where that is exact, else the text that `-p` takes."""
    if p.scheduled:
        told = "an ISO time with its offset; `scheduled`: the time for which the run is meant"
        return {"defaultValue": SCHEDULED, "description": told, "isOptional": True, "parameterType": "STRING"}
    kind = _NATIVE.get(p.type, "STRING") if isinstance(p.type, str) else "STRING"
    default: Any = json.loads(p.default.text) if p.default else None
    if p.default:
        exact = isinstance(default, int | float) and (kind != "NUMBER_INTEGER" or abs(default) <= EXACT)
        kind = kind if exact or not kind.startswith("NUMBER") else "STRING"
    spec: dict[str, Any] = {}
    if p.default and kind in ("NUMBER_INTEGER", "NUMBER_DOUBLE"):
        spec["defaultValue"] = float(default)
    elif p.default and kind == "BOOLEAN":
        spec["defaultValue"] = default
    elif p.default:
        spec["defaultValue"] = default if p.type == "str" and _benign(default) else wire(default)
    if kind == "STRING" and p.type != "str":
        spec["description"] = "JSON" if p.type == "any" else f"JSON of {show(p.type)}"
    if p.default:
        spec["isOptional"] = True
    return spec | {"parameterType": kind}


def _benign(text: str) -> bool:
    return text.isprintable() and plain(text) and len(text) <= CONSTANT_LIMIT and parse_argument(text, "str") == text


def _returned(pipeline: ir.Pipeline) -> tuple[ir.Pipeline, ir.Output | ir.Result | None]:
    """The value that the pipeline returns, and the pipeline: without its task `outputs` when that only hands on another value."""
    last = form.returns(pipeline)
    if last is None:
        return pipeline, None
    (found,) = pipeline.body.yields
    node = next(n for n in pipeline.body.nodes if n.id == last)
    assert isinstance(found, ir.Output), "the passes end with the task that returns"
    if not isinstance(node, ir.Compute):
        return pipeline, found
    value = node.value
    while isinstance(value, ir.Cast) and value.type == node.type:
        value = value.value
    if not isinstance(value, ir.Output | ir.Result) or value.type != node.type or value.format != node.format:
        return pipeline, found
    nodes = tuple(n for n in pipeline.body.nodes if n is not node)
    return replace(pipeline, body=Block(nodes, (value,))), value
