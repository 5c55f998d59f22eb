"""A node, or a small task of the target's own, in; a component, its executor and the task's part in a DAG, on their way, out.

A component stands for each task, because `kfp.local` keeps a task's files by its component; an executor is shared by all calls of a step
with the same settings. What differs from call to call travels as inputs: constants as constants, and what is more than a reference
or a constant as one input `wye-call`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import Any

from wye.backend.dockerfile import HOME
from wye.backend.embed import Shipped, data_files, module_files
from wye.backend.names import NameRules
from wye.ir import json as form
from wye.ir import model as ir
from wye.ir.expressions import Reference
from wye.ir.nodes import every
from wye.ir.printer import type_json
from wye.ir.settings import Settings
from wye.runtime.types import Type
from wye.runtime.values import wire
from wye_targets._kfp.adapter import RUN_ID, RUN_TIME, TASK_ID
from wye_targets._kfp.dags import FILE, ONLY, TEXT, TEXTS, TIME, Dag, Kind, Origin, Step, definitions
from wye_targets._kfp.service import Service, plain

NAMES = NameRules(limit=56)
CALL = "wye-call"
RUN_CREATED, CREATED = "wye-run-created", "{{$.pipeline_job_create_time_utc}}"
GUARD = "wye-item"
PASS = "pass"
"""What tasks of the target's own do, and their label."""
CONSTANT_LIMIT = 8192
"""Bytes of a constant that travels as an input; a longer one stays in the executor, whose arguments can be split."""
# What a reader of the executor does not need, or what would make two calls of one step look different.
_DROPPED = ("id", "step", "span", "after", "settings", "retry", "env", "inputs", "args", "value", "when", "type")

_SOME: dict[str, Any] = {"guards": [], "items": {}, "numbers": {}, "text": None}
"""What only some calls say, and what it is for the others."""

Locate = Callable[[Reference], "Origin | Element"]


@dataclass(frozen=True, slots=True)
class Element:
    """One of several artifacts: the list of them, and the number of the one."""

    of: Origin
    index: Origin


@dataclass(frozen=True, slots=True)
class Executor:
    """A container: what its bootstrap is given beside the executor input, and its part of the specification."""

    task: dict[str, Any]
    files: tuple[tuple[str, str], ...]
    """Modules, to be read by people."""
    image: str
    python: str
    env: dict[str, str]
    resources: dict[str, Any]
    interpreter: bool = False
    data: tuple[Shipped, ...] = ()
    """What travels as it is."""
    built: bool = False
    """The image has programs and runner."""


@dataclass(slots=True)
class Task:
    """One container task on its way: `call` is what may differ between tasks that share an executor."""

    step: Step
    label: str
    settings: Settings
    static: dict[str, Any]
    call: dict[str, Any]
    ports: dict[str, Kind]
    """Its outputs, by KFP's names."""
    constants: dict[str, str] = field(default_factory=dict)
    programs: tuple[tuple[str, str], ...] = ()
    data: tuple[Shipped, ...] = ()
    executor: str = ""
    interpreter: bool = False
    cached: bool = False
    """Nothing may run for it: its result comes from the cache."""

    def read(self, name: str, origin: Origin, dag: Dag) -> None:
        """Make a value one of the executor's inputs."""
        source, before = dag.source(origin)
        self.step.given[name] = (origin.kind, source)
        self.step.after |= before
        if origin.kind == TIME:
            self.told(RUN_TIME, "{{$.pipeline_job_schedule_time_utc}}")

    def told(self, name: str, text: str) -> None:
        """An input that the service fills in, or a constant."""
        self.step.given[name] = (TEXT, {"runtimeValue": {"constant": text}})

    def items(self, port: str, key: str, filled: bool) -> str:
        """The name of an output with the items of the list in `port`, each as text; `filled`: an empty list has one that is no text."""
        name = "items" if key == ONLY else f"{key}-items"
        name += "-or-none" if filled else ""
        self.call.setdefault("items", {}).setdefault(port, {})[name] = filled
        self.ports[name] = TEXTS
        return name

    def number(self, port: str, key: str, t: Type, high: bool) -> tuple[str, Kind]:
        """The name of an output that is the number in `port` in KFP's own type; `high`: what is no number is the highest."""
        name, kind = f"{key}-number" + "-nan-high" * high, Kind("NUMBER_INTEGER" if t == "int" else "NUMBER_DOUBLE", "value")
        self.call.setdefault("numbers", {}).setdefault(port, {})[name] = high
        self.ports[name] = kind
        return name, kind

    def guard(self, item: Origin, dag: Dag) -> None:
        """Do nothing where a loop has no item."""
        source, _ = dag.source(item)
        found = next((n for n, (_, s) in self.step.given.items() if s == source), None)
        if found is None:
            found = next(n for n in chain([GUARD], (f"{GUARD}-{i}" for i in count(2))) if n not in self.step.given)
            self.read(found, item, dag)
        self.call.setdefault("guards", []).append(found)

    def component(self) -> dict[str, Any]:
        spec: dict[str, Any] = {"executorLabel": self.executor}
        if self.step.given:
            spec["inputDefinitions"] = definitions({n: kind for n, (kind, _) in self.step.given.items()})
        if self.ports:
            spec["outputDefinitions"] = definitions(self.ports)
        return spec


