"""A checked pipeline in, its Databricks job as data out: the job, the variables of its bundle, the task file of each task."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wye.backend.capabilities import Row
from wye.backend.check import CheckedPipeline
from wye.backend.guards import Draft, Origin, Regions, light, named, programs_of
from wye.backend.names import NameRules, spellings
from wye.diagnostics import CompileFailed, Diagnostic
from wye.ir import model as ir
from wye.ir.printer import type_json
from wye.runtime.values import parse_argument, wire
from wye.schedules.quartz import MAX_RUNS, quartz_schedule
from wye_targets.databricks import loops
from wye_targets.databricks.adapter import DEFAULT, REQUIRED
from wye_targets.databricks.branches import Branches, Edges, branched, branches, compared
from wye_targets.databricks.capabilities import CONDITION, LOOPS, PARAMETER_CHARS, TASK_VALUES, TASKS, DatabricksOptions
from wye_targets.databricks.clusters import KEYS, Computes, settled_before
from wye_targets.databricks.placement import PLAIN

NOTEBOOKS, SOURCES = "notebooks", "src"
LAST = "outputs"
"""The task that makes what the pipeline returns."""
FILES = "${workspace.file_path}"
"""Where a bundle's files are in the workspace."""
_VOLUME = {
    "catalog": "with the volume of what the tasks hand on as files",
    "schema": "with that volume",
    "volume": "for what the tasks hand on as files",
}
PARAMETERS = NameRules(charset="A-Za-z0-9_", fill="_", limit=100, lower=False, first="A-Za-z0-9_")


@dataclass(frozen=True, slots=True)
class Task:
    """A task: what the job says of it, what its notebook is told, its task file."""

    key: str
    entry: dict[str, Any]
    form: dict[str, Any]
    span: str


@dataclass(frozen=True, slots=True)
class Job:
    """`job` is as the API takes it, but for its tasks; `variables` are (name, description) of what whoever deploys it must say. `spec` is
    what every task reads."""

    pipeline: ir.Pipeline
    options: DatabricksOptions
    name: str
    job: dict[str, Any]
    tasks: tuple[Task, ...]
    entries: tuple[dict[str, Any], ...]
    """What the job says of its tasks, If/else tasks among them."""
    variables: dict[str, str]
    spec: dict[str, Any]
    programs: tuple[ir.Program, ...]
    parameters: tuple[tuple[str, ir.Parameter], ...]
    interpreter: bool


def lower(checked: CheckedPipeline, options: DatabricksOptions) -> Job:
    pipeline = checked.pipeline
    regions, drafts, tree = drafted(pipeline)
    turns = [d.loop.turn for d in drafts.values() if d.loop]
    _check_count(pipeline, len(drafts) + len(turns) + len(tree.conditions), len(turns))
    keys = task_keys(regions, (*drafts, *turns, *tree.conditions))
    lanes = loops.lanes(pipeline.settings.max_parallel, drafts)
    edges = {id: tree.of(id) if id in tree.conditions else tree.of(id).also(lanes.get(id, ())) for id in tree.order()}
    before = settled_before({id: tuple(t for t, _ in e.of) for id, e in edges.items()})
    asked = _asked(drafts, lanes, tree)
    names = spellings([p.name for p in pipeline.parameters], PARAMETERS)
    parameters = tuple((names[p.name], p) for p in pipeline.parameters)
    values = len(asked) + len(turns) + sum(len(tree.tested(id)) for id in drafts)
    states = "store" if 2 * values > TASK_VALUES else "task values"  # room for a repair, which sets them again
    spec = _spec(pipeline, parameters, keys, states, options.store is not None or states == "store" or bool(turns))
    computes = Computes(options, before)
    context = {p.id for p in pipeline.programs if p.context}
    tasks = []
    for id, draft in drafts.items():
        whatever = draft.whatever or id in lanes
        form = _form(draft, keys, id == regions.end, id in asked, draft.requires if whatever else ())
        form |= branched(id, tree, keys)
        form |= {"context": True} if any(p in context for p in programs_of(form)) else {}
        parallel = loops.at_once(id, drafts, before, pipeline.settings.max_parallel)
        if parallel and form["op"] == "island":
            form["plan"]["settings"]["max_parallel"] = 1 if draft.loop else parallel
        tasks.append((draft, form, whatever, parallel))
    entries = {id: _entry(id, edges[id], keys) for id in edges}
    for c, condition in tree.conditions.items():
        entries[c] |= compared(condition, keys)
    made = []
    for draft, form, whatever, parallel in tasks:
        key, entry = keys[draft.id], entries[draft.id]
        if whatever:
            entry["run_if"] = "ALL_DONE"
        told = _told(form, pipeline, "store" in spec or _files(form), options) | (loops.INDEX if draft.loop else {})
        work = {"notebook_task": {"notebook_path": f"{FILES}/{NOTEBOOKS}/{key}", "base_parameters": told, "source": "WORKSPACE"}}
        work |= computes.fields(draft) | {"max_retries": 0}
        entry |= loops.each(draft, keys, parallel, work) if draft.loop else work
        made.append(Task(key, entry, form, draft.span))
    used = {p for _, form, _, _ in tasks for p in programs_of(form)}
    variables = dict(computes.variables)
    told_all = {name for t in made for name in told_by(t.entry)}
    if options.store is None and "wye.store" in told_all:
        variables |= {n: f"the {n} of Unity Catalog {text}" for n, text in _VOLUME.items()}
    if "wye.scope" in told_all and options.secret_scope is None:
        variables["secret_scope"] = "the secret scope"
    return Job(
        pipeline, options, KEYS.spell(pipeline.name), _job(pipeline, options, parameters, computes), tuple(made), tuple(entries.values()),
        variables, spec,
        tuple(p for p in pipeline.programs if p.id in used), parameters, any(form["op"] == "island" for _, form, _, _ in tasks),
    )  # fmt: skip


