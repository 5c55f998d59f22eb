"""What Vertex AI Pipelines can do, as data: a row per feature, the options of a stack, the image, the limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wye.backend.capabilities import Capabilities, Row, scheduled
from wye.backend.machines import Machine, kinds
from wye.backend.names import IMAGE_NAME, pulled
from wye.backend.placement import placed
from wye.ir import model as ir
from wye.ir.expressions import Reference
from wye.ir.nodes import arms
from wye.ir.settings import Settings
from wye.schedules import vertex
from wye.sdk.settings import Cache, Resources, SettingError, memory_bytes
from wye_targets._kfp.adapter import ITEMS_LIMIT, VALUE_LIMIT
from wye_targets._kfp.conditions import known
from wye_targets._kfp.service import plain
from wye_targets.vertex import machines
from wye_targets.vertex.placement import PROJECT, Placement, label

IMAGE = "python:3.11-slim"
MAX_BYTES = 1_500_000
DISK = 80 * 10**9
"""Bytes of a machine's disk of 100 GB that a task can count on beside the system and the image."""
LABELS = 64

_SPEC = "https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto"
_CONTROL = "https://www.kubeflow.org/docs/components/pipelines/user-guides/core-functions/control-flow/"
_GUIDES = "https://cloud.google.com/vertex-ai/docs/pipelines/"
_BUILD = _GUIDES + "build-pipeline"
_CUSTOM = _GUIDES + "create-component"
_STORAGE = _GUIDES + "migrate-kfp"
_MACHINES = _GUIDES + "machine-types"
_CACHING = _GUIDES + "configure-caching"
_FAILURE = _GUIDES + "configure-failure-policy"
_EXIT = _GUIDES + "email-notifications"
_JOB = "https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.pipelineJobs"
_SCHEDULE = "https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.schedules"
_PERSISTENT = "https://cloud.google.com/vertex-ai/docs/training/persistent-resource-overview"
_SECRETS = "https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access"
_COLLECTED = "https://github.com/kubeflow/pipelines/issues/3412"
_NESTED_EXIT = "https://github.com/kubeflow/pipelines/pull/8088"
_PLACEHOLDERS = "https://kubeflow-pipelines.readthedocs.io/en/stable/source/dsl.html#kfp.dsl.PIPELINE_JOB_SCHEDULE_TIME_UTC_PLACEHOLDER"

_STORE = re.compile(r"gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](?:/[A-Za-z0-9._~@%+=,-]+)*/?")
_REGISTRY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")


@dataclass(frozen=True, slots=True)
class Options:
    """What a stack may say. What it does not say stands out of the job, and is said when a run is started."""

    store: str | None = None
    """The artifact store: the pipeline root, `gs://bucket/folder`."""
    registry: str | None = None
    """Where images come from whose names say no registry of their own: `europe-docker.pkg.dev/project/images`."""
    image: str | None = None
    project: str | None = None
    """Of the secrets, and of the schedule."""
    location: str | None = None
    """Of the schedule: the region, `europe-west4`."""
    max_bytes: int = MAX_BYTES
    """The largest pipeline that the service takes."""
    placement: Placement = field(default_factory=Placement)

    def __post_init__(self) -> None:
        checks = (
            ("store", _STORE, "not an address in Cloud Storage", "write gs://bucket/folder: Vertex AI keeps artifacts nowhere else"),
            ("registry", _REGISTRY, "not a registry", "write a host, and a folder if there is one"),
            ("image", IMAGE_NAME, "not the name of an image", "write it as for docker: python:3.12-slim"),
            ("project", PROJECT, "not a project", "write its id or its number"),
            ("location", re.compile(r"[a-z]+(?:-[a-z]+)+[0-9]{1,2}"), "not a region", 'write it as in "europe-west4"'),
        )
        for name, pattern, wrong, help in checks:
            value = getattr(self, name)
            if value is not None and not pattern.fullmatch(value):
                raise SettingError(name, f"{wrong}: {value!r}", help)

    def qualified(self, image: str) -> str:
        """The image as it is pulled."""
        return pulled(image, self.registry)


# --- rows that depend on a value ------------------------------------------------------------------------------------------------------


def machine(settings: Settings, options: Options) -> Machine | None:
    """The machine of a task that asks for resources, or whose placement names one; None when there is none that has it."""
    name = placed(options, settings, "vertex").machine
    if name is not None:
        return machines.named(settings.resources, name)
    return machines.TABLE.smallest(machines.known(settings.resources or Resources()))


def _settled(feature: str, settings: Settings, options: Any) -> Row | None:
    """The machine, which all of a task's resources decide on."""
    wanted = settings.resources
    if feature not in ("step.cpu", "step.memory", "step.gpu", "step.gpu_type") or wanted is None:
        return None
    found = machine(settings, options)
    if found is not None:
        said = f"a container's limits, those of {shown(found)}: the service takes the closest machine ({machines.DATE})"
        return Row("native", said, machines.TABLE.source)
    kind = machines.known(wanted).gpu_type
    help = f"gpus there: {', '.join(kinds(machines.TABLE.machines))}" if kind and kind not in machines.ACCELERATORS else "ask for less"
    return Row("rejected", f"no machine has that ({machines.DATE})", machines.TABLE.source, f"{help}; `wye targets --machines`")


