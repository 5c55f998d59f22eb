"""A checked pipeline in, the objects of a cluster as data out: account, rights, code, volume, and the CronJob of the run's driver."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files as resources
from typing import Any

from wye.backend.check import CheckedPipeline
from wye.backend.embed import File, program_files, runtime_files
from wye.backend.names import NameRules
from wye.diagnostics import CompileFailed, Diagnostic, Span
from wye.ir import json as form
from wye.ir import model as ir
from wye.ir.nodes import every
from wye.ir.settings import Settings
from wye.runtime.types import show
from wye.schedules import robfig
from wye.stacks.stores import is_address, spec_of
from wye_targets.kubernetes import pods
from wye_targets.kubernetes.boot import BASE64
from wye_targets.kubernetes.capabilities import IMAGE, Options
from wye_targets.kubernetes.driver import CODE, PARAMS, VOLUME
from wye_targets.kubernetes.pods import LABEL

NAMES = NameRules(limit=52, prefix="p")
DRIVER = ("boot.py", "cluster.py", "driver.py", "jobs.py", "step.py")
"""The files of this package that run in a cluster."""

NEVER = "0 0 1 1 *"
"""A CronJob must have a schedule, also one that is suspended."""
DEADLINE = 300
"""Seconds for which a start that the controller missed is made up for. Below ten it may start nothing at all."""
RESTARTS = 6
"""Pods of the driver that may be killed in one run."""
GRACE = 120
"""Seconds that the driver has to end a run that takes too long, before its own Job does."""
LAST = 3600
"""Seconds for a step of `on_failure` that has no time-out of its own, when the run took too long."""


@dataclass(frozen=True, slots=True)
class Native:
    """The objects that say who and when, and the files that become ConfigMaps, by the ConfigMaps' names."""

    name: str
    objects: tuple[dict[str, Any], ...]
    cron_job: dict[str, Any]
    files: dict[str, tuple[File, ...]]
    metadata: dict[str, Any]
    span: Span


def lower(checked: CheckedPipeline, options: Options) -> Native:
    pipeline = checked.pipeline
    name = NAMES.spell(pipeline.name)
    claim = options.claim or name
    labels, annotations = pods.tagged(pipeline.settings.tags)
    labels = {"app.kubernetes.io/name": LABEL.spell(name), "app.kubernetes.io/managed-by": "wye", **labels}
    metadata: dict[str, Any] = {"name": name, "namespace": options.placement.namespace, "labels": labels, "annotations": annotations}
    metadata = {k: v for k, v in metadata.items() if v}
    pod_labels = {**labels, "wye/pipeline": LABEL.spell(name), "wye/claim": LABEL.spell(claim)}
    objects = [*_rights(metadata), *([] if options.claim else [_claim(metadata, options)])]
    plan = form.plan_json(pipeline)
    jobs = _jobs(pipeline, options) | {
        "name": name,
        "claim": claim,
        "one_node": options.access == "ReadWriteOnce",
        "parallel": options.parallel,
        "labels": pod_labels,
        "annotations": annotations,
    }
    chosen = () if checked.images else sorted(pipeline.programs, key=lambda p: p.id)
    programs = ((f"programs/{p.id}/{path}", as_text(data)) for p in chosen for path, data in program_files(p))
    data = {"plan.json": plan, "jobs.json": jobs}
    if options.store and is_address(options.store):
        spec = spec_of(options.store, options.store_options, checked.config)
        data["store.json"] = {"store": spec, "returns": plan["returns"]}
    files = {
        "runtime": (*_driver("store.json" in data), *runtime_files(interpreter=True, store="store.json" in data)),
        "plan": tuple((name, form.document(content)) for name, content in data.items()),
        "programs": tuple(programs),
    }
    cron_job = _cron_job(pipeline, metadata, pod_labels, claim, options, checked.plain)
    return Native(name, tuple(objects), cron_job, files, metadata, pipeline.span)


