"""A checked pipeline in, the compose project as data out: its services, and the task file of each."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from wye.backend.check import CheckedPipeline
from wye.backend.embed import program_files
from wye.backend.guards import BEGIN, Draft, Regions, light, named, programs_of
from wye.backend.images import Image
from wye.backend.names import NameRules, spellings
from wye.ir import model as ir
from wye.ir.json import Task
from wye.ir.nodes import every
from wye.ir.printer import type_json, unique_name
from wye.ir.settings import Settings
from wye.sdk.settings import Resources, Secret, memory_bytes
from wye.stacks.stores import is_address, scheme_of, spec_of
from wye_targets.docker.capabilities import DockerOptions

START, LAST = "start", "outputs"
"""The first and the last service."""
SCHEDULED = "SCHEDULED_TIME"
RUN_ID = "${RUN_ID:-default}"
"""The one place where compose puts something in."""
PROJECTS = NameRules(charset="a-z0-9_-", first="a-z0-9", prefix="p")
SERVICES = NameRules(charset="a-z0-9_.-", first="a-z0-9")
"""Lower case alone: the task files' names must differ on every file system."""
VARIABLES = NameRules(charset="A-Za-z0-9_", fill="_", limit=100, lower=False, first="A-Za-z0-9_")
FOLDER, MOUNT, VOLUME = "steps", "/wye", "runs"
GRACE = "15s"
"""Longer than the runner gives a step to end."""
_ORDER = "image user entrypoint command depends_on environment secrets volumes deploy labels stop_grace_period".split()
_PLAIN = re.compile(r"[A-Za-z0-9 _./:,@+=-]+")


@dataclass(frozen=True, slots=True)
class Project:
    """`compose` is the file, where every text but those equal to `RUN_ID` stands for itself; `files` stand in the folder beside it.
    `pipeline` is what the first service reads; `parameters` are (variable, parameter); `secrets` says
    from which variable each comes."""

    pipeline: ir.Pipeline
    compose: dict[str, Any]
    spec: dict[str, Any]
    tasks: dict[str, dict[str, Any]]
    programs: tuple[ir.Program, ...]
    parameters: tuple[tuple[str, ir.Parameter], ...]
    secrets: dict[Secret, str]
    interpreter: bool
    images: tuple[Image, ...]
    """What has the programs and the runner, when these do not travel."""


def lower(checked: CheckedPipeline, options: DockerOptions) -> Project:
    pipeline = checked.pipeline
    regions = Regions(pipeline)
    names = service_names(regions)
    tasks = {names[d.id]: task_form(d, names, d.id == regions.end) for d in regions.drafts.values()}
    variables = spellings([p.name for p in pipeline.parameters], VARIABLES)
    parameters = tuple(("PARAM_" + variables[p.name], p) for p in pipeline.parameters)
    secrets = secret_variables(pipeline)
    for form in tasks.values():
        for secret in form.get("secrets", ()):
            variable = secrets[Secret(**secret)]
            secret |= {"file": variable} if variable != secret["env"] else {}
    services = {START: _start(pipeline, options, checked.plain, parameters, tuple(secrets.values()))}
    services |= {names[d.id]: _service(d, names, options, checked.plain, secrets) for d in regions.drafts.values()}
    store = spec_of(options.store, options.store_options, checked.config) if options.store and is_address(options.store) else None
    if store and options.store:  # credentials and the like, by name, as they stand in the environment of who starts the run
        handed = dict.fromkeys(scheme_of(options.store).variables)
        for name in (START, *(n for n, form in tasks.items() if form["op"] not in ("verdict", "end"))):
            services[name]["environment"] = {**handed, **services[name].get("environment", {})}
    tags = dict(pipeline.settings.tags)
    services = {n: {k: s[k] if k != "labels" else tags | s[k] for k in _ORDER if k in s} for n, s in services.items()}
    compose: dict[str, Any] = {"name": PROJECTS.spell(pipeline.name), "services": services}
    if secrets:
        compose["secrets"] = {variable: {"environment": variable} for variable in secrets.values()}
    compose["volumes"] = {VOLUME: {}}
    used = {p for form in tasks.values() for p in programs_of(form)} if not checked.images else ()
    programs = tuple(p for p in pipeline.programs if p.id in used)
    spec: dict[str, Any] = {"pipeline": pipeline.name, "digest": ""}
    spec["parameters"] = [{"name": p.name, "variable": v, "type": type_json(p.type)} | _default(p) for v, p in parameters]
    spec |= {k: v for k, v in (("timeout", pipeline.settings.timeout), ("max_parallel", pipeline.settings.max_parallel)) if v is not None}
    spec |= {"store": store} if store else {}
    spec["digest"] = _digest([compose, spec, tasks, [(path, data.hex()) for p in programs for path, data in program_files(p)]])
    interpreter = any(form["op"] == "island" for form in tasks.values())
    images = checked.images
    return Project(pipeline, compose, spec, tasks, programs, parameters, secrets, interpreter, images)


def secret_variables(pipeline: ir.Pipeline) -> dict[Secret, str]:
    """The variable of whoever starts a run that holds each secret: called as the step's own, unless steps have several by that name: then
    with the secret's name, and its key, behind it."""
    nodes = [*every(pipeline.body), *([pipeline.on_failure] if pipeline.on_failure else [])]
    found = dict.fromkeys(s for node in nodes if isinstance(node, Task) for s in node.settings.secrets)
    same = Counter(s.env for s in found)
    variables, taken = dict[Secret, str](), set(same)
    for s in found:
        variables[s] = s.env
        if same[s.env] > 1:
            variables[s] = unique_name(VARIABLES.spell("_".join([s.env, s.name, *([s.key] if s.key else [])])), taken)
            taken.add(variables[s])
    return variables


