"""A checked pipeline in, the two documents of a Kubeflow pipeline (PipelineSpec and PlatformSpec) as data out.

A component stands for each task, because `kfp.local` keeps a task's files by its component; an executor is shared by all calls of a step
with the same settings. What differs from call to call travels as inputs: constants as constants, and what is more than a reference
or a constant as one input `wye-call`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import Any

from wye.backend.check import CheckedPipeline
from wye.backend.embed import program_files
from wye.backend.names import NameRules, spellings
from wye.diagnostics import Span
from wye.ir import json as form
from wye.ir import model as ir
from wye.runtime.types import show
from wye.runtime.values import parse_argument, wire
from wye_targets.kubeflow import platform
from wye_targets.kubeflow.adapter import EXACT
from wye_targets.kubeflow.capabilities import IMAGE, Options, native_retry, plain
from wye_targets.kubeflow.schedule import recurring_run

NAMES = NameRules(limit=56)
ARTIFACT = {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"}
CALL = "wye-call"
CONSTANT_LIMIT = 8192
"""Bytes of a constant that travels as an input; a longer one stays in the executor, whose arguments can be split."""
_Keys = dict[tuple[str, str], str]
_NATIVE = {"bool": "BOOLEAN", "int": "NUMBER_INTEGER", "float": "NUMBER_DOUBLE", "str": "STRING"}
# What a reader of the executor does not need, or what would make two calls of one step look different.
_DROPPED = ("id", "step", "span", "after", "settings", "retry", "env", "inputs", "args", "value", "type")


@dataclass(frozen=True, slots=True)
class Executor:
    """A container: what its bootstrap is given beside the executor input, and its part of the specification."""

    task: dict[str, Any]
    files: tuple[tuple[str, str], ...]
    image: str
    env: dict[str, str]
    resources: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Native:
    """A Kubeflow pipeline: `spec` without its executors, these, the platform document, and what a recurring run needs."""

    spec: dict[str, Any]
    executors: dict[str, Executor]
    platform: dict[str, Any]
    schedule: dict[str, Any] | None
    max_bytes: int
    span: Span


@dataclass(slots=True)
class _Task:
    """One node on its way: `call` is what may differ between calls that share an executor."""

    node: form.Task
    name: str
    component: str
    static: dict[str, Any]
    call: dict[str, Any]
    constants: dict[str, str]
    keys: dict[str, str]
    executor: str = ""
    extra: dict[str, str] = field(default_factory=dict)


def lower(checked: CheckedPipeline, options: Options) -> Native:
    pipeline = checked.pipeline
    nodes = form.tasks(pipeline)
    returned = _returned(pipeline, nodes)
    if returned and returned.task != form.returns(pipeline):
        nodes = nodes[:-1]
    names = spellings((n.id for n in nodes), NAMES)
    components = _components(names.values(), NAMES.spell(pipeline.name))
    roots = {p.name: _root_input(p) for p in pipeline.parameters}
    keys = _keys(pipeline, nodes)
    tasks = [_task(n, names[n.id], components[names[n.id]], pipeline, roots, keys) for n in nodes]
    executors, platforms = _share(tasks, pipeline, options)
    lanes = _lanes([t.name for t in tasks], pipeline.settings.max_parallel)
    root: dict[str, Any] = {"dag": {"tasks": {t.name: _task_spec(t, names, lanes) for t in sorted(tasks, key=lambda t: t.name)}}}
    if returned:
        root["dag"] = {"outputs": _dag_outputs(returned, names[returned.task], keys[returned.task, returned.name])} | root["dag"]
    if roots:
        root["inputDefinitions"] = {"parameters": dict(sorted(roots.items()))}
    if returned:
        root["outputDefinitions"] = _definitions([("Output", returned.format)])
    spec: dict[str, Any] = {
        "components": {t.component: _component(t, roots) for t in sorted(tasks, key=lambda t: t.component)},
        "pipelineInfo": _info(pipeline),
        "root": root,
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.17.0",
    }
    if options.pipeline_root:
        spec["defaultPipelineRoot"] = options.pipeline_root
    scheduled = pipeline.settings.schedule
    return Native(
        spec,
        executors,
        platform.document(platforms, pipeline.settings),
        recurring_run(scheduled, pipeline.name, options.timezone) if scheduled else None,
        options.max_bytes,
        pipeline.span,
    )


def _components(tasks: Collection[str], pipeline: str) -> dict[str, str]:
    """Each task's component. kfp takes a specification with a component or executor of the pipeline's own name for that one alone."""
    free = (f"{pipeline}-{i}" for i in count(2))
    return {t: f"comp-{next(n for n in free if n not in tasks) if t == pipeline else t}" for t in tasks}


def _info(pipeline: ir.Pipeline) -> dict[str, str]:
    name = NAMES.spell(pipeline.name)
    info = {"description": pipeline.doc or "", "displayName": pipeline.name if pipeline.name != name else "", "name": name}
    return {k: v for k, v in info.items() if v}


# --- tasks ----------------------------------------------------------------------------------------------------------------------


def _task(node: form.Task, name: str, component: str, pipeline: ir.Pipeline, roots: dict[str, dict[str, Any]], keys: _Keys) -> _Task:
    whole = form.task_file(pipeline, node)
    static = {k: v for k, v in whole.items() if k not in _DROPPED}
    if isinstance(node, ir.Compute):
        static.pop("outputs")
    call: dict[str, Any] = {k: whole[k] for k in ("inputs", "args", "value", "type", "outputs") if k in whole and k not in static}
    call["inputs"] = {k: _source(v, roots) for k, v in whole["inputs"].items()}
    if "outputs" in call:
        call["outputs"] = [p | {"key": "Output"} for p in call["outputs"]]
    else:
        static["outputs"] = [p | {"key": keys[node.id, p["name"]]} for p in whole["outputs"]]
    constants: dict[str, str] = {}
    if '"py"' in json.dumps([whole.get("args"), whole.get("value")]):
        call["span"] = whole["span"]  # for a traceback
    if isinstance(node, ir.Call):
        call["args"] = {p: _hoisted(p, v, call["inputs"], constants) for p, v in whole["args"].items()}
    if "retry" in whole and node.settings.retry and not native_retry(node.settings.retry):
        static["retry"] = whole["retry"]
    hidden = {k: v for k, v in node.settings.env if not plain(v)}
    if hidden:
        static["env"] = hidden
    read = {n: keys[r.task, r.name] for n, r in form.inputs(node).items() if isinstance(r, ir.Output)}
    return _Task(node, name, component, static, call, constants, read)


def _source(source: dict[str, Any], roots: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """How a value arrives, for the adapter; where it comes from is the specification's matter."""
    if "param" in source:
        native = roots[source["param"]]["parameterType"] != "STRING"
        return {"as": "value" if native else "raw", "format": source["format"], "type": source["type"]}
    return {"as": "text" if source["format"] == "json" else "file", "format": source["format"], "type": source["type"]}