def as_text(data: bytes) -> str:
    """What a file holds; of what is no text, base64 behind a mark that `boot.py` knows."""
    try:
        text = data.decode("utf-8")
        return text if not text.startswith(BASE64) else BASE64 + base64.b64encode(data).decode("ascii")
    except UnicodeDecodeError:
        return BASE64 + base64.b64encode(data).decode("ascii")


def _driver(store: bool) -> Iterator[File]:
    for name in (*DRIVER, *(["objects.py"] if store else [])):
        yield name, resources("wye_targets.kubernetes").joinpath(name).read_text(encoding="utf-8")


# --- the Jobs of the tasks --------------------------------------------------------------------------------------------------------


def _tasks(pipeline: ir.Pipeline) -> Iterator[form.Task]:
    """Every node that becomes a task, the one that runs when the run has failed as well."""
    yield from (node for node in every(pipeline.body) if isinstance(node, form.Task))
    if pipeline.on_failure:
        yield pipeline.on_failure


def _jobs(pipeline: ir.Pipeline, options: Options) -> dict[str, Any]:
    """For each task, which of the specs its Jobs have, and its tags."""
    specs: dict[str, Any] = {}
    tasks: dict[str, Any] = {}
    for node in _tasks(pipeline):
        spec = pods.job(node.settings, options)
        key = json.dumps(spec, sort_keys=True)
        labels, annotations = pods.tagged(node.settings.tags)
        tasks[node.id] = {"spec": specs.setdefault(key, (len(specs), spec))[0], "labels": labels, "annotations": annotations}
    return {"tasks": tasks, "specs": [spec for _, spec in specs.values()]}


# --- the objects ------------------------------------------------------------------------------------------------------------------


def _rights(metadata: dict[str, Any]) -> list[dict[str, Any]]:
    """What the driver may do, in its own namespace alone."""
    name = metadata["name"]
    rbac = "rbac.authorization.k8s.io"
    rules = [
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "delete", "get", "list", "patch"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]},
    ]
    subject = {"kind": "ServiceAccount", "name": name}
    if "namespace" in metadata:
        subject["namespace"] = metadata["namespace"]
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "automountServiceAccountToken": False},
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": metadata, "rules": rules},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": name},
            "subjects": [subject],
        },
    ]


def _claim(metadata: dict[str, Any], options: Options) -> dict[str, Any]:
    spec: dict[str, Any] = {"accessModes": [options.access], "resources": {"requests": {"storage": pods.quantity(options.storage)}}}
    if options.storage_class:
        spec["storageClassName"] = options.storage_class
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def _cron_job(
    pipeline: ir.Pipeline, metadata: dict[str, Any], labels: dict[str, str], claim: str, options: Options, plain: Settings
) -> dict[str, Any]:
    schedule = pipeline.settings.schedule
    found = robfig.cron_job(schedule) if schedule else None
    spec: dict[str, Any] = {"schedule": found.schedule if found else NEVER}
    if found:
        spec["timeZone"] = found.time_zone
    spec |= {
        "suspend": found.suspend if found else True,
        "concurrencyPolicy": found.concurrency_policy if found else "Allow",
        "startingDeadlineSeconds": DEADLINE,
        "successfulJobsHistoryLimit": options.history,
        "failedJobsHistoryLimit": options.history,
        "jobTemplate": {"metadata": _under(labels, metadata), "spec": _run(pipeline, metadata, labels, claim, options, plain)},
    }
    shown = {p.name: show(p.type) + (f" = {form.dumps(json.loads(p.default.text))}" if p.default else "") for p in pipeline.parameters}
    annotations = {**metadata.get("annotations", {}), "wye/source": str(pipeline.span)}
    if shown:
        annotations["wye/parameters"] = form.dumps(shown)
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {**metadata, "annotations": annotations}, "spec": spec}


def _under(labels: dict[str, str], metadata: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in (("labels", labels), ("annotations", metadata.get("annotations"))) if v}


