"""Where Kubeflow is to run the tasks, as typed options: what a stack's `placement`, or a step's own block, says.

https://github.com/kubeflow/pipelines kubernetes_platform/proto/kubernetes_executor_config.proto
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from wye_targets._kfp.service import plain

LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
LABEL_KEY = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_QUANTITY = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[KMGTP]i|[kMGTP])?")


class PlacementError(ValueError):
    """A value that its type allows and Kubernetes does not. `field` names the key, `help` the remedy."""

    def __init__(self, field: str, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.field, self.help = field, help


@dataclass(frozen=True, slots=True)
class Toleration:
    """A toleration of a pod. Without a key it tolerates everything, with the operator "Exists"."""

    key: str | None = None
    operator: Literal["Equal", "Exists"] = "Equal"
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    seconds: int | None = None

    def __post_init__(self) -> None:
        if self.key is None and self.operator != "Exists":
            raise PlacementError("tolerations", 'a toleration without `key` needs operator = "Exists"')
        if self.key is not None and not LABEL_KEY.fullmatch(self.key):
            raise PlacementError("tolerations", f"{self.key!r} cannot be the key of a taint")
        if self.value is not None and (self.operator == "Exists" or not LABEL_VALUE.fullmatch(self.value)):
            why = "a toleration that asks only whether the key exists has no `value`"
            message = why if self.operator == "Exists" else f"{self.value!r} cannot be the value of a taint"
            raise PlacementError("tolerations", message)
        if self.seconds is not None and self.effect != "NoExecute":
            raise PlacementError("tolerations", '`seconds` holds only with effect = "NoExecute"')


@dataclass(frozen=True, slots=True)
class Placement:
    """Where tasks run. `service_account` and `namespace` are the run's: Kubeflow has no field for them in a pipeline."""

    service_account: str | None = field(default=None, metadata={"scope": "run"})
    namespace: str | None = field(default=None, metadata={"scope": "run"})
    node_selector: dict[str, str] = field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    shared_memory: str | None = None
    """The size of /dev/shm: "2Gi"."""

    def __post_init__(self) -> None:
        for name in ("service_account", "namespace"):
            value = getattr(self, name)
            if value is not None and not _NAME.fullmatch(value):
                raise PlacementError(name, f"{value!r} cannot be a name in Kubernetes", "lowercase letters, digits, `-` and `.`")
        for name in ("node_selector", "labels", "annotations"):
            for key, value in getattr(self, name).items():
                if not LABEL_KEY.fullmatch(key):
                    help = "letters, digits, `-`, `_` and `.`, at most 63"
                    raise PlacementError(name, f"{key!r} cannot be the key of a label or an annotation", help)
                if name != "annotations" and not LABEL_VALUE.fullmatch(value):
                    raise PlacementError(key, f"{value!r} cannot be the value of a label", "letters, digits, `-`, `_` and `.`, at most 63")
                if not plain(value):
                    raise PlacementError(key, f"Argo or Kubernetes would expand the value of {key!r}", "leave out `{{`, `$(` and `$$`")
        if self.shared_memory is not None and not _QUANTITY.fullmatch(self.shared_memory):
            raise PlacementError("shared_memory", f"not a size: {self.shared_memory!r}", "write it as Kubernetes does: 2Gi")


def executor(p: Placement, config: dict[str, Any]) -> dict[str, Any]:
    """One executor's part of the platform document, with its placement. What a step's own settings say of the same label goes before."""
    config = dict(config)
    if p.node_selector:
        config["nodeSelector"] = {"labels": _joined(p.node_selector, config.get("nodeSelector", {}).get("labels", {}))}
    if p.tolerations:
        config["tolerations"] = [_toleration(t) for t in p.tolerations]
    said = config.get("podMetadata", {})
    metadata = {"annotations": _joined(p.annotations, said.get("annotations", {})), "labels": _joined(p.labels, said.get("labels", {}))}
    if p.annotations or p.labels:
        config["podMetadata"] = {k: v for k, v in metadata.items() if v}
    if p.image_pull_policy:
        config["imagePullPolicy"] = p.image_pull_policy
    if p.shared_memory:
        config["emptyDirMounts"] = [{"medium": "Memory", "mountPath": "/dev/shm", "sizeLimit": p.shared_memory, "volumeName": "shm"}]
    return dict(sorted(config.items()))


def _joined(base: dict[str, str], over: dict[str, str]) -> dict[str, str]:
    return dict(sorted({**base, **over}.items()))


def _toleration(t: Toleration) -> dict[str, Any]:
    form = {"effect": t.effect, "key": t.key, "operator": t.operator, "tolerationSeconds": t.seconds, "value": t.value}
    return {k: str(v) if k == "tolerationSeconds" else v for k, v in form.items() if v is not None}


def run(p: Placement) -> dict[str, str]:
    """What holds for a run: arguments of kfp.Client's methods that start one."""
    return {k: v for k, v in (("namespace", p.namespace), ("service_account", p.service_account)) if v is not None}
