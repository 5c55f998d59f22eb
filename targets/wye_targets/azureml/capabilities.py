"""What pipeline jobs of Azure Machine Learning can do, as data: a row per feature, the options of a stack, the limits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from wye.backend.capabilities import Capabilities, Row, scheduled
from wye.backend.machines import fits, kinds
from wye.backend.names import IMAGE_NAME, pulled
from wye.backend.placement import placed
from wye.ir.settings import Settings
from wye.schedules import azure
from wye_targets.azureml.machines import MACHINES, machine
from wye_targets.azureml.placement import PLAIN, SERVERLESS, Placement, PlacementError

IMAGE = "python:3.11-slim"
CONDA_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1"
"""What the environments of steps with packages are built on: an image with conda."""
PYTHON = "3.11"
STEPS, INPUTS, TEXT, ARGUMENT = 30_000, 200, 1000, 128 * 1024 - 1
"""The last: bytes of one argument of a program, as the command is one of the shell's."""
TAGS, TAG_KEY, TAG_VALUE = 50, 100, 1000
LIFETIME = 21 * 86400
"""Seconds that a job may take at most."""

_DOCS = "https://learn.microsoft.com/azure/machine-learning/"
_PIPELINE = _DOCS + "reference-yaml-job-pipeline"
_COMMAND = _DOCS + "reference-yaml-job-command"
_SYNTAX = _DOCS + "reference-yaml-core-syntax"
_DATA = _DOCS + "how-to-read-write-data-v2"
_ENVIRONMENT = _DOCS + "reference-yaml-environment"
_SERVERLESS = _DOCS + "how-to-use-serverless-compute"
_LIMITS = _DOCS + "resource-limits-capacity"
_QUOTAS = _DOCS + "how-to-manage-quotas"
_SECRETS = _DOCS + "how-to-use-secrets-in-runs"
REUSE = _DOCS + "how-to-debug-pipeline-reuse-issues"
_SCHEDULE = _DOCS + "how-to-schedule-pipeline-job"
_COMPUTE = _DOCS + "concept-compute-target"

_STORE = re.compile(r"azureml://datastores/([A-Za-z0-9][A-Za-z0-9_]{0,254})/?")
_REGISTRY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_VAULT = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]|https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+/?")
_SECRET = re.compile(r"[0-9A-Za-z-]{1,127}")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._,<>=!~\[\]-]*")


@dataclass(frozen=True, slots=True)
class AzuremlOptions:
    """What a stack may say. What it does not say and a job needs is an input of the pipeline job."""

    image: str = IMAGE
    """Of tasks whose steps name none and have no packages."""
    conda_image: str = CONDA_IMAGE
    """What the environments of steps with packages are built on."""
    store: str | None = None
    """The datastore of what tasks hand on, instead of the workspace's own: `azureml://datastores/NAME`."""
    registry: str | None = None
    key_vault: str | None = None
    """The name of the key vault that holds the steps' secrets, or its address."""
    placement: Placement = field(default_factory=Placement)

    def __post_init__(self) -> None:
        for name, pattern, wrong, help in (
            ("image", IMAGE_NAME, "not the name of an image", None),
            ("conda_image", IMAGE_NAME, "not the name of an image", None),
            ("store", _STORE, "not a datastore of the workspace", "write azureml://datastores/NAME"),
            ("registry", _REGISTRY, "not a registry", "write a host, and a folder if there is one"),
            ("key_vault", _VAULT, "not a key vault", "write its name, or https://NAME.vault.azure.net"),
        ):
            value = getattr(self, name)
            if value is not None and not pattern.fullmatch(value):
                raise PlacementError(name, f"{wrong}: {value!r}", help)

    def where(self, image: str) -> str:
        """The image, with its registry."""
        return pulled(image, self.registry)

    def datastore(self) -> str | None:
        found = _STORE.fullmatch(self.store) if self.store else None
        return found[1] if found else None


# --- rows that depend on a value ------------------------------------------------------------------------------------------------------


def _machine(settings: Settings, options: AzuremlOptions) -> Row:
    """The machine of a task that asks for resources."""
    place, wanted = placed(options, settings, "azureml"), settings.resources
    assert wanted
    if place.compute == SERVERLESS:
        if place.instance_type:
            return Row("native", f"instance_type {place.instance_type}, as the placement says", _SERVERLESS)
        found = MACHINES.smallest(wanted)
        if found:
            return Row("native", f"instance_type {found.name}: the smallest that fits ({MACHINES.date})", MACHINES.source)
        known = kinds(MACHINES.machines)
        help = f"gpus there: {', '.join(known)}" if wanted.gpu_type and wanted.gpu_type not in known else "ask for less"
        help += '; or name one: targets={"azureml": {"instance_type": "Standard_…"}}'
        return Row("rejected", f"no machine in our table has that ({MACHINES.date})", MACHINES.source, help)
    size = place.instance_type
    if size is None:
        why = f"the machines of the cluster {place.compute} are what they are, and a job cannot ask for others"
        return Row("rejected", why, _COMPUTE, 'say what they are: `instance_type = "Standard_…"` beside `compute`')
    known_size = machine(size)
    if known_size is None:
        return Row("advisory", f"the cluster {place.compute} has machines of size {size}, which our table does not know", _COMPUTE)
    if fits(known_size, wanted):
        return Row("native", f"the machines of the cluster {place.compute} ({size}) have that", MACHINES.source)
    return Row("rejected", f"the machines of the cluster {place.compute} ({size}) have less", MACHINES.source, "name another cluster")