def shown(found: Machine) -> str:
    return found.name + (f" with {found.gpu} {machines.ACCELERATORS[found.gpu_type]}" if found.gpu and found.gpu_type else "")


def _disk(value: Any, options: Any) -> Row | None:
    if memory_bytes(value) <= DISK:
        return None
    return Row("rejected", "a machine's disk has 100 GB, and a container's task cannot ask for more", _MACHINES, "at most 80G")


def _cache(value: Any, options: Any) -> Row | None:
    if not isinstance(value, Cache) or value.max_age is None:
        return None
    return Row("advisory", "made anew by every run: the cache has no expiry", _CACHING, "write cache=True to reuse results of any age")


def _labels(value: Any, options: Any) -> Row | None:
    items = dict(value) if isinstance(value, Mapping | tuple | list) else {}
    for key, text in items.items():
        if wrong := label(key, text):
            return Row("rejected", wrong[0], _JOB, wrong[1])
    if len({**options.placement.labels, **items}) > LABELS:
        return Row("rejected", f"a run has {LABELS} labels at most", _JOB, "leave some out")
    return None


def _env(value: Any, options: Any) -> Row | None:
    items = dict(value).items() if isinstance(value, Mapping | tuple | list) else ()
    if all(plain(v) for _, v in items):
        return None
    return Row("emulated", "values that a container's env would expand are set by the runner", _SPEC)