def drafted(pipeline: ir.Pipeline) -> tuple[Regions, dict[str, Draft], Branches]:
    """The tasks of a pipeline, and which of its `if`s are If/else tasks. With lanes there are none: a lane waits for tasks in arms too."""
    regions = Regions(pipeline, hard=True)
    drafts = dict(regions.drafts)
    if not pipeline.on_failure and len(drafts) > 1 and drafts[regions.end].form["op"] == "end":
        del drafts[regions.end]  # the tasks that nothing waits for say whether the run has succeeded
    room = LOOPS - sum(d.loop is not None for d in drafts.values())
    return regions, drafts, branches(drafts, 0 if pipeline.settings.max_parallel else room)


def decided(pipeline: ir.Pipeline, options: DatabricksOptions) -> dict[tuple[str, str], Row]:
    """What the whole pipeline decides: which `if`s are If/else tasks."""
    return {
        ("if", c): Row("native", "an If/else task: tasks of the arm that is not taken are left out", CONDITION)
        for c in drafted(pipeline)[2].conditions
    }


def _entry(id: str, edges: Edges, keys: Mapping[str, str]) -> dict[str, Any]:
    entry: dict[str, Any] = {"task_key": keys[id]}
    if edges.of:
        entry["depends_on"] = edges.entry(keys)
    return entry | ({"run_if": "NONE_FAILED"} if edges.joins else {})


def _check_count(pipeline: ir.Pipeline, count: int, turns: int) -> None:
    """Tasks that run for each item count, and what each of them runs as well."""
    if count > TASKS:
        message = f"the pipeline takes {count:,} tasks, and a job has at most {TASKS:,}"
        help = "loop over a list that a step makes: what is known at compile time is unrolled, a loop at run time is four tasks"
    elif turns > LOOPS:
        message = f"the pipeline has {turns} loops that are For each tasks, and a run has room for the indices of {LOOPS}"
        help = "call the loops from steps, or make one of several"
    else:
        return
    raise CompileFailed([Diagnostic("WYE4004", message, pipeline.span, help=help, target="databricks")])


def told_by(entry: Mapping[str, Any]) -> dict[str, str]:
    """What a task's notebook is told, or that of its iterations."""
    told: dict[str, str] = notebook_of(entry)["base_parameters"]
    return told


def notebook_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    task: dict[str, Any] = entry["for_each_task"]["task"]["notebook_task"] if "for_each_task" in entry else entry["notebook_task"]
    return task


def task_keys(regions: Regions, ids: Iterable[str]) -> dict[str, str]:
    """The key of each task. What the pipeline returns is made by `outputs`, whatever that was called."""
    keys = spellings([id for id in ids if id != regions.end], KEYS, {LAST})
    return {**keys, regions.end: LAST}


def _asked(drafts: Mapping[str, Draft], lanes: Mapping[str, Any], tree: Branches) -> set[str]:
    """The tasks of which another one asks what became of them, or for a value."""
    found: set[str] = set()

    def of(origin: Origin) -> None:
        if "task" in origin:
            found.add(origin["task"])
        for part in origin.values():
            if isinstance(part, dict):
                of(part)

    for id, draft in drafts.items():
        for origin, _ in (*draft.inputs.values(), *draft.guards):
            of(origin)
        found.update((*draft.of, *draft.handles, *(draft.requires if draft.whatever or id in lanes else ()), *tree.looks(id)))
    return found


# --- task files -----------------------------------------------------------------------------------------------------------------------


def _form(draft: Draft, keys: Mapping[str, str], last: bool, asked: bool, requires: tuple[str, ...]) -> dict[str, Any]:
    """A task file: the runner's, with where each input is found, and what the adapter looks at before it starts the runner."""
    form = dict(draft.form) if draft.node else light(draft)
    form.pop("after", None)
    if draft.node or draft.inputs:
        form["inputs"] = {name: named(origin, keys) | port for name, (origin, port) in draft.inputs.items()}
    if draft.node:
        if draft.node.settings.python:
            form["python"] = draft.node.settings.python
        if last:
            form["returns"] = True
    if asked:
        form["reports"] = True
    if draft.loop:
        form["loop"] = {"id": draft.loop.id, "items": keys[draft.loop.items]}
    if form["op"] == "gather":
        form["loop"] = {"items": keys[draft.requires[0]], "turns": keys[draft.needs[0]]}
    if draft.guards:
        form["guards"] = [{"if": named(origin, keys), "is": wanted} for origin, wanted in draft.guards]
    for key, ids in (("checks", requires), ("of", draft.of), ("handles", draft.handles)):
        if ids:
            form[key] = [keys[t] for t in ids if t in keys]
    return form


