"""A checked pipeline in, its SageMaker pipeline as data out: the definition, what the jobs are told, the folders that are uploaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wye.backend.capabilities import Row
from wye.backend.check import CheckedPipeline
from wye.backend.embed import program_files
from wye.backend.guards import BEGIN, Draft, Origin, Regions, light, named, programs_of
from wye.backend.images import Image
from wye.backend.names import NameRules, spellings
from wye.diagnostics import CompileFailed, Diagnostic
from wye.ir import model as ir
from wye.ir.expressions import Reference
from wye.ir.json import escaped
from wye.ir.lines import in_lines
from wye.ir.nodes import every, source
from wye.ir.printer import type_json, unique_name
from wye.ir.settings import Settings
from wye.runtime.values import parse_argument, wire
from wye_targets.sagemaker.adapter import DEFAULT, RUN
from wye_targets.sagemaker.branches import Branch, Condition, Guard, leaves, nested
from wye_targets.sagemaker.capabilities import (
    CACHE,
    CONDITION,
    DEFINITION,
    ENVIRONMENT,
    INPUTS,
    OWN_VARIABLES,
    PARAMETERS,
    REPOSITORY,
    TEXT,
    SagemakerOptions,
    foreign,
    hidden_variables,
)
from wye_targets.sagemaker.jobs import Facts, arguments, kept

LAST = "outputs"
"""The step that makes what the pipeline returns."""
PIPELINES = NameRules(charset="A-Za-z0-9-", limit=100, lower=False, first="A-Za-z0-9", prefix="p")
STEPS = NameRules(charset="A-Za-z0-9_-", limit=64, lower=False, first="A-Za-z0-9")
NAMES = NameRules(charset="A-Za-z0-9_", fill="_", limit=100, lower=False, first="A-Za-z0-9_")
SMALL = 2**31
"""What an Integer certainly holds."""
Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Definition:
    """`document` is the pipeline's definition. `uploads` are files below the folder in S3, `programs` folders there. `facts` are the
    parameters that stand for what the stack does not say."""

    pipeline: ir.Pipeline
    options: SagemakerOptions
    name: str
    document: dict[str, Any]
    forms: dict[str, dict[str, Any]]
    uploads: Files
    parameters: tuple[tuple[str, ir.Parameter], ...]
    facts: Facts
    secrets: tuple[str, ...]
    conditional: bool
    """Whether there are Condition steps."""
    images: tuple[Image, ...]


@dataclass(slots=True)
class Job:
    """A step on its way: its task file, and what it reads of others, by step."""

    name: str
    draft: Draft
    plain: Settings
    form: dict[str, Any]
    needs: tuple[str, ...]
    values: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    whole: frozenset[str] = frozenset()
    """Of `values` and `files` those that it reads with one input for all steps."""
    tested: tuple[str, ...] = ()
    """Outputs that a Condition step reads."""
    entry: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return self.draft.node.settings if self.draft.node else self.plain


@dataclass(frozen=True, slots=True)
class Plan:
    """The jobs of a pipeline by task, in order, as the tree of their Condition steps, and the names of all steps."""

    jobs: dict[str, Job]
    tree: Branch
    names: dict[str, str]
    parameters: tuple[tuple[str, ir.Parameter], ...]

    @classmethod
    def of(cls, pipeline: ir.Pipeline, plain: Settings) -> Plan:
        """`plain`: the settings of jobs that are nobody's step."""
        regions = Regions(pipeline)
        drafts = dict(regions.drafts)
        if not pipeline.on_failure and len(drafts) > 1 and drafts[regions.end].form["op"] == "end":
            del drafts[regions.end]  # a run has succeeded when all of its steps have
        tree = nested(drafts)
        conditions = tuple(tree.conditions())
        names = _step_names(drafts, regions.end, conditions)
        own = spellings([p.name for p in pipeline.parameters], NAMES)
        parameters = tuple((own[p.name], p) for p in pipeline.parameters)
        jobs = {id: _job(d, plain, drafts, names, id == regions.end, tree.left(id)) for id, d in drafts.items()}
        for condition in conditions:
            jobs[condition.task].tested = tuple(dict.fromkeys((*jobs[condition.task].tested, condition.output)))
        contexts = {p.id for p in pipeline.programs if p.context}
        for job in jobs.values():
            _tell(job, pipeline, parameters, contexts, _alone(job, jobs))
        return cls(jobs, tree, names, parameters)

    def steps(self) -> int:
        return len(self.jobs) + sum(1 for _ in self.tree.conditions())

    def uncached(self, job: Job) -> str | None:
        """Why a job cannot have what it left before; None when it can."""
        form = job.form
        if "deadline" in form:
            return "the pipeline's timeout makes its variables new in each run"
        if any(p.get("scheduled") for p in form.get("told", ())):
            return "the time for which the run is meant makes its variables new in each"
        if job.draft.soft:
            return "what is inside a `try`, or a failure stops nothing, ends well though it has failed"
        if job.tested:
            return "a Condition step reads it, and a property file is of its own run"
        if any(job.name in other.whole for other in self.jobs.values()):
            return "a step with many inputs takes them all from the folder of its own run"
        others = (j for j in self.jobs.values() if j.name in (*job.values, *job.files))
        new = next((j for j in others if not kept(j.settings.cache) or self.uncached(j)), None)
        return f"it reads the step `{new.name}`, which runs each time and leaves its outputs elsewhere" if new else None