def _hoisted(parameter: str, value: dict[str, Any], inputs: dict[str, Any], constants: dict[str, str]) -> dict[str, Any]:
    """An argument that is a constant becomes an input of the task's, where the user interface shows it and no other call's differs."""
    if "cast" in value:
        return {"cast": value["cast"], "value": _hoisted(parameter, value["value"], inputs, constants)}
    if "const" not in value or parameter in inputs:
        return value
    text = wire(value["const"])
    if len(text) > CONSTANT_LIMIT:
        return value
    constants[parameter] = text
    inputs[parameter] = {"as": "text", "format": "json", "type": "any"}
    return {"input": parameter}


def _keys(pipeline: ir.Pipeline, nodes: Iterable[form.Task]) -> _Keys:
    """KFP's name of each output of each task: an only output is `Output`, as of kfp's own components."""
    ports = {s.id: [p.name for p in s.ports] for s in pipeline.steps}
    outputs = {n.id: ports[n.step] if isinstance(n, ir.Call) else ["out"] for n in nodes}
    return {(i, name): "Output" if names == ["out"] else name for i, names in outputs.items() for name in names}


def _share(tasks: list[_Task], pipeline: ir.Pipeline, options: Options) -> tuple[dict[str, Executor], dict[str, dict[str, Any]]]:
    """Give each task its executor. The commonest form of its calls stands in the executor; calls that differ carry their own."""
    groups: dict[str, tuple[Executor, dict[str, Any], list[_Task]]] = {}
    for task in tasks:
        s = task.node.settings
        env = {k: v for k, v in s.env if plain(v)}
        container = Executor(task.static, (), s.image or options.image or IMAGE, env, platform.resources(s.resources, options))
        config = platform.executor(s, pipeline.settings, options)
        key = json.dumps([task.static, container.image, env, container.resources, config], sort_keys=True)
        groups.setdefault(key, (container, config, []))[2].append(task)
    executors: dict[str, Executor] = {}
    platforms: dict[str, dict[str, Any]] = {}
    for container, config, members in groups.values():
        label = _label(members[0].node, pipeline, {*executors, f"exec-{NAMES.spell(pipeline.name)}"})
        forms = [wire(t.call) for t in members]
        common = Counter(forms).most_common(1)[0][0]
        for task, own in zip(members, forms):
            task.executor = label
            task.extra = {} if own == common else {CALL: own}
        task_form = {**container.task, "id": label.removeprefix("exec-"), **json.loads(common)}
        executors[label] = replace(container, task=task_form, files=_files(container.task.get("program"), pipeline))
        platforms |= {label: config} if config else {}
    return dict(sorted(executors.items())), dict(sorted(platforms.items()))


def _label(node: form.Task, pipeline: ir.Pipeline, taken: Collection[str]) -> str:
    base = "exec-" + NAMES.spell(pipeline.step(node.step).name if isinstance(node, ir.Call) else node.id)
    return next(n for n in chain([base], (f"{base}-{i}" for i in count(2))) if n not in taken)


