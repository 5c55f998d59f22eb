"""Settings in, what Kubernetes has for them out: specs of Jobs and pods, labels, annotations.

Every pod satisfies the Pod Security Standard *restricted*: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from wye.backend.names import NameRules
from wye.backend.placement import placed
from wye.ir.settings import Settings
from wye.stacks.stores import is_address
from wye_targets.kubernetes.capabilities import IMAGE, Options
from wye_targets.kubernetes.jobs import RUN
from wye_targets.kubernetes.placement import LABEL_VALUE, Placement
from wye_targets.kubernetes.step import SECRETS

GRACE = 900
"""Seconds that a Job has beside its attempt: to find a node, to pull the image, to install packages. The runner ends the attempt itself."""
STOP = 30
"""Seconds between TERM and KILL. The runner gives a step ten, then writes down what became of it."""

LABEL = NameRules(charset="A-Za-z0-9._-", lower=False, first="A-Za-z0-9", prefix="t")
"""A label's value."""


def job(s: Settings, options: Options) -> dict[str, Any]:
    """The spec of the Jobs of a task; the driver adds what differs between attempts."""
    where = placed(options, s, "kubernetes")
    spec: dict[str, Any] = {}
    if s.timeout is not None:
        spec["activeDeadlineSeconds"] = math.ceil(s.timeout) + GRACE
    spec["backoffLimit"] = 0
    template = {"spec": pod(container(s, options, where), volumes(s, where), options, where, gpu_type(s, options), uses_gpu(s))}
    metadata = {k: dict(sorted(v.items())) for k, v in (("labels", where.labels), ("annotations", where.annotations)) if v}
    if where.service_account:
        template["spec"]["serviceAccountName"] = where.service_account
    spec["template"] = {"metadata": metadata, **template} if metadata else template
    return spec


def uses_gpu(s: Settings) -> bool:
    return bool(s.resources and s.resources.gpu)


def gpu_type(s: Settings, options: Options) -> dict[str, str]:
    return {options.gpu_type_label: s.resources.gpu_type} if s.resources and s.resources.gpu_type else {}


def pod(
    main: dict[str, Any], mounted: list[dict[str, Any]], options: Options, where: Placement, selector: Mapping[str, str], gpu: bool
) -> dict[str, Any]:
    """The spec of a pod. Its user is the same for all, as they share a volume."""
    security: dict[str, Any] = {"runAsNonRoot": True}
    if options.user:
        security |= {"runAsUser": options.user, "runAsGroup": options.user, "fsGroup": options.user}
        security["fsGroupChangePolicy"] = "OnRootMismatch"
    security["seccompProfile"] = {"type": "RuntimeDefault"}
    tolerations = [t.manifest() for t in where.tolerations]
    if gpu:
        tolerations.append({"key": options.gpu_resource, "operator": "Exists", "effect": "NoSchedule"})
    spec: dict[str, Any] = {
        "automountServiceAccountToken": False,
        "containers": [main],
        "enableServiceLinks": False,
        "imagePullSecrets": [{"name": n} for n in options.image_pull_secrets],
        "nodeSelector": {**where.node_selector, **selector},
        "priorityClassName": where.priority_class,
        "restartPolicy": "Never",
        "securityContext": security,
        "terminationGracePeriodSeconds": STOP,
        "tolerations": tolerations,
        "volumes": mounted,
    }
    return {k: v for k, v in spec.items() if v not in (None, [], {})}


def hardened(main: dict[str, Any]) -> dict[str, Any]:
    """The container as *restricted* wants it."""
    return {
        **main,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def container(s: Settings, options: Options, where: Placement) -> dict[str, Any]:
    env: list[dict[str, Any]] = [{"name": n, "value": v.replace("$", "$$")} for n, v in s.env]  # what Kubernetes writes `$$` is `$`
    env += [{"name": x.env, "valueFrom": {"secretKeyRef": {"name": x.name, "key": x.key}}} for x in s.secrets if x.key is not None]
    if all(e["name"] != "HOME" for e in env):
        env.append({"name": "HOME", "value": "/tmp"})
    main: dict[str, Any] = {
        "name": "step",
        "image": options.qualified(s.image or options.image or IMAGE),
        "command": [(s.python or "python3").replace("$", "$$"), "-B", f"{RUN}/code/step.py"],
        "env": env,
    }
    if options.store_secret and is_address(options.store):
        main["envFrom"] = [{"secretRef": {"name": options.store_secret}}]
    if where.image_pull_policy:
        main["imagePullPolicy"] = where.image_pull_policy
    wanted = resources(s, options)
    if wanted:
        main["resources"] = wanted
    main["volumeMounts"] = [
        {"name": "tmp", "mountPath": "/tmp"},
        *([{"name": "shm", "mountPath": "/dev/shm"}] if where.shared_memory else []),
        *({"name": f"secret-{i}", "mountPath": SECRETS + x.env, "readOnly": True} for i, x in enumerate(_whole(s))),
    ]
    return hardened(main)


def volumes(s: Settings, where: Placement) -> list[dict[str, Any]]:
    """An absent secret is for the runner to report: without `optional` the pod would hang."""
    return [
        {"name": "tmp", "emptyDir": {}},
        *([{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": quantity(where.shared_memory)}}] if where.shared_memory else []),
        *({"name": f"secret-{i}", "secret": {"secretName": x.name, "optional": True}} for i, x in enumerate(_whole(s))),
    ]


def _whole(s: Settings) -> list[Any]:
    return [x for x in s.secrets if x.key is None]


def resources(s: Settings, options: Options) -> dict[str, Any]:
    r = s.resources
    both: dict[str, str] = {}
    if r and r.cpu:
        both["cpu"] = f"{r.cpu:g}" if float(r.cpu).is_integer() else f"{math.ceil(r.cpu * 1000)}m"
    if r and r.memory:
        both["memory"] = quantity(r.memory)
    if r and r.disk:
        both["ephemeral-storage"] = quantity(r.disk)
    limits = {**both, options.gpu_resource: str(r.gpu)} if r and r.gpu else both
    return {k: v for k, v in (("requests", both), ("limits", limits)) if v}


def quantity(text: str) -> str:
    """A quantity as Kubernetes spells it: a thousand is `k`."""
    return re.sub("K$", "k", text)


def tagged(tags: Iterable[tuple[str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    """Tags as labels, and as annotations those whose value cannot be a label's."""
    found = sorted(dict(tags).items())
    return {k: v for k, v in found if LABEL_VALUE.fullmatch(v)}, {k: v for k, v in found if not LABEL_VALUE.fullmatch(v)}
