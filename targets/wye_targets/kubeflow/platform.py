"""Settings in, what Kubernetes has for them out: container resources and the platform document.

https://github.com/kubeflow/pipelines kubernetes_platform/proto/kubernetes_executor_config.proto
"""

from __future__ import annotations

import math
from typing import Any

from wye.ir.settings import PipelineSettings, Settings
from wye.sdk.settings import Resources, Retry, memory_bytes, seconds
from wye_targets._kfp.adapter import DISK, SECRETS
from wye_targets.kubeflow.capabilities import Options, native_retry
from wye_targets.kubeflow.placement import LABEL_VALUE

GRACE = 900
"""Seconds that a pod has beside its attempt: to pull the image and to install packages. The runner ends the attempt itself, in time."""
FOREVER = 30 * 24 * 3600


def resources(r: Resources | None, options: Options) -> dict[str, Any]:
    """Requests and limits, in the string fields and, for older services, in the numeric ones, as kfp writes both."""
    spec: dict[str, Any] = {}
    if r and r.gpu:
        spec["accelerator"] = {
            "count": str(r.gpu),
            "resourceCount": str(r.gpu),
            "resourceType": options.gpu_resource,
            "type": options.gpu_resource,
        }
    if r and r.cpu:
        cpu = f"{r.cpu:g}" if float(r.cpu).is_integer() else f"{math.ceil(r.cpu * 1000)}m"
        spec |= {"cpuLimit": float(r.cpu), "cpuRequest": float(r.cpu), "resourceCpuLimit": cpu, "resourceCpuRequest": cpu}
    if r and r.memory:
        size = quantity(r.memory)
        number = memory_bytes(r.memory) / 1e9
        spec |= {"memoryLimit": number, "memoryRequest": number, "resourceMemoryLimit": size, "resourceMemoryRequest": size}
    return dict(sorted(spec.items()))


def quantity(text: str) -> str:
    """A quantity as Kubernetes spells it: a thousand is `k`."""
    return text.replace("K", "k") if text.endswith("K") else text


def retry_policy(retry: Retry, timeout: float | None) -> dict[str, Any]:
    """`backoffMaxDuration` is the time in which all attempts must have begun, so it is made long enough for all of them."""
    whole = sum(retry.delays()) + (retry.count + 1) * ((timeout + GRACE) if timeout else FOREVER)
    return {
        "backoffDuration": f"{int(seconds(retry.delay, 'delay'))}s",
        "backoffFactor": float(retry.backoff),
        "backoffMaxDuration": f"{math.ceil(whole)}s",
        "maxRetryCount": retry.count,
    }


def executor(s: Settings, pipeline: PipelineSettings, options: Options) -> dict[str, Any]:
    """One executor's part of the platform document: only what the specification has no field for."""
    config: dict[str, Any] = {}
    if s.timeout is not None:
        attempts = 1 if s.retry is None or native_retry(s.retry) else s.retry.count + 1
        pauses = sum(s.retry.delays()) if s.retry and attempts > 1 else 0
        config["activeDeadlineSeconds"] = str(math.ceil(s.timeout * attempts + pauses) + GRACE)
    if s.resources and s.resources.disk:
        size = quantity(s.resources.disk)
        volume = {"accessModes": ["ReadWriteOnce"], "defaultStorageClass": True, "mountPath": DISK, "size": size, "volumeName": "disk"}
        config["genericEphemeralVolume"] = [volume]
    if options.image_pull_secrets:
        config["imagePullSecret"] = [{"secretName": n, "secretNameParameter": _constant(n)} for n in options.image_pull_secrets]
    if s.resources and s.resources.gpu_type:
        config["nodeSelector"] = {"labels": {options.gpu_type_label: s.resources.gpu_type}}
    tags = {**dict(pipeline.tags), **dict(s.tags)}
    metadata = {
        "annotations": {k: v for k, v in sorted(tags.items()) if not LABEL_VALUE.fullmatch(v)},
        "labels": {k: v for k, v in sorted(tags.items()) if LABEL_VALUE.fullmatch(v)},
    }
    if tags:
        config["podMetadata"] = {k: v for k, v in metadata.items() if v}
    named = [x for x in s.secrets if x.key is not None]
    whole = [x for x in s.secrets if x.key is None]
    if named:
        config["secretAsEnv"] = [
            {
                "keyToEnv": [{"envVar": x.env, "secretKey": x.key}],
                "optional": False,
                "secretName": x.name,
                "secretNameParameter": _constant(x.name),
            }
            for x in named
        ]
    if whole:
        config["secretAsVolume"] = [
            {"mountPath": SECRETS + x.env, "optional": False, "secretName": x.name, "secretNameParameter": _constant(x.name)} for x in whole
        ]
    return config


def document(executors: dict[str, dict[str, Any]], pipeline: PipelineSettings) -> dict[str, Any]:
    """The whole platform document; empty when there is nothing to say."""
    kubernetes: dict[str, Any] = {}
    if executors:
        kubernetes["deploymentSpec"] = {"executors": executors}
    if pipeline.timeout is not None:
        kubernetes["pipelineConfig"] = {"activeDeadlineSeconds": math.ceil(pipeline.timeout)}
    return {"platforms": {"kubernetes": kubernetes}} if kubernetes else {}


def _constant(value: str) -> dict[str, Any]:
    return {"runtimeValue": {"constant": value}}