def _default(p: ir.Parameter) -> dict[str, Any]:
    if p.scheduled:
        return {"scheduled": True}
    return {"default": json.loads(p.default.text)} if p.default else {}


def service_names(regions: Regions) -> dict[str, str]:
    """The name of each task's service. What the pipeline returns is made by `outputs`, whatever that was called."""
    names = spellings([id for id in regions.drafts if id != regions.end], SERVICES, {START, LAST})
    return {**names, regions.end: LAST, BEGIN: START}


def _digest(parts: Any) -> str:
    """What tells this version of the pipeline from another: a run goes on only with the one that started it."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


# --- task files -----------------------------------------------------------------------------------------------------------------------


def task_form(draft: Draft, names: dict[str, str], last: bool) -> dict[str, Any]:
    """A task file: the runner's, with where each input is found, and what the adapter looks at before it starts the runner."""
    form = dict(draft.form) if draft.node else light(draft)
    form.pop("after", None)
    if draft.node:
        form["inputs"] = {name: named(origin, names) | port for name, (origin, port) in draft.inputs.items()}
        hidden = {k: v for k, v in draft.node.settings.env if not _plain(v)}
        form.pop("env", None)
        form |= {"env": hidden} if hidden else {}
    if last and draft.node:
        form["returns"] = True
    if draft.guards:
        form["guards"] = [{"if": named(origin, names), "is": wanted} for origin, wanted in draft.guards]
    for key, ids in (("checks", draft.checks), ("watches", draft.watches), ("of", draft.of), ("handles", draft.handles)):
        if ids:
            form[key] = [names[t] for t in ids]
    return form | ({"soft": draft.soft} if draft.soft else {})


def _plain(value: str) -> bool:
    """Whether a compose file can hold a variable's value without a doubt."""
    return _PLAIN.fullmatch(value) is not None


# --- services -------------------------------------------------------------------------------------------------------------------------


def _start(
    pipeline: ir.Pipeline,
    options: DockerOptions,
    plain: Settings,
    parameters: tuple[tuple[str, ir.Parameter], ...],
    secrets: tuple[str, ...],
) -> dict[str, Any]:
    """The first service: it alone reads the parameters, and it fails before anything has run when a secret is missing."""
    service = _container(START, options.where(plain.image), "", str(pipeline.span), (), plain.python or "python3")
    service["user"] = "0:0"  # the volume belongs to root until this service has opened it to the users of other images
    variables = [variable for variable, _ in parameters]
    if any(p.scheduled for p in pipeline.parameters) or any(p.context for p in pipeline.programs):
        variables.append(SCHEDULED)
    if variables:
        service["environment"] = dict.fromkeys(variables)  # as they stand in the environment of who starts the run
    if secrets:
        service["secrets"] = list(secrets)
    return service


def _service(draft: Draft, names: dict[str, str], options: DockerOptions, plain: Settings, secrets: dict[Secret, str]) -> dict[str, Any]:
    settings = draft.node.settings if draft.node else plain
    service = _container(names[draft.id], options.where(settings.image), draft.id, draft.span, settings.tags, settings.python or "python3")
    env = {k: v for k, v in settings.env if _plain(v)}
    if env:
        service["environment"] = env
    if settings.secrets:
        service["secrets"] = list(dict.fromkeys(secrets[s] for s in settings.secrets))
    service["depends_on"] = {names[t]: {"condition": "service_completed_successfully"} for t in draft.needs}
    resources = _resources(settings.resources) if settings.resources else {}
    return service | ({"deploy": {"resources": resources}} if resources else {})


def _container(name: str, image: str, task: str, span: str, tags: tuple[tuple[str, str], ...], python: str = "python3") -> dict[str, Any]:
    own = ({"wye.task": task} if task else {}) | {"wye.source": ":".join(span.split(":")[:2])}
    return {
        "image": image,
        "entrypoint": [python, "-I", "-B", f"{MOUNT}/adapter.py"],
        "command": [name, RUN_ID],
        "volumes": [
            f"{VOLUME}:/{VOLUME}",
            {"type": "bind", "source": f"./{FOLDER}", "target": MOUNT, "read_only": True, "bind": {"create_host_path": False}},
        ],
        "stop_grace_period": GRACE,
        "labels": dict(tags) | own,
    }


def _resources(r: Resources) -> dict[str, Any]:
    limits: dict[str, str] = {}
    if r.cpu is not None:
        limits["cpus"] = f"{r.cpu:g}" if isinstance(r.cpu, float) else str(r.cpu)
    if r.memory is not None:
        limits["memory"] = _size(memory_bytes(r.memory))
    found: dict[str, Any] = {"limits": limits} if limits else {}
    if r.gpu:
        found["reservations"] = {"devices": [{"driver": "nvidia", "count": r.gpu, "capabilities": ["gpu"]}]}
    return found


def _size(count: float) -> str:
    """Bytes as compose writes them: its units are powers of 1024."""
    whole = int(count)
    for unit, power in (("g", 3), ("m", 2), ("k", 1)):
        if whole % 1024**power == 0:
            return f"{whole // 1024**power}{unit}"
    return f"{whole}b"
