"""A task with what it reads in; its processing step out, as the definition holds it: the arguments of CreateProcessingJob, in which what
is known only when a run is started stands as a reference.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wye.backend.placement import placed
from wye.ir import model as ir
from wye.ir.settings import Settings
from wye.sdk.settings import Cache, memory_bytes, seconds
from wye_targets.sagemaker.adapter import RUN
from wye_targets.sagemaker.capabilities import (
    ATTEMPTS,
    LEAST,
    LONGEST,
    USUAL,
    SagemakerOptions,
    foreign,
    hidden_variables,
    longest,
    own_image,
)
from wye_targets.sagemaker.code import runtime
from wye_targets.sagemaker.machines import MACHINES
from wye_targets.sagemaker.placement import VOLUME, Placement

if TYPE_CHECKING:
    from wye_targets.sagemaker.lower import Job

MOUNT = "/opt/ml/processing"
FAULTS = ["SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"]
"""What a policy is for. Faults of services that Pipelines calls it tries again by itself; a policy would take the place of that.
https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html"""
INTERVAL = 43200
"""Seconds before the first attempt of a policy, at most."""
Value = Any
"""A text, or a reference that becomes one."""

_FACTS = {
    "Bucket": "the bucket in S3 that the programs are uploaded to and that takes what tasks hand on",
    "RoleArn": "the ARN of the role that the jobs have",
    "AwsRegistry": "the registry of AWS's images in the region: 763104351884.dkr.ecr.REGION.amazonaws.com, in most of them",
    "Registry": "the ECR registry of the images whose names say none",
    "ScheduledTime": "the time for which the run is meant, in ISO 8601; when it is started unless given",
}


@dataclass(slots=True)
class Facts:
    """What a run needs beside the pipeline's own parameters. `asked` fills up: what the stack does not say is a parameter."""

    options: SagemakerOptions
    name: str
    kinds: dict[str, str]
    """The types of the pipeline's own parameters."""
    built: bool = False
    """Whether the images have the programs and the runner."""
    asked: dict[str, str] = field(default_factory=dict)

    def get(self, fact: str) -> dict[str, str]:
        """The parameter that stands for it, called so unless one of the pipeline's own is."""
        name = fact
        while name in self.kinds:
            name = "Wye" + name
        self.asked[fact] = name
        return {"Get": f"Parameters.{name}"}

    def parameters(self) -> list[dict[str, str]]:
        found = [{"Name": name, "Type": "String"} for fact, name in self.asked.items() if fact != "ScheduledTime"]
        time = self.asked.get("ScheduledTime")
        return found + ([{"Name": time, "Type": "String", "DefaultValue": RUN}] if time else [])

    def described(self) -> dict[str, str]:
        return {name: _FACTS[fact] for fact, name in self.asked.items()}

    def folder(self, *path: Value) -> Value:
        """A place below the pipeline's folder in S3."""
        store = self.options.store
        parts: list[Value] = [store.rstrip("/")] if store else ["s3:/", self.get("Bucket")]
        parts += [self.name, *path]
        if all(isinstance(p, str) for p in parts):
            return "/".join(parts)
        merged: list[Value] = []
        for p in parts:
            if merged and isinstance(p, str) and isinstance(merged[-1], str):
                merged[-1] += "/" + p
            else:
                merged.append(p)
        return {"Std:Join": {"On": "/", "Values": merged}}

    def run(self, *path: str) -> Value:
        """A place of this run alone."""
        return self.folder("runs", {"Get": "Execution.PipelineExecutionId"}, *path)

    def image(self, settings: Settings) -> Value:
        image = settings.image or self.options.image
        if image is None:
            own = own_image(settings, self.options)
            if self.options.region:
                return own
            return {"Std:Join": {"On": "/", "Values": [self.get("AwsRegistry"), own.partition("/")[2]]}}
        head, slash, _ = image.partition("/")
        if slash and ("." in head or ":" in head):
            assert not foreign(image)
            return image
        if self.options.registry:
            return f"{self.options.registry}/{image}"
        return {"Std:Join": {"On": "/", "Values": [self.get("Registry"), image]}}


def around(name: str) -> tuple[str, str]:
    """The folders of a step's outputs below those of a run: none of them is the beginning of another's name."""
    return f"values/{name}/out", f"files/{name}/out"