def _run(
    pipeline: ir.Pipeline, metadata: dict[str, Any], labels: dict[str, str], claim: str, options: Options, plain: Settings
) -> dict[str, Any]:
    """The Job of a run. A driver that was killed is started again and goes on; one that ended with exit code 1 has failed for good."""
    timeout = pipeline.settings.timeout
    nodes = list(_tasks(pipeline))
    gpu = options.access == "ReadWriteOnce" and any(pods.uses_gpu(n.settings) for n in nodes)
    main, mounted = _driver_container(options, plain), _driver_volumes(metadata["name"], claim)
    spec = pods.pod(main, mounted, options, options.placement, _selector(nodes, options), gpu)
    spec |= {"automountServiceAccountToken": True, "serviceAccountName": metadata["name"]}
    if options.access == "ReadWriteOnce":
        near = {"labelSelector": {"matchLabels": {"wye/claim": labels["wye/claim"]}}, "topologyKey": "kubernetes.io/hostname"}
        spec["affinity"] = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [near]}}
    run: dict[str, Any] = {}
    if timeout is not None:
        last = pipeline.on_failure
        more = (last.settings.timeout or LAST) + pods.GRACE if last else 0
        run["activeDeadlineSeconds"] = math.ceil(timeout + more) + GRACE
    run |= {
        "backoffLimit": RESTARTS,
        "podFailurePolicy": {
            "rules": [
                {"action": "FailJob", "onExitCodes": {"containerName": "driver", "operator": "In", "values": [1]}},
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            ]
        },
        "template": {"metadata": _under(labels, metadata), "spec": dict(sorted(spec.items()))},
    }
    return run


def _selector(nodes: list[form.Task], options: Options) -> dict[str, str]:
    """On one node with all its tasks, the driver must be where their GPUs are."""
    if options.access != "ReadWriteOnce":
        return {}
    found = [n for n in nodes if pods.gpu_type(n.settings, options)]
    chosen = {key: value for n in found for key, value in pods.gpu_type(n.settings, options).items()}
    for n in found:
        if pods.gpu_type(n.settings, options) != chosen:
            message = "kubernetes cannot do gpu type: the tasks of a run share one node, and two of them want different kinds of GPU"
            help = 'a volume that nodes share lets each task have its own node: access = "ReadWriteMany" in the stack'
            raise CompileFailed([Diagnostic("WYE4001", message, n.settings.span("resources", n.span), help=help, target="kubernetes")])
    return chosen


def _driver_container(options: Options, plain: Settings) -> dict[str, Any]:
    fields = {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace", "NODE_NAME": "spec.nodeName"}
    return pods.hardened(
        {
            "name": "driver",
            "image": options.qualified(plain.image or options.image or IMAGE),
            "command": [plain.python or "python3", "-B", f"{CODE}/boot.py"],
            "env": [
                *({"name": n, "valueFrom": {"fieldRef": {"fieldPath": path}}} for n, path in fields.items()),
                {"name": "PYTHONUNBUFFERED", "value": "1"},
            ],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
            "volumeMounts": [
                {"name": "code", "mountPath": CODE, "readOnly": True},
                {"name": "params", "mountPath": PARAMS, "readOnly": True},
                {"name": "run", "mountPath": VOLUME},
                {"name": "wye", "mountPath": "/wye"},
                {"name": "tmp", "mountPath": "/tmp"},
            ],
        }
    )


def _driver_volumes(name: str, claim: str) -> list[dict[str, Any]]:
    return [
        {"name": "code", "projected": {"sources": []}},  # filled when it is known how many ConfigMaps there are
        {"name": "params", "configMap": {"name": f"{name}-params", "optional": True}},
        {"name": "run", "persistentVolumeClaim": {"claimName": claim}},
        {"name": "wye", "emptyDir": {}},
        {"name": "tmp", "emptyDir": {}},
    ]