def decided(pipeline: ir.Pipeline, options: SagemakerOptions) -> dict[tuple[str, str], Row]:
    """What the whole pipeline decides: which `if`s are Condition steps, and which caches have no effect."""
    plan, found = Plan.of(pipeline, Settings()), dict[tuple[str, str], Row]()
    handler = (pipeline.on_failure,) if pipeline.on_failure else ()
    for node in (*every(pipeline.body), *handler):
        job = plan.jobs.get(node.id)
        why = plan.uncached(job) if job and job.settings.cache else None
        if why:
            found["step.cache", node.id] = Row("advisory", f"the step runs each time: {why}", CACHE)
        if isinstance(node, ir.If) and isinstance(node.condition, Reference):
            within = [n.id for block in (node.then, node.orelse) for n in every(block) if n.id in plan.jobs]
            if any(plan.tree.decides(source(node.condition), id) for id in within):
                found["if", node.id] = Row("native", "a Condition step: nothing is ordered after the `if`", CONDITION)
    return found


def lower(checked: CheckedPipeline, options: SagemakerOptions) -> Definition:
    pipeline = checked.pipeline
    plan = Plan.of(pipeline, checked.plain)
    jobs, parameters = plan.jobs, plan.parameters
    _check_count(pipeline, plan.steps(), options)
    _check_parameters(pipeline)
    _check_images(checked, options)
    facts = Facts(options, PIPELINES.spell(pipeline.name), {n: kind_of(p) for n, p in parameters}, bool(checked.images))
    uploads: Files = {}
    for job in jobs.values():
        folder, program = _upload(job, pipeline, uploads, not facts.built)
        job.entry = arguments(job, facts, folder, program, plan.uncached(job) is None, pipeline)
    steps = plan.tree.steps({id: job.entry for id, job in jobs.items()}, plan.names)
    document: dict[str, Any] = {"Version": "2020-12-01", "Metadata": {}}
    document["Parameters"] = [_parameter(n, p) for n, p in parameters] + facts.parameters()
    document["Steps"] = steps
    _check_sizes(pipeline, document, jobs.values())
    secrets = tuple(dict.fromkeys(s.name for n in _secret_settings(jobs.values()) for s in n.secrets))
    forms = {job.name: job.form for job in jobs.values()}
    conditional = any(plan.tree.conditions())
    return Definition(pipeline, options, facts.name, document, forms, uploads, parameters, facts, secrets, conditional, checked.images)


def _step_names(drafts: Mapping[str, Draft], end: str, conditions: tuple[Condition, ...]) -> dict[str, str]:
    """The name of each task's step, and of each Condition step, which is called after what it reads."""
    taken = {*drafts}
    for c in conditions:
        test = c.task.removesuffix("_test")  # so the compiler calls the tasks that decide
        c.name = unique_name(test if test != c.task else f"if_{c.task}", taken)
        taken.add(c.name)
    names = spellings([*(id for id in drafts if id != end), *(c.name for c in conditions)], STEPS, {LAST})
    for c in conditions:
        c.name = names[c.name]
    return {**names, end: LAST}


def _secret_settings(jobs: Iterable[Job]) -> list[Settings]:
    return [job.settings for job in jobs if job.settings.secrets]


# --- limits ---------------------------------------------------------------------------------------------------------------------------


def _refused(pipeline: ir.Pipeline, message: str, help: str) -> CompileFailed:
    return CompileFailed([Diagnostic("WYE4004", message, pipeline.span, help=help, target="sagemaker")])


def _check_count(pipeline: ir.Pipeline, count: int, options: SagemakerOptions) -> None:
    if count > options.max_steps:
        help = "loop over a list that a step makes, which is one step; or have the quota raised, and say so: `max_steps` in the stack"
        raise _refused(pipeline, f"the pipeline takes {count:,} steps, and SageMaker takes {options.max_steps:,}", help)