def _files(program: str | None, pipeline: ir.Pipeline) -> tuple[tuple[str, str], ...]:
    return program_files(next(p for p in pipeline.programs if p.id == program)) if program else ()


# --- the specification ----------------------------------------------------------------------------------------------------------


def _root_input(p: ir.Parameter) -> dict[str, Any]:
    """A run parameter: in KFP's own type where that is exact, else the text that `-p` takes."""
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


def _component(task: _Task, roots: dict[str, dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = {"executorLabel": task.executor}
    references = form.inputs(task.node)
    artifacts = sorted(n for n, s in task.call["inputs"].items() if s["as"] == "file")
    parameters = {n: {"parameterType": "STRING"} for n in [*task.constants, *task.extra]}
    for name, reference in references.items():
        if name not in artifacts:
            kind = roots[reference.name]["parameterType"] if isinstance(reference, ir.Param) else "STRING"
            parameters[name] = {"parameterType": kind}
    if artifacts or parameters:
        spec["inputDefinitions"] = {}
        if artifacts:
            spec["inputDefinitions"]["artifacts"] = {n: {"artifactType": ARTIFACT} for n in artifacts}
        if parameters:
            spec["inputDefinitions"]["parameters"] = dict(sorted(parameters.items()))
    ports = task.static.get("outputs") or task.call["outputs"]
    if ports:
        spec["outputDefinitions"] = _definitions([(p["key"], p["format"]) for p in ports])
    return spec


def _definitions(outputs: list[tuple[str, str]]) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    for key, format in sorted(outputs):
        if format == "json":
            spec.setdefault("parameters", {})[key] = {"parameterType": "STRING"}
        else:
            spec.setdefault("artifacts", {})[key] = {"artifactType": ARTIFACT}
    return dict(sorted(spec.items()))


def _task_spec(task: _Task, names: dict[str, str], lanes: dict[str, str]) -> dict[str, Any]:
    node = task.node
    spec: dict[str, Any] = {
        "cachingOptions": {"enableCache": True} if node.settings.cache and node.settings.cache.max_age is None else {},
        "componentRef": {"name": task.component},
    }
    after = {names[i] for i in form.upstream(node)} | ({lanes[task.name]} if task.name in lanes else set())
    if after:
        spec["dependentTasks"] = sorted(after)
    artifacts: dict[str, Any] = {}
    parameters: dict[str, Any] = {n: {"runtimeValue": {"constant": t}} for n, t in {**task.constants, **task.extra}.items()}
    for name, reference in form.inputs(node).items():
        match reference:
            case ir.Param(name=parameter):
                parameters[name] = {"componentInputParameter": parameter}
            case ir.Output(task=producer, format="json"):
                parameters[name] = {"taskOutputParameter": {"outputParameterKey": task.keys[name], "producerTask": names[producer]}}
            case ir.Output(task=producer):
                artifacts[name] = {"taskOutputArtifact": {"outputArtifactKey": task.keys[name], "producerTask": names[producer]}}
            case _:
                raise AssertionError(f"a value of a region in a flat pipeline: {reference}")
    if artifacts or parameters:
        both = {"artifacts": dict(sorted(artifacts.items())), "parameters": dict(sorted(parameters.items()))}
        spec["inputs"] = {k: v for k, v in both.items() if v}
    retry = node.settings.retry
    if retry and retry.count and native_retry(retry):
        spec["retryPolicy"] = platform.retry_policy(retry, node.settings.timeout)
    return spec | {"taskInfo": {"name": node.id}}


def _lanes(names: list[str], most: int | None) -> dict[str, str]:
    """Edges that keep at most so many tasks going: each waits for the one so many places before it, in program order."""
    return dict(zip(names[most:], names)) if most else {}


def _returned(pipeline: ir.Pipeline, nodes: tuple[form.Task, ...]) -> ir.Output | None:
    """The output that the pipeline returns: of the task `outputs`, or, when that only hands on another's, of the other."""
    if form.returns(pipeline) is None:
        return None
    (found,) = pipeline.body.yields
    last = nodes[-1]
    assert isinstance(found, ir.Output), "the passes end with the task that returns"
    assert isinstance(last, ir.Compute), "the passes end with the task that returns"
    value = last.value
    while isinstance(value, ir.Cast) and value.type == last.type:
        value = value.value
    same = isinstance(value, ir.Output) and value.type == last.type and value.format == last.format
    return value if same and isinstance(value, ir.Output) else found


def _dag_outputs(output: ir.Output, task: str, key: str) -> dict[str, Any]:
    if output.format == "json":
        return {"parameters": {"Output": {"valueFromParameter": {"outputParameterKey": key, "producerSubtask": task}}}}
    return {"artifacts": {"Output": {"artifactSelectors": [{"outputArtifactKey": key, "producerSubtask": task}]}}}
