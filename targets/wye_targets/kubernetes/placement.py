"""Where a cluster is to run the tasks, as typed options: what a stack's `placement`, or a step's own block, says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from wye.sdk.settings import SettingError, memory_bytes

LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_DNS = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
SUBDOMAIN = re.compile(rf"(?=.{{1,253}}$){_DNS}(?:\.{_DNS})*")
LABEL_KEY = re.compile(rf"(?:{_DNS}(?:\.{_DNS})*/)?{_NAME}")
OWN_LABELS = re.compile(r"(?:wye|(?:.*\.)?(?:kubernetes|k8s)\.io)/.*|job-name|controller-uid")
"""Keys whose meaning the platform or Wye gives."""


def check_name(name: str, value: str | None) -> None:
    if value is not None and not SUBDOMAIN.fullmatch(value):
        raise SettingError(name, f"{value!r} cannot be a name in Kubernetes", "lower-case letters, digits, `-` and `.`")


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
            raise SettingError("tolerations", 'a toleration without `key` needs operator = "Exists"')
        if self.key is not None and not LABEL_KEY.fullmatch(self.key):
            raise SettingError("tolerations", f"{self.key!r} cannot be the key of a taint")
        if self.value is not None and self.operator == "Exists":
            raise SettingError("tolerations", "a toleration that asks only whether the key exists has no `value`")
        if self.value is not None and not LABEL_VALUE.fullmatch(self.value):
            raise SettingError("tolerations", f"{self.value!r} cannot be the value of a taint")
        if self.seconds is not None and self.effect != "NoExecute":
            raise SettingError("tolerations", '`seconds` holds only with effect = "NoExecute"')

    def manifest(self) -> dict[str, Any]:
        form = {"key": self.key, "operator": self.operator, "value": self.value, "effect": self.effect, "tolerationSeconds": self.seconds}
        return {k: v for k, v in form.items() if v is not None}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where tasks run. `service_account` is the steps': for what they may do elsewhere; the driver has its own."""

    namespace: str | None = field(default=None, metadata={"scope": "run"})
    service_account: str | None = None
    node_selector: dict[str, str] = field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    priority_class: str | None = None
    shared_memory: str | None = None
    """The size of /dev/shm: "2Gi"."""

    def __post_init__(self) -> None:
        for name in ("namespace", "service_account", "priority_class"):
            check_name(name, getattr(self, name))
        for name in ("node_selector", "labels", "annotations"):
            for key, value in getattr(self, name).items():
                if not LABEL_KEY.fullmatch(key):
                    help = "letters, digits, `-`, `_` and `.`, at most 63"
                    raise SettingError(name, f"{key!r} cannot be the key of a label or an annotation", help)
                if name != "annotations" and not LABEL_VALUE.fullmatch(value):
                    raise SettingError(name, f"{value!r} cannot be the value of a label", "letters, digits, `-`, `_` and `.`, at most 63")
                if name != "node_selector" and OWN_LABELS.fullmatch(key):
                    raise SettingError(name, f"{key!r} has a meaning of its own", "choose another key")
        if self.shared_memory is not None:
            memory_bytes(self.shared_memory, "shared_memory")
