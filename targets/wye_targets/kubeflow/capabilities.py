"""What Kubeflow Pipelines 2 can do, as data: a row per feature, the options of a stack, the image, the limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wye.backend.capabilities import Capabilities, Row, scheduled
from wye.backend.names import IMAGE_NAME, pulled
from wye.ir import model as ir
from wye.ir.expressions import Reference
from wye.ir.nodes import arms
from wye.schedules import kfp
from wye.sdk.settings import Cache, Retry, seconds
from wye_targets._kfp.adapter import ITEMS_LIMIT, VALUE_LIMIT
from wye_targets._kfp.conditions import known
from wye_targets._kfp.service import plain
from wye_targets.kubeflow.placement import LABEL_KEY, LABEL_VALUE, Placement, PlacementError

IMAGE = "python:3.11-slim"
MAX_BYTES = 1_500_000

_SPEC = "https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto"
_KUBERNETES = "https://github.com/kubeflow/pipelines/blob/master/kubernetes_platform/proto/kubernetes_executor_config.proto"
_DOCS = "https://www.kubeflow.org/docs/components/pipelines/user-guides/"
_PARAMETERS = _DOCS + "data-handling/parameters/"
_ARTIFACTS = _DOCS + "data-handling/artifacts/"
_CONTROL = _DOCS + "core-functions/control-flow/"
_CONDITION = _CONTROL + "#conditions-dslif-dslelif-dslelse"
_LOOP = _CONTROL + "#parallel-looping-dslparallelfor"
_EXIT = _CONTROL + "#exit-handling-dslexithandler"
_JOIN = "https://github.com/kubeflow/pipelines/pull/13436"
_CACHING = _DOCS + "core-functions/caching/"
_RECURRING = "https://www.kubeflow.org/docs/components/pipelines/concepts/run-trigger/"
_PLATFORM = _DOCS + "core-functions/platform-specific-features/"
_COMPILE = _DOCS + "core-functions/compile-a-pipeline/"
_RUN = "https://kubeflow-pipelines.readthedocs.io/en/stable/source/client.html#kfp.client.Client.create_run_from_pipeline_package"
_CLIENT = "https://kubeflow-pipelines.readthedocs.io/en/stable/source/client.html#kfp.client.Client.create_recurring_run"
_PLACEHOLDERS = "https://github.com/kubeflow/pipelines/pull/13474"
_CONCURRENCY = "https://github.com/kubeflow/pipelines/blob/master/backend/api/v2beta1/recurring_run.proto"


@dataclass(frozen=True, slots=True)
class Options:
    """What a stack may say. `timezone` is the zone in which the cluster reads schedules (its CRON_SCHEDULE_TIMEZONE)."""

    store: str | None = None
    """The artifact store: the pipeline root, an address such as `s3://bucket/folder`."""
    registry: str | None = None
    """Where images come from whose names say no registry of their own: `registry.example.com/mirror`."""
    image: str | None = None
    image_pull_secrets: tuple[str, ...] = ()
    gpu_resource: str = "nvidia.com/gpu"
    gpu_type_label: str = "nvidia.com/gpu.product"
    timezone: str = "UTC"
    max_bytes: int = MAX_BYTES
    """The largest pipeline that the service takes: Argo keeps it in one object of etcd, which takes 1.5 MiB by default."""
    placement: Placement = field(default_factory=Placement)

    def __post_init__(self) -> None:
        if self.registry is not None and not _REGISTRY.fullmatch(self.registry):
            raise PlacementError("registry", f"not a registry: {self.registry!r}", "write a host, and a folder if there is one")
        if self.image is not None and not IMAGE_NAME.fullmatch(self.image):
            raise PlacementError("image", f"not the name of an image: {self.image!r}", "write it as for docker: python:3.12-slim")
        if self.store is not None and not _STORE.fullmatch(self.store):
            raise PlacementError("store", f"not an address of a store: {self.store!r}", "write it with its scheme: s3://bucket/folder")

    def qualified(self, image: str) -> str:
        """The image as it is pulled."""
        return pulled(image, self.registry)


_REGISTRY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_STORE = re.compile(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9._~:/@%+=,?&-]+")


def native_retry(retry: Retry) -> bool:
    """Whether Argo waits as long as is asked: whole seconds, a whole factor, no upper bound on one pause."""
    first = seconds(retry.delay, "delay")
    pauses = tuple(first * retry.backoff**i for i in range(retry.count))
    return first.is_integer() and float(retry.backoff).is_integer() and pauses == retry.delays()


def _retry(value: Any, options: Any) -> Row | None:
    if not isinstance(value, Retry) or native_retry(value):
        return None
    return Row("emulated", "in-process by the runner: an exception, a time-out; not out of memory", _SPEC)


def _cache(value: Any, options: Any) -> Row | None:
    if not isinstance(value, Cache) or value.max_age is None:
        return None
    return Row("advisory", "made anew by every run: the cache has no expiry", _CACHING, "write cache=True to reuse results of any age")


def _tags(value: Any, options: Any) -> Row | None:
    items = dict(value).items() if isinstance(value, Mapping | tuple | list) else ()
    for key, text in items:
        if not LABEL_KEY.fullmatch(key):
            return Row(
                "rejected", f"{key!r} cannot be the key of a Kubernetes label", _PLATFORM, "letters, digits, `-`, `_` and `.`, at most 63"
            )
        if "{{" in text:
            return Row("rejected", f"Argo would expand the value of {key!r}", _PLATFORM, "leave out `{{`")
    return None


def _gpu_type(value: Any, options: Any) -> Row | None:
    text = value if isinstance(value, str) else getattr(value, "gpu_type", None)
    if text is None or LABEL_VALUE.fullmatch(text):
        return None
    return Row("rejected", f"{text!r} cannot be the value of a node's label", _PLATFORM, "letters, digits, `-`, `_` and `.`, at most 63")


def _env(value: Any, options: Any) -> Row | None:
    items = dict(value).items() if isinstance(value, Mapping | tuple | list) else ()
    if all(plain(v) for _, v in items):
        return None
    return Row("emulated", "values that Kubernetes or Argo would expand are set by the runner", _SPEC)


def _secrets(value: Any, options: Any) -> Row | None:
    keyed = all(getattr(s, "key", "") is not None for s in (value if isinstance(value, tuple | list) else [value]))
    if keyed:
        return None
    return Row("emulated", "a secret without `key` is mounted (secretAsVolume) and its only entry is set by the runner", _KUBERNETES)


def _on_failure(value: Any, options: Any) -> Row | None:
    if value != "continue":
        return None
    return Row("rejected", "Kubeflow starts no further task once one has failed", _CONTROL, 'leave out on_failure="continue"')


def _parameter(value: Any, options: Any) -> Row | None:
    if value.default is None or len(value.default.text) <= VALUE_LIMIT:
        return None
    return Row("rejected", f"a run parameter takes {VALUE_LIMIT:,} bytes at most", _PARAMETERS, "make the value in a step")


def _placement(value: Any, options: Any) -> Row | None:
    key, _ = value
    if key in ("service_account", "namespace"):
        return Row("emulated", "run.json: an argument of kfp.Client.create_run_from_pipeline_package; a pipeline has no field for it", _RUN)
    return None


def _if(value: Any, options: Any) -> Row | None:
    """A join of artifacts: the service that has it."""
    joined = [e for arm in arms(value.node) for e in arm if isinstance(e, Reference) and not isinstance(e, ir.Param)]
    how = "condition-branches with triggerPolicy.condition; an artifact by artifactSelectors: since 2.17 (kubeflow/pipelines#13436)"
    return Row("native", how, _JOIN) if any(e.format != "json" for e in joined) else None


def _predicate(value: Any, options: Any) -> Row | None:
    return Row("native", "triggerPolicy.condition", _CONDITION) if known(value.value) else None


def _try(value: Any, options: Any) -> Row | None:
    if value.node.handlers:
        return Row("emulated", "island: no trigger of Kubeflow's asks what has failed", _EXIT, island=True)
    return None


_TIMING = scheduled(lambda schedule, options: kfp.timing(schedule, options.timezone), _RECURRING)
_OVERLAP = scheduled(lambda schedule, options: kfp.overlap(schedule, options.timezone), _RECURRING)

ROWS: dict[str, Row] = {
    "parameter": Row(
        "native", "root inputs: a NUMBER_INTEGER up to 2**53 - 1; a type that KFP lacks as JSON in a STRING", _PARAMETERS, when=_parameter
    ),
    "parameter.scheduled": Row(
        "native", "pipeline_job_schedule_time_utc: when the recurring run was due, else when the run was created; since 2.17", _PLACEHOLDERS
    ),
    "output.parameter": Row("native", "output parameters: JSON in a STRING, compressed from 16 KiB on; at most 120,000 bytes", _PARAMETERS),
    "output.multiple": Row("native", "one output of the component each", _PARAMETERS),
    "artifact.file": Row("native", "output artifacts: a folder in the artifact store", _ARTIFACTS),
    "artifact.bytes": Row("native", "output artifacts", _ARTIFACTS),
    "artifact.object": Row("native", "output artifacts: JSON or pickle", _ARTIFACTS),
    "return": Row("native", "the pipeline's output `Output`", _PARAMETERS),
    "expression": Row("native", "evaluated by the task that it is an argument of", _PARAMETERS),
    "compute": Row("native", "a task of its own", _SPEC),
    "call": Row("native", "taskOutputParameter, taskOutputArtifact", _PARAMETERS),
    "after": Row("native", "dependentTasks", _SPEC),
    "pipeline.nested": Row("native", "inlined", _SPEC),
    "step.packages": Row(
        "emulated", "installed by the runner when the image does not have them", _DOCS + "components/lightweight-python-components/"
    ),
    "step.image": Row("native", "the container's image", _DOCS + "components/lightweight-python-components/"),
    "step.python": Row("native", "the container's command", _DOCS + "components/container-components/"),
    "step.files": Row("emulated", "compressed in the container's arguments; the pipeline takes `max_bytes` in all", _SPEC),
    "code.image": Row(
        "native",
        "programs, packages and runner in the image; the task in the container's arguments",
        _DOCS + "components/container-components/",
    ),
    "step.env": Row("native", "the container's env", _SPEC, when=_env),
    "step.secrets": Row("native", "secretAsEnv", _KUBERNETES, when=_secrets),
    "step.context": Row(
        "native",
        "pipeline_job_uuid, pipeline_job_schedule_time_utc; the attempt by KFP_RETRY_INDEX, or as the runner counts; since 2.17",
        _PLACEHOLDERS,
    ),
    "stack.store": Row("native", "defaultPipelineRoot", _DOCS + "data-handling/artifacts/"),
    "stack.store_options": Row(
        "advisory", "the service's own settings say how a pipeline root is reached", _DOCS + "data-handling/artifacts/"
    ),
    "stack.registry": Row("native", "before the name of each image that names no registry", _SPEC),
    "placement": Row("native", "the second document, platforms.kubernetes", _KUBERNETES, when=_placement),
    "step.cpu": Row("native", "request and limit", _SPEC),
    "step.memory": Row("native", "request and limit", _SPEC),
    "step.gpu": Row("native", "accelerator", _SPEC),
    "step.gpu_type": Row("native", "nodeSelector; the stack's `gpu_type_label` names the label", _KUBERNETES, when=_gpu_type),
    "step.disk": Row("native", "a generic ephemeral volume of the default storage class, where the runner works", _KUBERNETES),
    "step.retry": Row("native", "retryPolicy: an exception, a time-out, out of memory; not a lost node", _SPEC, when=_retry),
    "step.timeout": Row("native", "ended by the runner; activeDeadlineSeconds ends a pod that hangs", _KUBERNETES),
    "pipeline.timeout": Row("native", "pipelineConfig.activeDeadlineSeconds; since 2.17", _SPEC),
    "pipeline.on_failure": Row("native", "no further task starts", _CONTROL, when=_on_failure),
    "pipeline.failure_step": Row(
        "native",
        "an exit handler around the pipeline, told by PipelineTaskFinalStatus that it failed, not which task did; also of a run that is "
        "terminated",
        _EXIT,
    ),
    "step.cache": Row("native", "cachingOptions: an artifact is the same when its producer came from the cache", _CACHING, when=_cache),
    "step.tags": Row("native", "labels of the pod (annotations where a value cannot be a label)", _KUBERNETES, when=_tags),
    "pipeline.tags": Row("emulated", "labels of every pod: a run has none", _KUBERNETES, when=_tags),
    "pipeline.max_parallel": Row("emulated", "edges between tasks that have none otherwise", _SPEC),
    "schedule.cron": Row("native", "schedule.json: cron_expression in the cluster's zone", _CLIENT, when=_TIMING),
    "schedule.every": Row("native", "schedule.json: cron_expression, anchored by the clock; else interval_second", _CLIENT, when=_TIMING),
    "schedule.at": Row("emulated", "schedule.json: a cron_expression with a window of two seconds", _CLIENT, when=_TIMING),
    "schedule.window": Row("native", "start_time, end_time", _CLIENT),
    "schedule.catchup": Row("native", "no_catchup; without catch-up the last time missed still runs, once", _CLIENT),
    "schedule.overlap": Row("native", "max_concurrency: at most 10 runs at a time", _CONCURRENCY, when=_OVERLAP),
    "schedule.paused": Row("native", "enabled", _CLIENT),
    "if": Row("native", "condition-branches with triggerPolicy.condition, valueFromOneof", _CONDITION, when=_if),
    "predicate": Row("emulated", "predicate: a task whose output the condition compares with `true`", _CONDITION, when=_predicate),
    "map": Row(
        "native",
        "parameterIterator over the items as text; where results are collected, an empty list has one iteration that does nothing",
        _LOOP,
    ),
    "for": Row("emulated", "island: iterations of Kubeflow's hand nothing on to the next", _LOOP, island=True),
    "while": Row("emulated", "island: Kubeflow has no loop with a condition", _LOOP, island=True),
    "try": Row(
        "native",
        "exit-handler with ALL_UPSTREAM_TASKS_COMPLETED; a task `verdict` fails the run when the clean-up failed",
        _EXIT,
        when=_try,
    ),
    "fail": Row("native", "a task that raises", _CONTROL),
}

CAPABILITIES = Capabilities(
    ROWS,
    IMAGE,
    "3.11",
    {
        "parameter bytes": VALUE_LIMIT,  # the launcher gets all inputs of a task as one argument, and Linux takes 131,071 bytes
        "bytes of a list's items": ITEMS_LIMIT,
        "argument bytes": 131_071,
        "run parameter bytes": 10_000,  # the API server's MAX_PARAMETER_BYTES
        "pipeline bytes": MAX_BYTES,
    },
)