def _check_parameters(pipeline: ir.Pipeline) -> None:
    most = min(PARAMETERS, ENVIRONMENT) - OWN_VARIABLES - 10
    if len(pipeline.parameters) > most:
        message = f"the pipeline has {len(pipeline.parameters)} parameters, and a job has at most {ENVIRONMENT} variables"
        raise _refused(pipeline, message, f"put some together, as a dict or a list; at most {most}")


def _check_images(checked: CheckedPipeline, options: SagemakerOptions) -> None:
    """Jobs run in images of ECR alone. One that Wye makes may begin with any, but has to be called as ECR takes it."""
    if options.image and foreign(options.image) and not checked.images:
        span = next((e.span for e in checked.effective if e.key == "image" and e.span), checked.pipeline.span)
        message = f"sagemaker cannot do image of tasks: SageMaker takes images from ECR alone, not {options.image}"
        help = 'copy it to your account\'s registry; or begin images of your own with it: packaging = "image" in [code]'
        raise CompileFailed([Diagnostic("WYE4001", message, span, help=help, target="sagemaker")])
    short = [i for i in checked.images if len(i.repository) < REPOSITORY and i.registry and "/" not in i.registry]
    if short:
        message = f"its images would be in the repository `{short[0].repository}`, and the names of ECR have at least {REPOSITORY} letters"
        raise _refused(checked.pipeline, message, "call the pipeline otherwise, or name a folder of the registry: `registry` in the stack")


def _check_sizes(pipeline: ir.Pipeline, document: Mapping[str, Any], jobs: Iterable[Job]) -> None:
    size = len(definition(document))
    if size > DEFINITION:
        help = "loop over a list that a step makes, which is one step"
        raise _refused(pipeline, f"the definition has {size:,} characters, and SageMaker takes {DEFINITION:,}", help)


def definition(document: Mapping[str, Any]) -> str:
    """The definition's text: a job's image, each of its inputs and each of its outputs on a line of its own."""
    return in_lines(document, lambda v: any(key in v for key in ("ImageUri", "InputName", "OutputName"))) + "\n"


# --- task files -----------------------------------------------------------------------------------------------------------------------


def _origins(draft: Draft, guards: Iterable[Guard]) -> list[Origin]:
    """All values of tasks that a task may look at, behind joins too."""
    return [o for origin in (*(o for o, _ in draft.inputs.values()), *(o for o, _ in guards)) for o in leaves(origin) if "task" in o]


def _job(
    draft: Draft, plain: Settings, drafts: Mapping[str, Draft], names: Mapping[str, str], last: bool, guards: tuple[Guard, ...]
) -> Job:
    """A step's task file: the runner's, with where each input is found, and what the adapter looks at before it starts the runner."""
    form = dict(draft.form) if draft.node else light(draft)
    form.pop("after", None)
    if draft.node:
        form["inputs"] = {name: named(origin, names) | port for name, (origin, port) in draft.inputs.items()}
        hidden = hidden_variables(draft.node.settings)
        if form["op"] != "island":
            form.pop("env", None)
            form |= {"env": hidden} if hidden else {}
    if last and draft.node:
        form["returns"] = True
    if guards:
        form["guards"] = [{"if": named(origin, names), "is": wanted} for origin, wanted in guards]
    for key, ids in (("checks", draft.checks), ("of", draft.of), ("handles", draft.handles)):
        if ids:
            form[key] = [names[t] for t in ids]
    if draft.soft:
        form["soft"] = draft.soft
    origins = _origins(draft, guards)
    values = [o["task"] for o in origins if o["format"] == "json"]
    values = list(dict.fromkeys([*values, *draft.checks, *draft.of, *draft.handles]))
    files = list(dict.fromkeys(o["task"] for o in origins if o["format"] != "json"))
    needs = tuple(names[t] for t in draft.needs if t != BEGIN)
    job = Job(names[draft.id], draft, plain, form, needs, tuple(names[t] for t in values), tuple(names[t] for t in files), guards)
    room = INPUTS - 3  # the runner, the task, the program
    if len(job.values) + len(job.files) > room and job.values:
        job.whole |= {*job.values}
        if 1 + len(job.files) > room:
            job.whole |= {*job.files}
    elif len(job.files) > room:
        job.whole |= {*job.files}
    return job


def _alone(job: Job, jobs: Mapping[str, Job]) -> bool:
    """Whether no other task's work runs while this one does."""
    before: dict[str, set[str]] = {}
    for j in jobs.values():
        before[j.name] = set(j.needs).union(*(before[n] for n in j.needs if n in before))
    return all(
        j.name == job.name or j.form["op"] in ("verdict", "end") or j.name in before[job.name] or job.name in before[j.name]
        for j in jobs.values()
    )