def longest(settings: Settings) -> float | None:
    """Seconds that all attempts of a task take at most, with an hour for what comes before and after. None without a time-out."""
    if settings.timeout is None:
        return None
    delays = settings.retry.delays() if settings.retry else ()
    return settings.timeout * (1 + len(delays)) + sum(delays) + 3600


def conda(settings: Settings) -> bool:
    """Whether a task's packages can be an environment of the platform's."""
    return bool(settings.packages) and not settings.image and not settings.python and all(_PACKAGE.fullmatch(p) for p in settings.packages)


def _settled(feature: str, settings: Settings, options: AzuremlOptions) -> Row | None:
    """Rows that all of a task's settings decide on."""
    if feature in ("step.cpu", "step.memory", "step.gpu", "step.gpu_type") and settings.resources:
        return _machine(settings, options)
    if feature == "step.timeout" and (longest(settings) or 0) > LIFETIME:
        why = f"a job lives at most {LIFETIME // 86400} days, with all attempts and an hour around them"
        return Row("rejected", why, _QUOTAS, "give it less time, or fewer attempts")
    if feature == "step.packages" and not conda(settings):
        return Row("emulated", "installed by the runner when the job starts and the image does not have them", _ENVIRONMENT)
    return None


def _secrets(value: Any, options: Any) -> Row | None:
    bad = [s.name for s in value if not _SECRET.fullmatch(s.name)]
    help = "letters, digits and `-`, at most 127"
    return Row("rejected", f"{bad[0]!r} is not the name of a secret there", _SECRETS, help) if bad else None


def _python(value: Any, options: Any) -> Row | None:
    return None if PLAIN.fullmatch(value) else Row("rejected", f"{value!r} is not the path of an interpreter", _COMMAND)


def _cache(value: Any, options: Any) -> Row | None:
    if getattr(value, "max_age", None) is not None:
        return Row("advisory", "what is reused there does not grow old: the step runs each time", REUSE)
    return None


def _on_failure(value: Any, options: Any) -> Row | None:
    if value == "continue":
        return Row(
            "emulated", "tasks note a failure and end well; those that need nothing of it go on, and a last verdict fails", _PIPELINE
        )
    return None


def _tags(value: Any, options: Any) -> Row | None:
    pairs = dict(value)
    if len(pairs) > TAGS:
        return Row("rejected", f"a job has at most {TAGS} tags", _LIMITS, "leave some out")
    for key, text in pairs.items():
        whole = key + text
        if not 0 < len(key) <= TAG_KEY or len(text) > TAG_VALUE or not whole.isprintable() or "${{" in whole:
            help = f"printable characters, at most {TAG_KEY} and {TAG_VALUE}, and no `${{{{`"
            return Row("rejected", f"{key!r}: {text!r} cannot be a tag", _LIMITS, help)
    return None


def _try(value: Any, options: Any) -> Row | None:
    if value.node.handlers:
        return Row("emulated", "island: a job cannot wait for a certain failure of another", _PIPELINE, island=True)
    return None


_ATTEMPTS = "in-process, by the runner"
_TIMING = scheduled(lambda schedule, options: azure.expression(schedule), _SCHEDULE)
_CATCHUP = scheduled(lambda schedule, options: azure.catchup(schedule), _SCHEDULE)
_OVERLAP = scheduled(lambda schedule, options: azure.overlap(schedule), _SCHEDULE)
_LOOP = "island: the public YAML has no loops"