def arguments(job: Job, facts: Facts, task: str, program: str | None, cached: bool, pipeline: ir.Pipeline) -> dict[str, Any]:
    """The whole step, but for what it depends on."""
    settings, options = job.settings, facts.options
    place: Placement = placed(options, settings, "sagemaker")
    cluster: dict[str, Any] = {
        "InstanceType": place.instance_type or _machine(job),
        "InstanceCount": 1,
        "VolumeSizeInGB": _volume(settings),
    }
    if place.volume_kms_key:
        cluster["VolumeKmsKeyId"] = place.volume_kms_key
    outputs: dict[str, Any] = {
        "Outputs": [_output(n, facts.run(*where.split("/"))) for n, where in zip(("values", "files"), around(job.name))]
    }
    if place.output_kms_key:
        outputs["KmsKeyId"] = place.output_kms_key
    entrypoint = [settings.python or "python3", "-I", "-B", f"{MOUNT}/input/wye/adapter.py"]
    made: dict[str, Any] = {
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": facts.image(settings), "ContainerEntrypoint": entrypoint},
        "RoleArn": place.role or options.role or facts.get("RoleArn"),
        "ProcessingInputs": _inputs(job, facts, task, program),
        "ProcessingOutputConfig": outputs,
    }
    environment = _environment(job, facts, pipeline)
    if environment:
        made["Environment"] = environment
    made["StoppingCondition"] = {"MaxRuntimeInSeconds": math.ceil(longest(settings) or LONGEST)}
    if place.network():
        made["NetworkConfig"] = place.network()
    if settings.tags:
        made["Tags"] = [{"Key": k, "Value": v} for k, v in settings.tags]
    step: dict[str, Any] = {"Name": job.name, "Type": "Processing", "Arguments": made}
    if settings.retry and settings.retry.count and job.form["op"] != "island":
        r = settings.retry
        first = min(max(1, math.ceil(seconds(r.delay, "delay"))), INTERVAL)
        policy = {"ExceptionType": FAULTS, "IntervalSeconds": first, "BackoffRate": float(r.backoff), "MaxAttempts": min(r.count, ATTEMPTS)}
        step["RetryPolicies"] = [policy]
    if cached and kept(settings.cache):
        age = _age(settings.cache)
        step["CacheConfig"] = {"Enabled": True} | ({} if age is None else {"ExpireAfter": expired_after(age)})
    if job.tested:
        step["PropertyFiles"] = [{"PropertyFileName": "state", "OutputName": "values", "FilePath": "state.json"}]
    return step


def kept(cache: Cache | bool | None) -> bool:
    """Whether what a step leaves is kept at all: ages are told in minutes."""
    age = _age(cache)
    return bool(cache) and (age is None or age >= 60)


def _age(cache: Cache | bool | None) -> float | None:
    found = cache.max_age if isinstance(cache, Cache) else None
    return None if found is None else seconds(found, "max_age")


def expired_after(age: float) -> str:
    """ISO 8601, in whole minutes at most that long."""
    minutes = math.floor(age / 60)
    if minutes % 1440 == 0:
        return f"P{minutes // 1440}D"
    return f"PT{minutes // 60}H" if minutes % 60 == 0 else f"PT{minutes}M"


def _machine(job: Job) -> str:
    wanted = job.settings.resources
    if wanted and (wanted.cpu or wanted.memory or wanted.gpu):
        found = MACHINES.smallest(wanted)
        assert found, "the capability check has refused it"
        return found.name
    return USUAL if job.form["op"] in ("call", "island") else LEAST


def _volume(settings: Settings) -> int:
    disk = settings.resources.disk if settings.resources else None
    return max(1, math.ceil(memory_bytes(disk, "disk") / 1024**3)) if disk else VOLUME


def _inputs(job: Job, facts: Facts, task: str, program: str | None) -> list[dict[str, Any]]:
    found = [
        _input("wye", facts.folder(runtime(facts.built).folder, ""), "wye"),
        _input("task", facts.folder(*task.split("/"), ""), "task"),
    ]
    if program:
        found.append(_input("program", facts.folder(*program.split("/"), ""), "program"))
    for kind, names in (("values", job.values), ("files", job.files)):
        if names and job.whole.issuperset(names):
            found.append(_input(kind, facts.run(kind, ""), kind))
            continue
        for name in names:
            reference = {"Get": f"Steps.{name}.ProcessingOutputConfig.Outputs['{kind}'].S3Output.S3Uri"}
            found.append(_input(f"{kind}-{name}", reference, f"{kind}/{name}/out"))
    return found


def _input(name: str, place: Value, path: str) -> dict[str, Any]:
    s3 = {"S3Uri": place, "LocalPath": f"{MOUNT}/input/{path}", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    s3 |= {"S3DataDistributionType": "FullyReplicated", "S3CompressionType": "None"}
    return {"InputName": name, "S3Input": s3}


def _output(name: str, place: Value) -> dict[str, Any]:
    return {"OutputName": name, "S3Output": {"S3Uri": place, "LocalPath": f"{MOUNT}/output/{name}", "S3UploadMode": "EndOfJob"}}


def _environment(job: Job, facts: Facts, pipeline: ir.Pipeline) -> dict[str, Value]:
    """Variables of the job: parameters as the run was given them, what it asks of the run, the step's own."""
    form = job.form
    hidden = hidden_variables(job.settings)
    found: dict[str, Value] = {k: v for k, v in job.settings.env if k not in hidden} if form["op"] != "island" else {}
    for p in form.get("told", ()):
        name = p["variable"].removeprefix("WYE_PARAM_")
        get = {"Get": f"Parameters.{name}"}
        found[p["variable"]] = get if facts.kinds[name] == "String" else {"Std:Join": {"On": "", "Values": [get]}}
    timed = "context" in form or any(p.get("scheduled") for p in form.get("told", ()))
    if "context" in form or "handles" in form:
        found["WYE_RUN"] = {"Get": "Execution.PipelineExecutionId"}
    if timed or "deadline" in form:
        found["WYE_STARTED"] = {"Std:Join": {"On": "", "Values": [{"Get": "Execution.StartDateTime"}]}}
    if timed:
        found["WYE_SCHEDULED"] = facts.get("ScheduledTime")
    return found
