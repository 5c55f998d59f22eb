"""The tasks of a pipeline in, the pipeline job as `az ml job create` takes it out, with the conda files of its environments and with
components.

A task is a command job with one output, a folder. It reads whole folders of others: that is also what makes it wait. They are mounted, so
that only what a step reads is fetched, and an output is written on the job's own disk and uploaded when the job has ended.
"""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass, field
from typing import Any

from wye.backend.names import NameRules
from wye.backend.placement import placed
from wye.backend.yaml import Flow
from wye.ir.settings import Settings
from wye.sdk.settings import Resources
from wye_targets.azureml.capabilities import PYTHON, conda, longest
from wye_targets.azureml.lower import SCHEDULED, VAULT, Native, Task
from wye_targets.azureml.machines import MACHINES
from wye_targets.azureml.placement import SERVERLESS, Placement

_SCHEMAS = "https://azuremlschemas.azureedge.net/latest/"
SCHEMA, COMPONENT = _SCHEMAS + "pipelineJob.schema.json", _SCHEMAS + "commandComponent.schema.json"
CODE, COMPONENTS, ENVIRONMENTS, MAIN = "code", "components", "environments", "wye_azureml.py"
OUT, RESULT = "out", "result"
WIDTH = 1000
NAMES = NameRules(charset="A-Za-z0-9_-", fill="_", limit=128, lower=False, first="A-Za-z0-9")
FILES = NameRules(charset="a-z0-9-", fill="-", limit=40)
_IDENTITIES = {"managed": "managed", "user": "user_identity", "aml_token": "aml_token"}


@dataclass(slots=True)
class Made:
    """The pipeline job; its components and conda files, by name."""

    job: dict[str, Any]
    components: dict[str, dict[str, Any]] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)


def made(native: Native) -> Made:
    found = Made({})
    reused = any(t.reused for t in native.tasks)
    settings: dict[str, Any] = {"default_compute": f"azureml:{native.options.placement.compute}"}
    if native.options.datastore():
        settings["default_datastore"] = f"azureml:{native.options.datastore()}"
    settings |= {"continue_on_step_failure": False, "force_rerun": not reused}
    job: dict[str, Any] = {"$schema": SCHEMA, "type": "pipeline", "experiment_name": NAMES.spell(native.pipeline.name)}
    if native.pipeline.settings.tags:
        job["tags"] = _short(dict(native.pipeline.settings.tags))
    job["settings"] = Flow(settings)
    if native.inputs:
        job["inputs"] = dict(native.inputs)
    if any(t.last for t in native.tasks):
        job["outputs"] = Flow({RESULT: Flow(type="uri_folder", mode="upload")})
    job["jobs"] = {t.key: _node(t, native, reused and not t.reused, found) for t in native.tasks}
    found.job = job
    return found


def _node(task: Task, native: Native, apart: bool, found: Made) -> dict[str, Any]:
    """The job of a task. Only a component of its own can say that it is not to be reused (`apart`)."""
    place: Placement = placed(native.options, task.settings, "azureml")
    inputs = {name if name in (VAULT, SCHEDULED) else f"param_{name}": f"${{{{parent.inputs.{name}}}}}" for name in task.told}
    inputs |= {f"from_{t}": f"${{{{parent.jobs.{t}.outputs.{OUT}}}}}" for t in task.reads}
    here = ".." if apart else "."
    runs = {"code": f"{here}/{CODE}", "command": command(task, inputs), "environment": _environment(task, native, found, here)}
    node: dict[str, Any] = {"type": "command"}
    if apart:
        ports = {name: Flow(type=_type(name, native)) for name in inputs}
        head = {"$schema": COMPONENT, "type": "command", "name": task.key, "is_deterministic": False}
        outputs = {"outputs": Flow({OUT: Flow(type="uri_folder")})}
        found.components[task.key] = {**head, **runs, **({"inputs": _short(ports)} if ports else {}), **outputs}
        node["component"] = f"./{COMPONENTS}/{task.key}.yml"
    else:
        node |= runs
    node |= _place(task.settings, place, native)
    limit = longest(task.settings)
    if limit is not None:
        node["limits"] = Flow(timeout=math.ceil(limit))
    if task.settings.tags:
        node["tags"] = _short(dict(task.settings.tags))
    if inputs:
        node["inputs"] = _short(inputs)
    node["outputs"] = Flow({OUT: f"${{{{parent.outputs.{RESULT}}}}}"} if task.last else {OUT: Flow(mode="upload")})
    return node


def _short(mapping: dict[str, Any]) -> dict[str, Any]:
    """A mapping that stands on one line, where that is not too long."""
    return Flow(mapping) if sum(len(str(v)) + len(k) + 4 for k, v in mapping.items()) < WIDTH else mapping


def _type(name: str, native: Native) -> str:
    """The type of a component's input."""
    if name.startswith("from_"):
        return "uri_folder"
    value = native.inputs[name.removeprefix("param_")]
    return "boolean" if isinstance(value, bool) else "integer" if isinstance(value, int) else "string"


def command(task: Task, inputs: dict[str, str]) -> str:
    """What the shell is told. The values stand between single quotes, which no default has in it."""
    python = shlex.quote(task.settings.python or "python3")
    told = "".join(f" {name}='${{{{inputs.{name}}}}}'" for name in inputs)
    return f"{python} -B {MAIN} {task.key} '${{{{outputs.{OUT}}}}}'{told}"


def _environment(task: Task, native: Native, found: Made, here: str) -> dict[str, Any]:
    settings, options = task.settings, native.options
    if "install" in task.form or not conda(settings):
        return Flow(image=options.where(settings.image or options.image))
    without_packages(task.form)  # they are there
    content = {"channels": ["conda-forge"], "dependencies": [f"python={PYTHON}", "pip", {"pip": list(settings.packages)}]}
    name = next((n for n, c in found.environments.items() if c == content), None)
    if name is None:
        name = FILES.spell(task.key)
        found.environments[name] = content
    return Flow(image=options.where(options.conda_image), conda_file=f"{here}/{ENVIRONMENTS}/{name}.yml")


def without_packages(form: Any) -> None:
    """Take the packages out of a task file, at any depth."""
    if isinstance(form, dict):
        if isinstance(form.get("packages"), list):
            del form["packages"]
        form = list(form.values())
    if isinstance(form, list):
        for part in form:
            without_packages(part)


def _place(settings: Settings, place: Placement, native: Native) -> dict[str, Any]:
    """What a job says of where it runs, and as whom."""
    node: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    if place.compute != native.options.placement.compute:
        node["compute"] = f"azureml:{place.compute}"
    if place.compute == SERVERLESS:
        size = place.instance_type or _smallest(settings.resources)
        resources |= {"instance_type": size} if size else {}
    resources |= {"shm_size": place.shm_size} if place.shm_size else {}
    if resources:
        node["resources"] = Flow(resources)
    if place.job_tier:
        node["queue_settings"] = Flow(job_tier=place.job_tier)
    identity = place.identity or ("managed" if settings.secrets else None)
    if identity:
        node["identity"] = Flow(type=_IDENTITIES[identity], **({"client_id": place.client_id} if place.client_id else {}))
    return node


def _smallest(wanted: Resources | None) -> str | None:
    if wanted is None or not (wanted.cpu or wanted.memory or wanted.gpu):
        return None
    found = MACHINES.smallest(wanted)
    assert found
    return found.name