def _tell(job: Job, pipeline: ir.Pipeline, parameters: tuple[tuple[str, ir.Parameter], ...], contexts: set[str], alone: bool) -> None:
    """What a task is told of the run: parameters that it reads; those that start first, and the last, check all of them."""
    form, limit = job.form, pipeline.settings.max_parallel
    origins = (*(o for o, _ in job.draft.inputs.values()), *(o for o, _ in job.guards))
    reads = {leaf["param"] for origin in origins for leaf in leaves(origin) if "param" in leaf}
    every = (not job.needs and not job.settings.cache) or job.name == LAST
    told = [(n, p) for n, p in parameters if every or p.name in reads]
    if told:
        form["told"] = [{"name": p.name, "variable": variable(n), "type": type_json(p.type)} | _default(p) for n, p in told]
    if any(p in contexts for p in programs_of(form)):
        form["context"] = True
    if "context" in form or "handles" in form:
        form["pipeline"] = pipeline.name
    if pipeline.settings.timeout is not None and "handles" not in form and form["op"] not in ("verdict", "end"):
        form["deadline"] = pipeline.settings.timeout
    if limit and form["op"] == "island":
        form["plan"]["settings"]["max_parallel"] = limit if alone else 1
    if job.tested:
        form["tested"] = list(job.tested)


def _upload(job: Job, pipeline: ir.Pipeline, uploads: Files, programs_too: bool) -> tuple[str, str | None]:
    """The folder with the task file, and that of its program, both named by what stands in them. An island has its programs beside the
    task file. Those that are in an image do not travel."""
    form = job.form
    used = list(dict.fromkeys(programs_of(form))) if programs_too else []
    programs = {p.id: dict(program_files(p)) for p in pipeline.programs if p.id in used}
    island = form["op"] == "island"
    empty = [(f"{id}/{path}" if island else path) for id, files in programs.items() for path, data in files.items() if not data]
    if empty:
        form["empty"] = sorted(empty)
    beside: Files = {f"programs/{id}/{path}": d for id, files in programs.items() for path, d in files.items() if d} if island else {}
    beside["task.json"] = _task_file(form).encode("utf-8")
    task = _placed(f"tasks/{job.name}", beside, uploads)
    if island or not programs:
        return task, None
    ((id, files),) = programs.items()
    return task, _placed(f"programs/{id}", {path: d for path, d in files.items() if d}, uploads)


def _task_file(form: Mapping[str, Any]) -> str:
    """A few lines: what the task is told, each on one; of an island's plan each step and each node of the region."""
    plan = form.get("plan", {})
    opened = (form, plan, plan.get("steps"), plan.get("nodes"))
    return escaped(in_lines(form, lambda v: not any(v is part for part in opened))) + "\n"


def _placed(wish: str, files: Files, uploads: Files) -> str:
    """Put files in a folder that only these files are ever in: a run goes on with those that it was started with."""
    content = json.dumps([[path, data.hex()] for path, data in sorted(files.items())])
    folder = f"{wish}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"
    uploads |= {f"{folder}/{path}": data for path, data in files.items()}
    return folder


# --- parameters -----------------------------------------------------------------------------------------------------------------------


def variable(name: str) -> str:
    """The variable of a job that holds a parameter."""
    return f"WYE_PARAM_{name}"


def _default(p: ir.Parameter) -> dict[str, Any]:
    if p.scheduled:
        return {"scheduled": True}
    return {"default": json.loads(p.default.text)} if p.default and parameter_default(p) == DEFAULT else {}


def kind_of(p: ir.Parameter) -> str:
    """The type of its SageMaker parameter. How many digits a Float keeps is not documented; a String keeps all."""
    value = json.loads(p.default.text) if p.default else 0
    if p.type == "int" and abs(value) < SMALL:
        return "Integer"
    return "Boolean" if p.type == "bool" else "String"


def parameter_default(p: ir.Parameter) -> Any:
    """The default of a SageMaker parameter; of a String the text that `-p` takes. None when it must be given."""
    if p.scheduled:
        return RUN
    if p.default is None:
        return None
    value = json.loads(p.default.text)
    if kind_of(p) != "String":
        return value
    plain = p.type == "str" and value.strip() == value and value.isprintable() and value not in ("", DEFAULT, RUN)
    text = value if plain and parse_argument(value, "str") == value else wire(value)
    return text if len(text) <= TEXT else DEFAULT


def _parameter(name: str, p: ir.Parameter) -> dict[str, Any]:
    default = parameter_default(p)
    return {"Name": name, "Type": kind_of(p)} | ({} if default is None else {"DefaultValue": default})