ROWS: dict[str, Row] = {
    "parameter": Row("native", "an input of the pipeline job: a number for `int`, true or false for `bool`, else text or JSON", _PIPELINE),
    "parameter.scheduled": Row("native", "${{creation_context.trigger_time}}, given by schedule.yml; of other runs their start", _SCHEDULE),
    "output.parameter": Row("native", "a file in the job's output, a uri_folder", _DATA),
    "output.multiple": Row("native", "one file per output in a uri_folder", _DATA),
    "artifact.file": Row("native", "a file in a uri_folder; a folder, or an empty file, as a tar file: blobs know neither", _DATA),
    "artifact.bytes": Row("native", "a file in a uri_folder", _DATA),
    "artifact.object": Row("native", "a file in a uri_folder", _DATA),
    "return": Row("native", "outputs.json in the pipeline job's output `result`", _PIPELINE),
    "expression": Row("native", "evaluated by the job that it is an argument of", _COMMAND),
    "compute": Row("native", "a command job of its own", _COMMAND),
    "call": Row("native", "a command job that reads the outputs of others", _SYNTAX),
    "after": Row("native", "an input that is the output of what is before", _SYNTAX),
    "pipeline.nested": Row("native", "inlined", _PIPELINE),
    "pipeline.max_parallel": Row("emulated", "inputs from tasks of which nothing is read: a pipeline job has no such limit", _PIPELINE),
    "step.packages": Row("native", "conda_file of the task's environment; from the sources of `[packages]` by the runner", _ENVIRONMENT),
    "step.image": Row("native", "environment.image", _ENVIRONMENT),
    "step.python": Row("native", "the command starts with it", _COMMAND, when=_python),
    "step.files": Row("native", "files in `code` beside the step's program", _COMMAND),
    "step.env": Row("emulated", "set by the runner: values of environment_variables could be read as expressions", _COMMAND),
    "step.secrets": Row(
        "emulated", "read from Azure Key Vault by the job, as its managed identity; the runner sets the step's variables", _SECRETS,
        when=_secrets,
    ),
    "step.context": Row("native", "the pipeline job's name; a first job notes the time; attempts as the runner counts them", _SCHEDULE),
    "stack.store": Row("native", "settings.default_datastore", _PIPELINE),
    "stack.store_options": Row("rejected", "a datastore of the workspace knows how it is reached", _DATA, "leave them out"),
    "code.image": Row("native", "environment.image, which has the programs and the runner", _ENVIRONMENT),
    "stack.registry": Row("native", "before the name of each image that names no registry", _ENVIRONMENT),
    "placement": Row("native", "fields of the command job", _COMMAND),
    "step.cpu": Row("native", "resources.instance_type", _SERVERLESS),
    "step.memory": Row("native", "resources.instance_type", _SERVERLESS),
    "step.gpu": Row("native", "resources.instance_type", _SERVERLESS),
    "step.gpu_type": Row("native", "resources.instance_type", _SERVERLESS),
    "step.disk": Row(
        "rejected", "a machine has the disk that it has, and no field asks for more", _COMPUTE,
        "leave out `disk`, and name a machine that has it: targets={\"azureml\": {\"instance_type\": …}}",
    ),
    "step.retry": Row(
        "emulated", f"{_ATTEMPTS}: an exception, a time-out, out of memory; not a lost machine. Command jobs have no retries", _COMMAND
    ),
    "step.timeout": Row("emulated", f"{_ATTEMPTS}: TERM, then KILL, per attempt; limits.timeout lies beyond", _COMMAND),
    "pipeline.timeout": Row("emulated", "each job ends when that long has passed since the first one noted the time", _PIPELINE),
    "pipeline.on_failure": Row("native", "continue_on_step_failure: false", _PIPELINE, when=_on_failure),
    "pipeline.failure_step": Row(
        "emulated", "all jobs note a failure and end well; its job looks at that, a last verdict fails. Not when a machine is lost",
        _PIPELINE,
    ),
    "step.cache": Row(
        "native", "is_deterministic: with the same code, environment and parameters, when all that it waits for is reused too. Not inside "
        "a `try`, where tasks note failures, nor where it has to know when the run was started", REUSE, when=_cache,
    ),
    "step.tags": Row("native", "tags of the command job", _COMMAND, when=_tags),
    "pipeline.tags": Row("native", "tags of the pipeline job", _PIPELINE, when=_tags),
    "schedule.cron": Row("native", "schedule.yml", _SCHEDULE, when=_TIMING),
    "schedule.every": Row("native", "schedule.yml", _SCHEDULE, when=_TIMING),
    "schedule.at": Row("native", "schedule.yml", _SCHEDULE, when=_TIMING),
    "schedule.window": Row("native", "start_time, end_time of the trigger", _SCHEDULE),
    "schedule.catchup": Row("rejected", "Azure Machine Learning does not make up for times that it missed", _SCHEDULE, when=_CATCHUP),
    "schedule.overlap": Row("native", "each time a job of its own", _SCHEDULE, when=_OVERLAP),
    "schedule.paused": Row(
        "rejected", "a schedule's YAML cannot say it", _SCHEDULE, "leave out `paused`, and after creating it: az ml schedule disable"
    ),
    "if": Row(
        "emulated", "guard: every job of an arm starts, looks at the condition, and does nothing where it does not hold: the public YAML "
        "has no conditions", _PIPELINE,
    ),
    "predicate": Row("emulated", "predicate: a job whose output the guards read", _PIPELINE),
    "map": Row("emulated", _LOOP, _PIPELINE, island=True),
    "for": Row("emulated", _LOOP, _PIPELINE, island=True),
    "while": Row("emulated", _LOOP, _PIPELINE, island=True),
    "try": Row(
        "emulated", "its jobs note a failure and end well; a verdict after the clean-up fails. Not when a machine is lost: then the run "
        "fails without its clean-up", _PIPELINE, when=_try,
    ),
    "fail": Row("native", "a command job that fails", _COMMAND),
}  # fmt: skip

CAPABILITIES = Capabilities(
    rows=ROWS,
    image=IMAGE,
    python=PYTHON,
    limits={"steps": STEPS, "inputs": INPUTS, "parameter_characters": TEXT, "tags": TAGS},
    settled=_settled,
    machines=(MACHINES,),
)
