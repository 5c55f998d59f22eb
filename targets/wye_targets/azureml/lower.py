"""A checked pipeline in, its pipeline job as data out: what each command job reads, runs on and is told, and its task file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wye.backend.capabilities import Row
from wye.backend.check import CheckedPipeline
from wye.backend.guards import BEGIN, Draft, Origin, Regions, light, named, programs_of
from wye.backend.names import NameRules, spellings
from wye.diagnostics import CompileFailed, Diagnostic
from wye.ir import model as ir
from wye.ir.printer import type_json
from wye.ir.settings import Settings
from wye.runtime.values import parse_argument, wire
from wye_targets.azureml.adapter import DEFAULT, REQUIRED, RUN
from wye_targets.azureml.capabilities import ARGUMENT, INPUTS, REUSE, STEPS, TEXT, AzuremlOptions
from wye_targets.azureml.placement import PLAIN

LAST, START = "outputs", "start"
"""The task that makes what the pipeline returns, and the one that notes when the run has started."""
VAULT, SCHEDULED = "key_vault", "scheduled_time"
"""Inputs of the pipeline job that are ours."""
SMALL = 2**53
KEYS = NameRules(charset="a-z0-9_", fill="_", limit=64)
PARAMETERS = NameRules(charset="a-z0-9_", fill="_", limit=64, prefix="p")
RESERVED = ("path", "ld_library_path", "user", "logname", "home", "pwd", "shell", VAULT, SCHEDULED)
"""What the platform does not take as the name of an input, and what is ours."""


@dataclass(slots=True)
class Task:
    """A command job. `reads`: the tasks whose outputs it is given; `told`: the inputs of the pipeline job that it is given."""

    key: str
    draft: Draft
    form: dict[str, Any]
    settings: Settings
    reads: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    reused: bool = False

    @property
    def last(self) -> bool:
        return self.key == LAST


@dataclass(frozen=True, slots=True)
class Native:
    """`inputs` are those of the pipeline job, with their defaults; `scheduled`: whether its schedule says for which time a run is meant."""

    pipeline: ir.Pipeline
    options: AzuremlOptions
    tasks: tuple[Task, ...]
    inputs: dict[str, Any]
    parameters: tuple[tuple[str, ir.Parameter], ...]
    programs: tuple[ir.Program, ...]
    ids: dict[str, str]
    embedded: bool
    """Whether the programs and the runner travel with the artifact; else they are in the images."""

    @property
    def scheduled(self) -> bool:
        return SCHEDULED in self.inputs


def decided(pipeline: ir.Pipeline, options: AzuremlOptions) -> dict[tuple[str, str], Row]:
    """What the whole pipeline decides: which caches have no effect."""
    again: dict[str, str] = {}
    found: dict[tuple[str, str], Row] = {}
    for task in _made(pipeline, options, Settings())[1]:
        why = _again(task, again)
        if why:
            again[task.key] = why
        if why and task.draft.node and task.settings.cache and task.settings.cache.max_age is None:
            found["step.cache", task.draft.id] = Row("advisory", f"the step runs each time: {why}", REUSE)
    return found


def _again(task: Task, again: Mapping[str, str]) -> str | None:
    """Why a task runs in each run; None when it may not. `again`: tasks before it that do."""
    if task.draft.soft:
        return "what is inside a `try`, or a failure stops nothing, ends well though it has failed"
    if not task.reused:
        return "it has no cache"
    if "times" in task.form:
        return "it has to know when the run was started"
    new = next((r for r in task.reads if r in again), None)
    return f"it waits for `{new}`, which runs each time, and whose output is one of its inputs" if new else None


def lower(checked: CheckedPipeline, options: AzuremlOptions) -> Native:
    pipeline = checked.pipeline
    maker, tasks, keys = _made(pipeline, options, checked.plain)
    used = {p for task in tasks for p in programs_of(task.form)}
    inputs = {n: parameter_default(p) for n, p in maker.parameters}
    wanted = {name for task in tasks for name in task.told}
    inputs |= {VAULT: REQUIRED} if VAULT in wanted else {}
    inputs |= {SCHEDULED: RUN} if SCHEDULED in wanted else {}
    _check(pipeline, tasks, inputs)
    return Native(
        pipeline, options, tuple(tasks), inputs, maker.parameters, tuple(p for p in pipeline.programs if p.id in used),
        {key: id for id, key in keys.items() if key != id}, not checked.images,
    )  # fmt: skip


def _made(pipeline: ir.Pipeline, options: AzuremlOptions, plain: Settings) -> tuple[_Maker, list[Task], dict[str, str]]:
    """The tasks in order, with what they were made with and their keys. `plain`: the settings of tasks that are nobody's step."""
    regions = Regions(pipeline)
    drafts = dict(regions.drafts)
    if not pipeline.on_failure and len(drafts) > 1 and drafts[regions.end].form["op"] == "end":
        del drafts[regions.end]  # a pipeline job has failed when any of its tasks has
    keys = {**spellings([id for id in drafts if id != regions.end], KEYS, {LAST, START}), regions.end: LAST}
    lanes = _lanes(pipeline, drafts)
    names = spellings([p.name for p in pipeline.parameters], PARAMETERS, RESERVED)
    parameters = tuple((names[p.name], p) for p in pipeline.parameters)
    maker = _Maker(pipeline, plain, options, keys, parameters)
    tasks = [maker.task(draft, draft.id == regions.end, lanes.get(draft.id, ())) for draft in drafts.values()]
    _islands(pipeline, tasks)
    if maker.times:
        start = Draft(START, {"op": "start"}, str(pipeline.span))
        tasks.insert(0, maker.task(start, False, ()))
    return maker, tasks, keys