def _files(form: Mapping[str, Any]) -> bool:
    """Whether a task hands on files, or reads some."""
    ports = (*form.get("outputs", ()), *form.get("inputs", {}).values())
    return any(port.get("format", "json").rstrip("*") != "json" for port in ports)


def _told(form: Mapping[str, Any], pipeline: ir.Pipeline, stored: bool, options: DatabricksOptions) -> dict[str, str]:
    """What a notebook is told. No parameter of the user's has a `.` in its name, which would go before it."""
    told = {"wye.files": f"{FILES}/{SOURCES}"}
    context = "context" in form
    if context or stored or "handles" in form:
        told["wye.run"] = "{{job.run_id}}"
    if context or any(p.scheduled for p in pipeline.parameters):
        told["wye.scheduled"] = scheduled(pipeline)
    if context:
        told["wye.attempt"] = "{{task.execution_count}}"
    if stored:
        told["wye.store"] = options.folder() or "/Volumes/${var.catalog}/${var.schema}/${var.volume}"
    if any(not s.get("key") for s in form.get("secrets", ())):
        told["wye.scope"] = options.secret_scope or "${var.secret_scope}"
    return told


def scheduled(pipeline: ir.Pipeline) -> str:
    """The time for which a run is meant: a scheduled job's is the time that fell due, whenever it has started."""
    return "{{job.trigger.time.iso_datetime}}" if pipeline.settings.schedule else "{{job.start_time.iso_datetime}}"


# --- the job --------------------------------------------------------------------------------------------------------------------------


def _spec(
    pipeline: ir.Pipeline,
    parameters: tuple[tuple[str, ir.Parameter], ...],
    keys: Mapping[str, str],
    states: str,
    stored: bool,
) -> dict[str, Any]:
    spec: dict[str, Any] = {"pipeline": pipeline.name, "folder": KEYS.spell(pipeline.name), "states": states}
    if stored:
        spec["store"] = True
    spec["parameters"] = [{"name": p.name, "parameter": n, "type": type_json(p.type)} | _default(p) for n, p in parameters]
    spec["ids"] = {key: id for id, key in keys.items() if key != id}
    return spec


def _default(p: ir.Parameter) -> dict[str, Any]:
    if p.scheduled:
        return {"scheduled": True}
    return {"default": json.loads(p.default.text)} if p.default and parameter_text(p, "") == DEFAULT else {}


def parameter_text(p: ir.Parameter, time: str) -> str:
    """The default of a job parameter: the text that `-p` takes, in which Databricks finds nothing to replace."""
    if p.scheduled:
        return time
    if p.default is None:
        return REQUIRED
    value = json.loads(p.default.text)
    plain = p.type == "str" and PLAIN.fullmatch(value) and parse_argument(value, "str") == value
    text = value if plain else wire(value)
    return text if len(text) <= PARAMETER_CHARS else DEFAULT


def _job(
    pipeline: ir.Pipeline, options: DatabricksOptions, parameters: tuple[tuple[str, ir.Parameter], ...], computes: Computes
) -> dict[str, Any]:
    settings, place = pipeline.settings, options.placement
    job: dict[str, Any] = {"name": pipeline.name if PLAIN.fullmatch(pipeline.name) else KEYS.spell(pipeline.name)}
    if settings.tags:
        job["tags"] = dict(settings.tags)
    job["max_concurrent_runs"], job["queue"] = MAX_RUNS, {"enabled": False}
    if settings.schedule:
        q = quartz_schedule(settings.schedule)
        job["max_concurrent_runs"], job["queue"] = q.max_concurrent_runs, {"enabled": q.queue}
        job["schedule"] = {"quartz_cron_expression": q.expression, "timezone_id": q.timezone, "pause_status": q.pause_status}
    if settings.timeout is not None:
        job["timeout_seconds"] = math.ceil(settings.timeout)
    if place.run_as_user or place.run_as_service_principal:
        job["run_as"] = (
            {"user_name": place.run_as_user} if place.run_as_user else {"service_principal_name": place.run_as_service_principal}
        )
    if place.budget_policy:
        job["budget_policy_id"] = place.budget_policy
    if place.performance_target:
        job["performance_target"] = place.performance_target
    if parameters:
        job["parameters"] = [{"name": n, "default": parameter_text(p, scheduled(pipeline))} for n, p in parameters]
    if computes.environments:
        job["environments"] = [{"environment_key": k, "spec": s} for k, s in computes.environments.items()]
    if computes.clusters:
        job["job_clusters"] = [{"job_cluster_key": k, "new_cluster": s} for k, s in computes.clusters.items()]
    return job