# --- from nodes -------------------------------------------------------------------------------------------------------------------


def from_node(node: form.Task, step: Step, pipeline: ir.Pipeline, service: Service, dag: Dag, locate: Locate) -> Task:
    """The task of a node, which reads its values in `dag`."""
    handler = node is pipeline.on_failure
    whole = form.handler_file(pipeline) if handler else form.task_file(pipeline, node)
    static = {k: v for k, v in whole.items() if k not in _DROPPED}
    if isinstance(node, ir.Compute):
        static.pop("outputs")
    call: dict[str, Any] = {k: whole[k] for k in ("inputs", "args", "value", "when", "type", "outputs") if k in whole and k not in static}
    keys = output_keys(node, pipeline)
    (call if "outputs" in call else static)["outputs"] = [p | {"key": keys[p["name"]]} for p in whole["outputs"]]
    ports = {keys[p["name"]]: port_kind(p["format"]) for p in whole["outputs"]}
    settings = node.settings
    task = Task(step, _label(node, pipeline), settings, static, call, ports)
    call["inputs"] = {n: _input(task, n, r, dag, locate) for n, r in form.inputs(node).items()}
    if handler:
        call["inputs"] = {n: {**source, "as": "failure", "pipeline": pipeline.name} for n, source in whole["inputs"].items()}
        task.told(RUN_ID, "{{$.pipeline_job_uuid}}")
    if '"py"' in json.dumps([whole.get("args"), whole.get("value"), whole.get("when")]):
        call["span"] = whole["span"]  # for a traceback
    if isinstance(node, ir.Call):
        call["args"] = {p: _hoisted(p, v, call["inputs"], task.constants) for p, v in whole["args"].items()}
    policy = service.retry(settings) if settings.retry else None
    if "retry" in whole and settings.retry and policy is None:
        static["retry"] = whole["retry"]
    hidden = {k: v for k, v in settings.env if not plain(v)}
    if hidden:
        static["env"] = hidden
    task.cached = bool(settings.cache and settings.cache.max_age is None)
    step.fields["cachingOptions"] = {"enableCache": True} if task.cached else {}
    if policy and settings.retry and settings.retry.count and not isinstance(node, ir.Island):
        step.fields["retryPolicy"] = policy
    programs: list[ir.Program] = []
    if isinstance(node, ir.Island):
        programs = island_programs(node, pipeline)
        task.interpreter = True
        task.programs = tuple((f"{p.id}/{path}", text) for p in programs for path, text in module_files(p))
        task.data = tuple((f"{p.id}/{path}", data) for p in programs for path, data in data_files(p))
    elif static.get("program") or call.get("program"):
        programs = [_program(whole["program"], pipeline)]
        task.programs, task.data = module_files(programs[0]), data_files(programs[0])
    if any(p.context for p in programs):
        static["context"] = {"pipeline": pipeline.name}
        task.told(RUN_ID, "{{$.pipeline_job_uuid}}")
        task.told(RUN_TIME, "{{$.pipeline_job_schedule_time_utc}}")
        task.told(TASK_ID, step.name)
    if static.get("secrets"):
        static |= service.secrets
    if service.deadline is not None and not handler and not task.cached:
        static["deadline"] = service.deadline
        task.told(RUN_CREATED, CREATED)
    for name, text in task.constants.items():
        step.given[name] = (TEXT, {"runtimeValue": {"constant": text}})
    return task


def output_ports(node: form.Task, pipeline: ir.Pipeline) -> tuple[ir.Port, ...]:
    match node:
        case ir.Call(step=step):
            return pipeline.step(step).ports
        case ir.Compute():
            return (ir.Port("out", node.type, node.format),)
        case ir.Fail():
            return ()
        case ir.Island(ports=ports):
            return ports


def output_keys(node: form.Task, pipeline: ir.Pipeline) -> dict[str, str]:
    """KFP's name of each output: an only output is `Output`."""
    names = [p.name for p in output_ports(node, pipeline)]
    return {n: ONLY if names == ["out"] else n for n in names}


def port_kind(format: str) -> Kind:
    """How an output travels. A list of artifacts that one task makes is one artifact: a folder."""
    return {"json": TEXT, "json*": TEXTS}.get(format, FILE)


def _label(node: form.Task, pipeline: ir.Pipeline) -> str:
    return pipeline.step(node.step).name if isinstance(node, ir.Call) else node.id


