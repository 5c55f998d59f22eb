"""What a bare Kubernetes cluster can do, as data: a row per feature, the options of a stack, the image, the limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wye.backend.capabilities import Capabilities, Row, scheduled
from wye.backend.names import IMAGE_NAME, pulled
from wye.backend.stores import reached, stored
from wye.schedules import robfig
from wye.sdk.settings import SettingError, memory_bytes
from wye.stacks import StoreOptions
from wye.stacks.stores import check_store
from wye_targets.kubernetes.placement import LABEL_KEY, LABEL_VALUE, OWN_LABELS, SUBDOMAIN, Placement, check_name

IMAGE = "python:3.11-slim"
MAX_BYTES = 4_000_000
"""Of code and plan in one build: they are read whole by the API server, by every `kubectl apply` and by each run."""
OBJECT_BYTES = 240_000
"""Of one ConfigMap. The API server takes 1 MiB; `kubectl apply` also writes the whole object into an annotation of at most 256 KiB."""

_DOCS = "https://kubernetes.io/docs/"
_JOB = _DOCS + "concepts/workloads/controllers/job/"
_DEADLINE = _JOB + "#job-termination-and-cleanup"
_CRONJOB = _DOCS + "concepts/workloads/controllers/cron-jobs/"
_VOLUMES = _DOCS + "concepts/storage/persistent-volumes/"
_CONFIG = _DOCS + "concepts/configuration/configmap/"
_RESOURCES = _DOCS + "concepts/configuration/manage-resources-containers/"
_DISK = _RESOURCES + "#local-ephemeral-storage"
_GPU = _DOCS + "tasks/manage-gpus/scheduling-gpus/"
_ENV = _DOCS + "tasks/inject-data-application/define-environment-variable-container/"
_SECRET = _DOCS + "concepts/configuration/secret/"
_IMAGES = _DOCS + "concepts/containers/images/"
_LABELS = _DOCS + "concepts/overview/working-with-objects/labels/"
_ANNOTATIONS = _DOCS + "concepts/overview/working-with-objects/annotations/"

SECRETS_UNSAYABLE = re.compile(r"[\ud800-\udfff]")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


@dataclass(frozen=True, slots=True)
class Options:
    """What a stack may say.

    `registry`: where images come from whose names say no registry of their own.
    `store`: an address for the artifacts that tasks hand on; unset, they are on the volume, where values are in any case.
    `store_secret`: a Secret whose entries are variables of every task's container: the credentials of the store.
    `access`: with "ReadWriteOnce" all pods run on the volume's node; "ReadWriteMany" needs a storage class that nodes share.
    `claim`: a PersistentVolumeClaim that is there already; else one is made, of `storage` in `storage_class`.
    `user`: the user and group that all pods run as; 0 leaves it to the cluster, as OpenShift wants.
    `parallel`: Jobs of a run at a time. `history`: ended runs whose Jobs stay.
    """

    image: str | None = None
    registry: str | None = None
    image_pull_secrets: tuple[str, ...] = ()
    store: str | None = None
    store_options: StoreOptions = field(default_factory=StoreOptions, metadata={"key": "store-options"})
    store_secret: str | None = None
    claim: str | None = None
    storage: str = "10Gi"
    storage_class: str | None = None
    access: Literal["ReadWriteOnce", "ReadWriteMany"] = "ReadWriteOnce"
    gpu_resource: str = "nvidia.com/gpu"
    gpu_type_label: str = "nvidia.com/gpu.product"
    user: int = 10001
    parallel: int = 100
    history: int = 10
    placement: Placement = field(default_factory=Placement)

    def __post_init__(self) -> None:
        check_store(self.store, self.store_options)
        for name in ("claim", "storage_class", "store_secret"):
            check_name(name, getattr(self, name))
        for secret in self.image_pull_secrets:
            check_name("image_pull_secrets", secret)
        if self.registry is not None and not _REGISTRY.fullmatch(self.registry):
            raise SettingError("registry", f"not a registry: {self.registry!r}", "write a host, and a folder if there is one")
        if self.image is not None and not IMAGE_NAME.fullmatch(self.image):
            raise SettingError("image", f"not the name of an image: {self.image!r}", "write it as for docker: python:3.12-slim")
        memory_bytes(self.storage, "storage")
        for name, low, high in (("user", 0, 2**31 - 1), ("parallel", 1, 10_000), ("history", 0, 1000)):
            if not low <= getattr(self, name) <= high:
                raise SettingError(name, f"`{name}` is out of range: {getattr(self, name)}", f"{low:,} to {high:,}")
        for name in ("gpu_resource", "gpu_type_label"):
            if not LABEL_KEY.fullmatch(getattr(self, name)):
                raise SettingError(name, f"not a key of a label: {getattr(self, name)!r}")

    def qualified(self, image: str) -> str:
        """The image as it is pulled."""
        return pulled(image, self.registry)


_REGISTRY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")


def _tags(value: Any, options: Any) -> Row | None:
    items = dict(value).items() if isinstance(value, Mapping | tuple | list) else ()
    for key, _ in items:
        if not LABEL_KEY.fullmatch(key):
            return Row("rejected", f"{key!r} cannot be the key of a label", _LABELS, "letters, digits, `-`, `_` and `.`, at most 63")
        if OWN_LABELS.fullmatch(key):
            return Row("rejected", f"{key!r} is a label with a meaning of its own", _LABELS, "choose another key")
    return None


def _gpu_type(value: Any, options: Any) -> Row | None:
    text = value if isinstance(value, str) else getattr(value, "gpu_type", None)
    if text is None or LABEL_VALUE.fullmatch(text):
        return None
    return Row("rejected", f"{text!r} cannot be the value of a node's label", _LABELS, "letters, digits, `-`, `_` and `.`, at most 63")


def _env(value: Any, options: Any) -> Row | None:
    if not any(SECRETS_UNSAYABLE.search(text) for _, text in value):
        return None
    return Row("rejected", "a value is no Unicode text", _ENV, "leave out lone surrogates")


def _secrets(value: Any, options: Any) -> Row | None:
    secrets = value if isinstance(value, tuple | list) else [value]
    for secret in secrets:
        if not SUBDOMAIN.fullmatch(secret.name):
            return Row("rejected", f"{secret.name!r} cannot be the name of a Secret", _SECRET, "lower-case letters, digits, `-` and `.`")
    if all(secret.key is not None for secret in secrets):
        return None
    return Row("emulated", "a secret without `key` is mounted and its only entry is set by the runner", _SECRET)


_expression, _window, _catchup, _overlap = (
    scheduled(lambda schedule, options, part=part: part(schedule), _CRONJOB)  # type: ignore[misc]
    for part in (robfig.expression, robfig.window, robfig.catchup, robfig.overlap)
)

ROWS: dict[str, Row] = {
    "parameter": Row("native", "a ConfigMap `<pipeline>-params`, or variables PARAM_<name> of the run's Job", _CONFIG),
    "parameter.scheduled": Row("native", "what the CronJob's controller says; of a run that a person started, its start", _CRONJOB),
    "output.parameter": Row("native", "a file on the volume", _VOLUMES),
    "output.multiple": Row("native", "one file per output", _VOLUMES),
    "artifact.file": Row("native", "a folder on the volume", _VOLUMES, when=stored),
    "artifact.bytes": Row("native", "a file on the volume", _VOLUMES, when=stored),
    "artifact.object": Row("native", "a file on the volume: JSON or pickle", _VOLUMES, when=stored),
    "return": Row("native", "outputs.json on the volume; the annotation wye/outputs of the run's Job when it is short", _ANNOTATIONS),
    "expression": Row("native", "evaluated in the task that reads it", _JOB),
    "compute": Row("native", "a Job", _JOB),
    "call": Row("native", "a Job per attempt, created by the run's driver", _JOB),
    "after": Row("native", "the driver waits", _JOB),
    "pipeline.nested": Row("native", "inlined", _JOB),
    "pipeline.max_parallel": Row("native", "the driver", _JOB),
    "step.packages": Row("emulated", "installed by the runner when the image does not have them", _IMAGES),
    "step.image": Row("native", "the container's image; it needs python3, 3.9 or newer", _IMAGES),
    "step.python": Row("native", "the container's command", _ENV.replace("environment-variable", "command-argument")),
    "step.files": Row("native", "in the ConfigMaps of the programs", _CONFIG),
    "code.image": Row("native", "programs and packages in the image; driver, runner and plan in ConfigMaps", _IMAGES),
    "step.env": Row("native", "the container's env", _ENV, when=_env),
    "step.secrets": Row("native", "secretKeyRef", _SECRET, when=_secrets),
    "step.context": Row("native", "the driver says it; the run's id is the name of its Job", _JOB),
    "stack.store": Row("advisory", "a folder has no use here: what tasks hand on is on the volume", _VOLUMES, when=stored),
    "stack.store_options": Row("advisory", "what tasks hand on is on the volume", _VOLUMES, when=reached),
    "stack.registry": Row("native", "before the name of each image that names no registry", _IMAGES),
    "placement": Row("native", "fields of the pods", _DOCS + "concepts/scheduling-eviction/assign-pod-node/"),
    "step.cpu": Row("native", "request and limit", _RESOURCES),
    "step.memory": Row("native", "request and limit", _RESOURCES),
    "step.gpu": Row("native", "limit of nvidia.com/gpu, or of the stack's `gpu_resource`", _GPU),
    "step.gpu_type": Row("native", "nodeSelector; the stack's `gpu_type_label` names the label", _GPU, when=_gpu_type),
    "step.disk": Row("native", "request and limit of ephemeral-storage", _DISK),
    "step.retry": Row(
        "native", "a new Job per attempt, after an exception, a time-out, out of memory, an eviction, a lost node; the driver waits", _JOB
    ),
    "step.timeout": Row("native", "ended by the runner; activeDeadlineSeconds ends a Job whose pod does not start or hangs", _DEADLINE),
    "pipeline.timeout": Row("native", "the driver ends every Job; activeDeadlineSeconds ends the driver", _DEADLINE),
    "pipeline.on_failure": Row("native", "the driver", _JOB),
    "pipeline.failure_step": Row("native", "a last Job; not when the run is stopped by hand", _JOB),
    "step.cache": Row("advisory", "every task runs every time: a cluster has no result cache", _JOB),
    "step.tags": Row("native", "labels of the Job and its pod (annotations where a value cannot be a label)", _LABELS, when=_tags),
    "pipeline.tags": Row("native", "labels of all objects (annotations where a value cannot be a label)", _LABELS, when=_tags),
    "schedule.cron": Row("native", "schedule, timeZone", _CRONJOB, when=_expression),
    "schedule.every": Row("native", "schedule: an interval as a cron expression", _CRONJOB, when=_expression),
    "schedule.at": Row("rejected", "a CronJob repeats", _CRONJOB, "start it by hand", when=_expression),
    "schedule.window": Row("rejected", "a CronJob has no start and no end", _CRONJOB, when=_window),
    "schedule.catchup": Row("rejected", "a CronJob makes up for the last time missed only", _CRONJOB, when=_catchup),
    "schedule.overlap": Row("native", "concurrencyPolicy", _CRONJOB, when=_overlap),
    "schedule.paused": Row("native", "suspend", _CRONJOB),
    "if": Row("native", "the driver runs the arm that the condition chooses", _JOB),
    "predicate": Row("native", "a Job whose output is true or false", _JOB),
    "map": Row("native", "the driver runs the iterations in parallel, each as Jobs of its own", _JOB),
    "for": Row("native", "the driver runs the iterations in order", _JOB),
    "while": Row("native", "the driver evaluates the condition before each iteration", _JOB),
    "try": Row("native", "the driver runs handlers and `finally` when the body has ended", _JOB),
    "fail": Row("native", "a Job that raises", _JOB),
}

CAPABILITIES = Capabilities(
    ROWS,
    IMAGE,
    "3.11",
    {
        "name": 52,  # of a CronJob: its Jobs add eleven characters to it, and a Job's name has 63 at most
        "label": 63,
        "bytes of a ConfigMap": OBJECT_BYTES,
        "bytes of all": MAX_BYTES,
        "annotation bytes": 262_144,
        "termination message bytes": 4096,
    },
)