def _works(draft: Draft) -> bool:
    return draft.form["op"] not in ("verdict", "end")


def _lanes(pipeline: ir.Pipeline, drafts: Mapping[str, Draft]) -> dict[str, tuple[str, ...]]:
    """With `max_parallel`, the task before it in one of so many lanes: what a task waits for beside what it needs."""
    count = pipeline.settings.max_parallel
    tasks = [id for id, d in drafts.items() if _works(d) and not d.handles]
    return {later: (earlier,) for earlier, later in zip(tasks, tasks[count:])} if count else {}


@dataclass(slots=True)
class _Maker:
    pipeline: ir.Pipeline
    plain: Settings
    options: AzuremlOptions
    keys: Mapping[str, str]
    parameters: tuple[tuple[str, ir.Parameter], ...]
    contexts: frozenset[str] = field(init=False)
    times: bool = False
    """Whether some task needs to know when the run has started."""

    def __post_init__(self) -> None:
        self.contexts = frozenset(p.id for p in self.pipeline.programs if p.context)

    def task(self, draft: Draft, last: bool, lane: tuple[str, ...]) -> Task:
        key = START if draft.form["op"] == "start" else self.keys[draft.id]
        settings = draft.node.settings if draft.node else self.plain
        form = self._form(draft, last)
        origins = [o for origin in _origins(draft) for o in _leaves(origin)]
        tasks = _once([*draft.needs, *(o["task"] for o in origins if "task" in o), *draft.checks, *draft.of, *draft.handles, *lane])
        reads = [self.keys[t] for t in tasks if t != BEGIN and t in self.keys]
        cached = settings.cache is not None and settings.cache.max_age is None
        reused = cached and not draft.soft and form["op"] in ("call", "island")
        wanted = {o["param"] for o in origins if "param" in o}
        if form["op"] == "start" or (not reads and not reused and not self._asks_time(form, wanted)) or (last and not self.times):
            wanted = {p.name for _, p in self.parameters}
        told = tuple(self._tell(form, wanted))
        if self._asks_time(form, wanted):
            self.times = True
            reads.append(START)
            form["times"] = True
        return Task(key, draft, form, settings, tuple(reads), told, reused)

    def _form(self, draft: Draft, last: bool) -> dict[str, Any]:
        """A task file: the runner's, with where each input is found, and what the adapter looks at before it starts the runner."""
        form = dict(draft.form) if draft.node else light(draft)
        form.pop("after", None)
        if draft.node:
            form["inputs"] = {name: named(origin, self.keys) | port for name, (origin, port) in draft.inputs.items()}
            form |= {"returns": True} if last else {}
        if draft.guards:
            form["guards"] = [{"if": named(origin, self.keys), "is": wanted} for origin, wanted in draft.guards]
        for name, ids in (("checks", draft.checks), ("of", draft.of), ("handles", draft.handles)):
            if ids:
                form[name] = [self.keys[t] for t in ids if t in self.keys]
        if draft.soft:
            form["soft"] = draft.soft
        if any(p in self.contexts for p in programs_of(form)):
            form["context"] = True
        limit = self.pipeline.settings.timeout
        if limit is not None and "handles" not in form and form["op"] not in ("verdict", "end", "start"):
            form["deadline"] = limit
        if form.get("secrets") and self.options.key_vault:
            form["vault"] = self.options.key_vault
        return form

    def _tell(self, form: dict[str, Any], wanted: set[str]) -> Iterator[str]:
        """What a task is told of the run, and checks: parameters that it reads; those that start first, and a last one that no `start` was
        before, all of them."""
        told = [(n, p) for n, p in self.parameters if p.name in wanted]
        if told:
            form["told"] = [{"name": p.name, "input": f"param_{n}", "type": type_json(p.type)} | _default(p) for n, p in told]
            yield from (n for n, _ in told)
        if form.get("secrets") and not self.options.key_vault:
            yield VAULT
        if form["op"] == "start" and self.pipeline.settings.schedule:
            yield SCHEDULED

    def _asks_time(self, form: dict[str, Any], wanted: set[str]) -> bool:
        if form["op"] == "start":
            return False
        return "deadline" in form or "context" in form or any(p.scheduled and p.name in wanted for _, p in self.parameters)