def island_programs(node: ir.Island, pipeline: ir.Pipeline) -> list[ir.Program]:
    """The programs of all tasks inside, each once."""
    ids: dict[str, None] = {}
    for inner in every(node.body):
        if isinstance(inner, ir.Call):
            ids[pipeline.step(inner.step).program] = None
        elif isinstance(inner, ir.Compute | ir.Fail) and inner.program:
            ids[inner.program] = None
    return [_program(i, pipeline) for i in ids]


def _program(id: str, pipeline: ir.Pipeline) -> ir.Program:
    return next(p for p in pipeline.programs if p.id == id)


def _input(task: Task, name: str, reference: Reference, dag: Dag, locate: Locate) -> dict[str, Any]:
    """Bind an input. How it arrives, for the adapter; where it comes from is the specification's matter."""
    found = locate(reference)
    source = form.source_json(reference)
    travels = {"format": source["format"], "type": source["type"]}
    if isinstance(found, Origin):
        task.read(name, found, dag)
        return {"as": found.kind.how, **travels}
    task.read(name, found.of, dag)
    index = f"{name}-index"
    task.read(index, found.index, dag)
    return {"as": found.of.kind.how, "index": index, **travels}


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


# --- of the target's own ----------------------------------------------------------------------------------------------------------


def passing(step: Step, value: ir.Const | Reference | None, format: str, dag: Dag, locate: Locate) -> Task:
    """A task that hands on a value as its output (the adapter does it, no runner starts); without a value, one that only waits."""
    step.fields["cachingOptions"] = {}
    task = Task(step, PASS, Settings(), {"wye": form.VERSION, "op": PASS}, {"inputs": {}}, {})
    if isinstance(value, ir.Const):
        _constant(task, value)
    elif value is not None:
        task.call["inputs"]["value"] = _input(task, "value", value, dag, locate)
    task.call["outputs"] = []
    if value is not None:
        task.call["outputs"] = [{"name": "out", "key": ONLY, "format": format, "type": type_json(value.type)}]
        task.ports[ONLY] = port_kind(format)
    return task


def _constant(task: Task, value: ir.Const) -> None:
    text = wire(json.loads(value.text))
    if len(text) > CONSTANT_LIMIT:
        task.call["text"] = text
        return
    task.call["inputs"]["value"] = {"as": "text", "format": "json", "type": "any"}
    task.step.given["value"] = (TEXT, {"runtimeValue": {"constant": text}})


def items(step: Step, value: Reference, filled: bool, dag: Dag, locate: Locate) -> tuple[Task, str]:
    """A task that lists the items of a list, and the name of that output."""
    task = passing(step, value, "json", dag, locate)
    task.call["outputs"], task.ports = [], {}
    return task, task.items("value", ONLY, filled)


# --- executors --------------------------------------------------------------------------------------------------------------------


def share(tasks: Iterable[Task], pipeline: ir.Pipeline, service: Service) -> tuple[dict[str, Executor], dict[str, dict[str, Any]]]:
    """Give each task its executor. The commonest form of its calls stands in the executor; calls that differ carry their own."""
    groups: dict[str, tuple[Executor, dict[str, Any], list[Task]]] = {}
    for task in tasks:
        if service.created and RUN_TIME in task.step.given:
            task.told(RUN_CREATED, CREATED)
        s = service.own if task.static["op"] == PASS else task.settings
        env = {k: v for k, v in s.env if plain(v)}
        container = Executor(task.static, (), service.image(s), s.python or "python3", env, service.resources(s))
        config = service.config(s)
        key = json.dumps([task.static, container.image, container.python, env, container.resources, config], sort_keys=True)
        groups.setdefault(key, (container, config, []))[2].append(task)
    executors: dict[str, Executor] = {}
    platforms: dict[str, dict[str, Any]] = {}
    for container, config, members in groups.values():
        label = _free("exec-" + NAMES.spell(members[0].label), {*executors, f"exec-{NAMES.spell(pipeline.name)}"})
        for name in (n for n in _SOME if any(n in t.call for t in members)):
            for task in members:  # what one says, another must not leave unsaid
                task.call.setdefault(name, _SOME[name])
        forms = [wire(t.call) for t in members]
        common = Counter(forms).most_common(1)[0][0]
        for task, own in zip(members, forms):
            task.executor = label
            if own != common:
                task.step.given[CALL] = (TEXT, {"runtimeValue": {"constant": own}})
        task_form = {**container.task, "id": label.removeprefix("exec-"), **json.loads(common), **({"home": HOME} if service.built else {})}
        first = members[0]
        if service.built:
            executors[label] = replace(container, task=task_form, built=True)
            platforms |= {label: config} if config else {}
            continue
        executors[label] = replace(container, task=task_form, files=first.programs, interpreter=first.interpreter, data=first.data)
        platforms |= {label: config} if config else {}
    return dict(sorted(executors.items())), dict(sorted(platforms.items()))


def _free(base: str, taken: Collection[str]) -> str:
    return next(n for n in chain([base], (f"{base}-{i}" for i in count(2))) if n not in taken)