def _secrets(value: Any, options: Any) -> Row | None:
    bad = [s.name for s in value if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", s.name)]
    help = "letters, digits, `-` and `_`, at most 255"
    return Row("rejected", f"{bad[0]!r} cannot be the name of a secret in Secret Manager", _SECRETS, help) if bad else None


def _parameter(value: Any, options: Any) -> Row | None:
    if value.default is None or len(value.default.text) <= VALUE_LIMIT:
        return None
    return Row("rejected", f"a run parameter takes {VALUE_LIMIT:,} bytes at most", _BUILD, "make the value in a step")


def _placement(value: Any, options: Any) -> Row | None:
    key, _ = value
    if key == "machine":
        return Row("native", "the container's limits: that machine's", _MACHINES)
    if key == "persistent_resource":
        return Row("native", "runtimeConfig.defaultRuntime: a field of v1beta1 of the API, not of v1", _PERSISTENT)
    return None


def _on_failure(value: Any, options: Any) -> Row | None:
    return Row("native", "failurePolicy: PIPELINE_FAILURE_POLICY_FAIL_SLOW", _FAILURE) if value == "continue" else None


def _if(value: Any, options: Any) -> Row | None:
    joined = [e for arm in arms(value.node) for e in arm if isinstance(e, Reference) and not isinstance(e, ir.Param)]
    how = "condition-branches with triggerPolicy.condition; an artifact by artifactSelectors"
    return Row("native", how, _SPEC) if any(e.format != "json" for e in joined) else None


def _predicate(value: Any, options: Any) -> Row | None:
    return Row("native", "triggerPolicy.condition", _CONTROL) if known(value.value) else None


def _scheduled(part: Any) -> Any:
    return scheduled(lambda schedule, options: part(schedule), _SCHEDULE)


_RETRY = "in-process by the runner: an exception, a time-out; not out of memory or a lost machine: the service's own ends after an hour"

ROWS: dict[str, Row] = {
    "parameter": Row(
        "native",
        "root inputs, runtimeConfig.parameterValues: a NUMBER_INTEGER up to 2**53 - 1; what has no type there as JSON in a STRING",
        _JOB,
        when=_parameter,
    ),
    "parameter.scheduled": Row(
        "native", "pipeline_job_schedule_time_utc: when the schedule's run was due; else pipeline_job_create_time_utc", _PLACEHOLDERS
    ),
    "output.parameter": Row("native", "output parameters: JSON in a STRING, compressed from 16 KiB on; at most 120,000 bytes", _SPEC),
    "output.multiple": Row("native", "one output of the component each", _SPEC),
    "artifact.file": Row("native", "output artifacts: a folder in Cloud Storage; who reads it gets a copy", _STORAGE),
    "artifact.bytes": Row("native", "output artifacts", _STORAGE),
    "artifact.object": Row("native", "output artifacts: JSON or pickle", _STORAGE),
    "return": Row("native", "the pipeline's output `Output`", _SPEC),
    "expression": Row("native", "evaluated by the task that it is an argument of", _SPEC),
    "compute": Row("native", "a task of its own", _SPEC),
    "call": Row("native", "taskOutputParameter, taskOutputArtifact", _SPEC),
    "after": Row("native", "dependentTasks", _SPEC),
    "pipeline.nested": Row("native", "inlined", _SPEC),
    "pipeline.max_parallel": Row("emulated", "edges between tasks that have none otherwise", _SPEC),
    "step.packages": Row("emulated", "installed by the runner when the image does not have them", _BUILD),
    "step.image": Row("native", "the container's image", _SPEC),
    "step.python": Row("native", "the container's command", _SPEC),
    "step.files": Row("emulated", "compressed in the container's arguments; the pipeline takes `max_bytes` in all", _SPEC),
    "code.image": Row("native", "programs, packages and runner in the image; the task in the container's arguments", _CUSTOM),
    "step.env": Row("native", "the container's env", _SPEC, when=_env),
    "step.secrets": Row(
        "emulated",
        "latest versions in Secret Manager, read by the container as the account that it runs as; `key`: a member of the JSON object there",
        _SECRETS,
        when=_secrets,
    ),
    "step.context": Row("native", "pipeline_job_uuid, pipeline_job_schedule_time_utc; the attempt as the runner counts", _PLACEHOLDERS),
    "stack.store": Row("native", "runtimeConfig.gcsOutputDirectory", _JOB),
    "stack.store_options": Row("advisory", "Cloud Storage is mounted below /gcs, as the account that the task runs as", _STORAGE),
    "stack.registry": Row("native", "before the name of each image that names no registry", _SPEC),
    "placement": Row("native", "the job's own fields", _JOB, when=_placement),
    "step.cpu": Row("native", "the container's limits", _MACHINES),
    "step.memory": Row("native", "the container's limits", _MACHINES),
    "step.gpu": Row("native", "the container's accelerator", _MACHINES),
    "step.gpu_type": Row("native", "the container's accelerator", _MACHINES),
    "step.disk": Row("advisory", "every machine has a disk of 100 GB", _MACHINES, when=_disk),
    "step.retry": Row("emulated", _RETRY, _SPEC),
    "step.timeout": Row("emulated", "ended by the runner: TERM, then KILL; a container task has no time-out", _SPEC),
    "step.cache": Row("native", "cachingOptions: an artifact is the same when its producer came from the cache", _CACHING, when=_cache),
    "step.tags": Row("advisory", "a task of a run has no labels; they stand in the source", _JOB),
    "pipeline.timeout": Row(
        "emulated",
        "each container ends when the run's time is over, counted from pipeline_job_create_time_utc; not a task with a cache",
        _JOB,
    ),
    "pipeline.on_failure": Row("native", "failurePolicy: PIPELINE_FAILURE_POLICY_FAIL_FAST", _FAILURE, when=_on_failure),
    "pipeline.failure_step": Row(
        "native",
        "an exit handler around the pipeline, told by PipelineTaskFinalStatus that it failed, not which task did; with FAIL_SLOW, so that "
        "tasks which do not wait for the failed one still run; not of a run that is cancelled",
        _EXIT,
    ),
    "pipeline.tags": Row("native", "labels of the run", _JOB, when=_labels),
    "schedule.cron": Row("native", "schedule.json: cron, with its zone", _SCHEDULE, when=_scheduled(vertex.expression)),
    "schedule.every": Row("native", "schedule.json: cron, anchored by the clock", _SCHEDULE, when=_scheduled(vertex.expression)),
    "schedule.at": Row(
        "emulated", "schedule.json: a cron for that one minute, maxRunCount 1", _SCHEDULE, when=_scheduled(vertex.expression)
    ),
    "schedule.window": Row("native", "schedule.json: endTime; no start", _SCHEDULE, when=_scheduled(vertex.window)),
    "schedule.catchup": Row("rejected", "catchUp is output only", _SCHEDULE, when=_scheduled(vertex.catchup)),
    "schedule.overlap": Row(
        "native", "schedule.json: maxConcurrentActiveRunCount, allowQueueing", _SCHEDULE, when=_scheduled(vertex.overlap)
    ),
    "schedule.paused": Row("rejected", "a schedule is created active", _SCHEDULE, when=_scheduled(vertex.paused)),
    "if": Row("native", "condition-branches with triggerPolicy.condition, valueFromOneof", _CONTROL, when=_if),
    "predicate": Row("emulated", "predicate: a task whose output the condition compares with `true`", _CONTROL, when=_predicate),
    "map": Row("native", "parameterIterator over the items as text; an empty list has one iteration that does nothing", _COLLECTED),
    "for": Row("emulated", "island: iterations of Vertex AI's hand nothing on to the next", _CONTROL, island=True),
    "while": Row("emulated", "island: Vertex AI has no loop with a condition", _CONTROL, island=True),
    "try": Row(
        "emulated",
        "island: no trigger of Vertex AI's asks what has failed, and an exit handler stands around a whole pipeline only",
        _NESTED_EXIT,
        island=True,
    ),
    "fail": Row("native", "a task that raises", _SPEC),
}

CAPABILITIES = Capabilities(
    ROWS,
    IMAGE,
    "3.11",
    {
        "parameter bytes": VALUE_LIMIT,  # the container gets all inputs of a task as one argument, and Linux takes 131,071 bytes
        "bytes of a list's items": ITEMS_LIMIT,
        "argument bytes": 131_071,
        "pipeline bytes": MAX_BYTES,
        "labels": LABELS,
    },
    _settled,
    (machines.TABLE,),
)