def _islands(pipeline: ir.Pipeline, tasks: list[Task]) -> None:
    """With `max_parallel` an island beside other tasks runs one task at a time."""
    limit = pipeline.settings.max_parallel
    before: dict[str, set[str]] = {}
    for task in tasks:
        before[task.key] = set(task.reads).union(*(before[r] for r in task.reads if r in before))
    for task in tasks if limit else ():
        if task.form["op"] == "island":
            others = [t.key for t in tasks if t is not task and _works(t.draft)]
            alone = all(t in before[task.key] or task.key in before[t] for t in others)
            task.form["plan"]["settings"]["max_parallel"] = limit if alone else 1


def _origins(draft: Draft) -> list[Origin]:
    return [*(origin for origin, _ in draft.inputs.values()), *(origin for origin, _ in draft.guards)]


def _leaves(origin: Origin) -> Iterator[Origin]:
    """All that an origin may lead to, behind joins too."""
    if "select" in origin:
        for part in origin.values():
            yield from _leaves(part)
    else:
        yield origin


def _once(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))


def _check(pipeline: ir.Pipeline, tasks: list[Task], inputs: Mapping[str, Any]) -> None:
    """What the platform's own code does not look at."""

    def refused(message: str) -> CompileFailed:
        help = "loop over a list that a step makes: what is known at compile time is unrolled, a loop at run time is one task"
        return CompileFailed([Diagnostic("WYE4004", message, pipeline.span, help=help, target="azureml")])

    if len(tasks) > STEPS:
        raise refused(f"the pipeline takes {len(tasks):,} jobs, and a pipeline job has at most {STEPS:,}")
    for task in tasks:
        if len(task.reads) > INPUTS:
            what = f"the task {task.draft.id} reads, or looks at, the outputs of {len(task.reads):,} others"
            raise refused(f"{what}, and a job has at most {INPUTS:,} such inputs")
        texts = sum(len(str(value)) for name, value in inputs.items() if name in task.told)
        if texts + 300 * (len(task.reads) + len(task.told) + 1) > ARGUMENT:
            raise refused(
                f"the command of the task {task.draft.id} holds too many parameters for a shell: {texts:,} characters of defaults"
            )


# --- parameters -----------------------------------------------------------------------------------------------------------------------


def _default(p: ir.Parameter) -> dict[str, Any]:
    if p.scheduled:
        return {"scheduled": True}
    return {"default": json.loads(p.default.text)} if p.default and parameter_default(p) == DEFAULT else {}


def parameter_default(p: ir.Parameter) -> Any:
    """The default of an input: of the platform's own type where that keeps it for certain, else the text that `-p` takes."""
    if p.scheduled:
        return RUN
    if p.default is None:
        return REQUIRED
    value = json.loads(p.default.text)
    if p.type == "bool" or (p.type == "int" and abs(value) < SMALL):
        return value
    plain = p.type == "str" and value and value.strip() == value and PLAIN.fullmatch(value) and parse_argument(value, "str") == value
    text: str = value if plain else wire(value)
    return text if len(text) <= TEXT else DEFAULT
