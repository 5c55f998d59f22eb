"""What SageMaker Pipelines can do, as data: a row per feature, the options of a stack, the limits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from wye.backend.capabilities import Capabilities, Row, scheduled
from wye.backend.machines import kinds
from wye.backend.placement import placed
from wye.ir.settings import Settings
from wye.schedules import aws
from wye.sdk.settings import Retry, memory_bytes, seconds
from wye_targets.sagemaker.machines import MACHINES
from wye_targets.sagemaker.placement import ROLE, Placement, PlacementError

STEPS, DEFINITION, PARAMETERS, ENVIRONMENT, TEXT, VALUE, INPUTS = 50, 1_048_576, 200, 100, 256, 1024, 10
"""Steps of a pipeline (a quota), characters of a definition, parameters, variables of a job, characters of a variable's value, of a
parameter's, inputs of a job."""
OWN_VARIABLES = 40
"""Variables of a step's own in `Environment`, which also holds the parameters; with more, the runner sets them."""
LONGEST = 5 * 86400
"""Seconds that a processing job may take."""
TAGS, TAG_KEY, TAG_VALUE, ATTEMPTS, DISK = 50, 128, 256, 20, 16384
REPOSITORY = 2
"""Letters of a repository's name in ECR, at least. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html"""
TAG = "pytorch-training:2.5.1-cpu-py311"
GPU_TAG = "pytorch-training:2.5.1-gpu-py311"
"""AWS's own images with Python 3.11, for cores and for GPUs, as AWS's SDK calls them."""
BUILT_FROM = "us-east-1"
"""The region whose registry has the AWS image that an image of one's own begins with, unless the stack names another."""
LEAST, USUAL = "ml.t3.medium", "ml.m5.large"
"""The machines of tasks that only look and compute, and of steps that ask for nothing."""

_DOCS = "https://docs.aws.amazon.com/sagemaker/latest/"
_JOB = _DOCS + "APIReference/API_CreateProcessingJob.html"
_PIPELINE = _DOCS + "APIReference/API_CreatePipeline.html"
_START = _DOCS + "APIReference/API_Parameter.html"
_PARAMETERS = _DOCS + "dg/build-and-manage-parameters.html"
_STEPS = _DOCS + "dg/build-and-manage-steps-types.html"
_STRUCTURE = _DOCS + "dg/build-and-manage-pipeline.html"
CONDITION = _STEPS + "#step-type-condition"
_CONTAINER = _DOCS + "dg/build-your-own-processing-container.html"
_RETRY = _DOCS + "dg/pipelines-retry-policy.html"
CACHE = _DOCS + "dg/pipelines-caching.html"
_STOPPING = _DOCS + "APIReference/API_ProcessingStoppingCondition.html"
_RESOURCES = _DOCS + "APIReference/API_ProcessingClusterConfig.html"
_TAG = _DOCS + "APIReference/API_Tag.html"
_QUOTAS = "https://docs.aws.amazon.com/general/latest/gr/sagemaker.html"
_IMAGES = "https://github.com/aws/deep-learning-containers/blob/master/available_images.md"
_SECRETS = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html"
_SCHEDULER = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"
_ATTRIBUTES = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"
_FOR_EACH = _DOCS + "APIReference/API_ForEachStepMetadata.html"
_DEPENDS = "https://github.com/aws/sagemaker-python-sdk/issues/3565"

ACCOUNTS = {
    **dict.fromkeys(
        "ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 eu-north-1 eu-west-1 "
        "eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2".split(),
        "763104351884",
    ),
    "af-south-1": "626614931356", "ap-east-1": "871362719292", "ap-east-2": "975050140332", "ap-northeast-3": "364406365360",
    "ap-south-2": "772153158452", "ap-southeast-3": "907027046896", "ap-southeast-4": "457447274322",
    "ap-southeast-5": "550225433462", "ap-southeast-6": "633930458069", "ap-southeast-7": "590183813437", "ca-west-1": "204538143572",
    "eu-central-2": "380420809688", "eu-south-1": "692866216735", "eu-south-2": "503227376785", "il-central-1": "780543022126",
    "me-central-1": "914824155844", "me-south-1": "217643126080", "mx-central-1": "637423239942", "us-gov-east-1": "446045086412",
    "us-gov-west-1": "442386744353",
}  # fmt: skip
"""Whose registry has AWS's images, by region.
https://github.com/aws/sagemaker-python-sdk/blob/master/src/sagemaker/image_uri_config/pytorch.json"""

_STORE = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[A-Za-z0-9!_.*()-]+)*/?")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]")
_ECR = re.compile(r"[0-9]{12}\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?(?:/[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)?")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")
_PYTHON = re.compile(r"[^\x00-\x1f\x7f]{1,256}")
_TAG_TEXT = re.compile(r"[\w\s.:/=+@-]*")
_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class SagemakerOptions:
    """What a stack may say. What it does not say and a run needs is a parameter of the SageMaker pipeline."""

    region: str | None = None
    """The AWS region, whose registry AWS's own images come from."""
    store: str | None = None
    """`s3://bucket/folder`: where programs are uploaded to and what tasks hand on is kept."""
    role: str | None = None
    """The ARN of the role of the pipeline and of its jobs."""
    registry: str | None = None
    """The ECR registry of images whose names say none: `123456789012.dkr.ecr.eu-west-1.amazonaws.com`."""
    image: str | None = None
    """Of tasks whose steps name none, instead of AWS's."""
    scheduler_role: str | None = None
    """The ARN of the role that EventBridge Scheduler starts runs as."""
    max_steps: int = STEPS
    """The account's quota of steps in a pipeline."""
    placement: Placement = field(default_factory=Placement)

    def __post_init__(self) -> None:
        checks = (
            ("region", _REGION, "not an AWS region", 'write "eu-west-1"'),
            ("store", _STORE, "not a folder in S3", 'write "s3://bucket/folder"'),
            ("role", ROLE, "not the ARN of a role", 'write "arn:aws:iam::123456789012:role/name"'),
            ("scheduler_role", ROLE, "not the ARN of a role", 'write "arn:aws:iam::123456789012:role/name"'),
            ("registry", _ECR, "not a registry in ECR, and SageMaker takes images from nowhere else", None),
            ("image", _IMAGE, "not the name of an image", None),
        )
        for name, pattern, wrong, help in checks:
            value = getattr(self, name)
            if value is not None and not pattern.fullmatch(value):
                raise PlacementError(name, f"{wrong}: {value!r}", help)
        if self.region is not None and self.region not in ACCOUNTS and self.image is None:
            raise PlacementError("region", f"no registry of AWS's images is known there: {self.region!r}", "name an `image` as well")
        if not 1 <= self.max_steps <= 1000:
            raise PlacementError("max_steps", f"not a number of steps: {self.max_steps}")


def own_image(settings: Settings, options: SagemakerOptions) -> str:
    """AWS's own image for a task. An image of one's own begins with it wherever it is built: those of all regions are the same."""
    region = options.region if options.region in ACCOUNTS else BUILT_FROM
    tag = GPU_TAG if settings.resources and settings.resources.gpu else TAG
    return f"{ACCOUNTS[region]}.dkr.ecr.{region}.amazonaws.com/{tag}"


def foreign(image: str) -> bool:
    """Whether an image says that it comes from a registry that is not ECR."""
    head, slash, _ = image.partition("/")
    return bool(slash) and ("." in head or ":" in head or head == "localhost") and not _ECR.fullmatch(head)


# --- rows that depend on a value ------------------------------------------------------------------------------------------------------


def _machine(settings: Settings, options: SagemakerOptions) -> Row:
    """The machine of a task that asks for resources."""
    place, wanted = placed(options, settings, "sagemaker"), settings.resources
    if place.instance_type:
        return Row("native", f"InstanceType {place.instance_type}, as the placement says", _RESOURCES)
    assert wanted
    found = MACHINES.smallest(wanted)
    if found is None:
        known = kinds(MACHINES.machines)
        help = f"gpus there: {', '.join(known)}" if wanted.gpu_type and wanted.gpu_type not in known else "ask for less"
        help += '; or name one: targets={"sagemaker": {"instance_type": "ml.…"}}'
        return Row("rejected", f"no machine in our table has that ({MACHINES.date})", MACHINES.source, help)
    return Row("native", f"InstanceType {found.name}: the smallest that fits ({MACHINES.date})", MACHINES.source)


def longest(settings: Settings) -> float | None:
    """Seconds that all attempts of a task take at most, with an hour for what comes before and after. None without a time-out."""
    if settings.timeout is None:
        return None
    delays = settings.retry.delays() if settings.retry else ()
    return settings.timeout * (1 + len(delays)) + sum(delays) + 3600


def _settled(feature: str, settings: Settings, options: SagemakerOptions) -> Row | None:
    """Rows that all of a task's settings decide on."""
    if feature in ("step.cpu", "step.memory", "step.gpu", "step.gpu_type") and settings.resources:
        return _machine(settings, options)
    if feature == "step.timeout" and (longest(settings) or 0) > LONGEST:
        help = "give it less time, or fewer attempts"
        return Row(
            "rejected", f"a processing job takes at most {LONGEST // 86400} days, with all attempts and an hour around them", _QUOTAS, help
        )
    return None


def _image(value: Any, options: SagemakerOptions) -> Row | None:
    if foreign(value):
        help = 'copy it to your account\'s registry; or begin images of your own with it: packaging = "image" in [code]'
        return Row("rejected", f"SageMaker takes images from ECR alone, not {value}", _CONTAINER, help)
    return None


def _env(value: Any, options: Any) -> Row | None:
    if not hidden_variables(Settings(env=tuple(value))):
        return None
    return Row(
        "emulated", f"set by the runner: Environment takes names of letters and digits, values of {TEXT} characters, and so many", _JOB
    )


def hidden_variables(settings: Settings) -> dict[str, str]:
    """The step's variables that a job's `Environment` cannot hold: by name, by value, or because there are so many."""
    many = len(settings.env) > OWN_VARIABLES
    return {k: v for k, v in settings.env if many or not _plain_variable(k, v)}


def _plain_variable(name: str, value: str) -> bool:
    return bool(_VARIABLE.fullmatch(name)) and len(name) <= TEXT and len(value) <= TEXT and name[:4].upper() not in ("WYE_", "AWS_")


def _disk(value: Any, options: Any) -> Row | None:
    if memory_bytes(value, "disk") > DISK * 1024**3:
        return Row("rejected", f"a job has at most {DISK:,} GiB", _RESOURCES, "ask for less")
    return None


def _retry(value: Any, options: Any) -> Row | None:
    if isinstance(value, Retry) and value.count > ATTEMPTS:
        how = f"{_ATTEMPTS_OF_RUNNER}; RetryPolicies for lost machines, want of capacity and faults of AWS, at most {ATTEMPTS} times"
        return Row("emulated", how, _RETRY)
    return None


def _cache(value: Any, options: Any) -> Row | None:
    age = getattr(value, "max_age", None)
    if age is not None and seconds(age, "max_age") < 60:
        return Row("advisory", "ExpireAfter counts minutes: the step runs each time", CACHE)
    return None


def _tags(value: Any, options: Any) -> Row | None:
    pairs = dict(value)
    if len(pairs) > TAGS:
        return Row("rejected", f"there are at most {TAGS} tags", _TAG, "leave some out")
    for key, text in pairs.items():
        good = _TAG_TEXT.fullmatch(key) and _TAG_TEXT.fullmatch(text) and 0 < len(key) <= TAG_KEY and len(text) <= TAG_VALUE
        if not good or key.lower().startswith("aws:") or "\n" in key + text or "\t" in key + text:
            help = f"letters, digits, spaces and _ . : / = + - @, at most {TAG_KEY} and {TAG_VALUE}, and no key that begins with `aws:`"
            return Row("rejected", f"{key!r}: {text!r} cannot be a tag", _TAG, help)
    return None


def _python(value: Any, options: Any) -> Row | None:
    return None if _PYTHON.fullmatch(value) else Row("rejected", f"{value!r} is not the path of an interpreter", _CONTAINER)


def _try(value: Any, options: Any) -> Row | None:
    if value.node.handlers:
        return Row("emulated", "island: a step cannot wait for a certain failure of another", _STEPS, island=True)
    return None


_ATTEMPTS_OF_RUNNER = "in-process, by the runner: an exception, a time-out, out of memory"
_REQUEST = "schedule.json, a request to EventBridge Scheduler"
_TIMING = scheduled(lambda schedule, options: aws.expression(schedule), _SCHEDULER)
_CATCHUP = scheduled(lambda schedule, options: aws.catchup(schedule), _SCHEDULER)
_OVERLAP = scheduled(lambda schedule, options: aws.overlap(schedule), _SCHEDULER)
_LOOP = "island: ForEach collects nothing, and how it takes no items, more than 100, or a failure is not documented"

ROWS: dict[str, Row] = {
    "parameter": Row(
        "native", f"a parameter: Integer for `int`, Boolean for `bool`, String for any other type: text for `str`, else JSON; at most "
        f"{TEXT} characters when it is given at the start, as a job's variable holds no more", _START,
    ),
    "parameter.scheduled": Row("native", "the parameter ScheduledTime, given by the schedule, else Execution.StartDateTime", _ATTRIBUTES),
    "output.parameter": Row("native", "a file in S3", _CONTAINER),
    "output.multiple": Row("native", "one file per output", _CONTAINER),
    "artifact.file": Row("native", "a file in S3; a folder, or an empty file, as a tar file: S3 knows neither", _CONTAINER),
    "artifact.bytes": Row("native", "a file in S3", _CONTAINER),
    "artifact.object": Row("native", "a file in S3", _CONTAINER),
    "return": Row("native", "outputs.json in S3, left by the last step, `outputs`", _CONTAINER),
    "expression": Row("native", "evaluated by the job that it is an argument of", _STEPS),
    "compute": Row("native", "a processing step of its own", _STEPS),
    "call": Row("native", "a processing step that depends on others", _STRUCTURE),
    "after": Row("native", "DependsOn", _STRUCTURE),
    "pipeline.nested": Row("native", "inlined", _STEPS),
    "pipeline.max_parallel": Row("native", "ParallelismConfiguration; an island beside other steps runs one task at a time", _STRUCTURE),
    "step.packages": Row("emulated", "installed by the runner when the container starts and the image does not have them", _CONTAINER),
    "step.image": Row("native", "ImageUri, in ECR", _CONTAINER, when=_image),
    "step.python": Row("native", "ContainerEntrypoint", _JOB, when=_python),
    "step.files": Row("native", "objects in S3 beside the step's program", _CONTAINER),
    "step.env": Row("native", "Environment", _JOB, when=_env),
    "step.secrets": Row("emulated", "read from AWS Secrets Manager by the job's role; the runner sets the step's variables", _SECRETS),
    "code.image": Row("native", "programs, packages and runner in the image, in ECR; adapter and task files through S3", _CONTAINER),
    "step.context": Row("native", "Execution.PipelineExecutionId, ScheduledTime; attempts as the runner counts them", _STEPS),
    "stack.store": Row("native", "the folder in S3 of programs and of what tasks hand on", _CONTAINER),
    "stack.store_options": Row("rejected", "SageMaker itself copies to S3 and back, as the job's role", _CONTAINER, "leave them out"),
    "stack.registry": Row("native", "before the name of each image that names no registry", _CONTAINER),
    "placement": Row("native", "fields of the processing job", _JOB),
    "step.cpu": Row("native", "InstanceType", _RESOURCES),
    "step.memory": Row("native", "InstanceType", _RESOURCES),
    "step.gpu": Row("native", "InstanceType", _RESOURCES),
    "step.gpu_type": Row("native", "InstanceType", _RESOURCES),
    "step.disk": Row("native", "VolumeSizeInGB", _RESOURCES, when=_disk),
    "step.retry": Row(
        "emulated", f"{_ATTEMPTS_OF_RUNNER}; RetryPolicies for lost machines, want of capacity and faults of AWS", _RETRY, when=_retry
    ),
    "step.timeout": Row("emulated", "in-process, by the runner: TERM, then KILL, per attempt; StoppingCondition lies beyond", _STOPPING),
    "pipeline.timeout": Row("emulated", "each job ends when that long has passed since Execution.StartDateTime", _STEPS),
    "pipeline.on_failure": Row("native", "a failure fails the run; `continue`: emulated by a last verdict", _STRUCTURE),
    "pipeline.failure_step": Row(
        "emulated", "all jobs note a failure and end well; its job looks at that, a last verdict fails. Not when a machine is lost", _STEPS
    ),
    "step.cache": Row(
        "native", "CacheConfig: same image, variables and inputs. No effect where the pipeline has a timeout or the step takes "
        "the scheduled time, reads a step without a cache, inside a `try`, where a failure stops nothing, nor where a Condition step or "
        "one with many inputs reads it",
        CACHE, when=_cache,
    ),
    "step.tags": Row("native", "Tags of the processing job", _TAG, when=_tags),
    "pipeline.tags": Row("native", "Tags in create-pipeline.json", _TAG, when=_tags),
    "schedule.cron": Row("native", _REQUEST, _SCHEDULER, when=_TIMING),
    "schedule.every": Row("native", _REQUEST, _SCHEDULER, when=_TIMING),
    "schedule.at": Row("native", _REQUEST, _SCHEDULER, when=_TIMING),
    "schedule.window": Row("native", "StartDate and EndDate in schedule.json", _SCHEDULER),
    "schedule.catchup": Row("rejected", "EventBridge Scheduler does not make up for times that it missed", _SCHEDULER, when=_CATCHUP),
    "schedule.overlap": Row("native", "each run is an execution of its own", _SCHEDULER, when=_OVERLAP),
    "schedule.paused": Row("native", "State DISABLED in schedule.json", _SCHEDULER),
    "if": Row(
        "emulated", "guard: every job of an arm starts, looks at the condition, and does nothing where it does not hold, as no step can "
        "wait for one of two branches. Native, a Condition step, where nothing is ordered after the `if`", _DEPENDS, varies=True,
    ),
    "predicate": Row("emulated", "predicate: a job whose output the guards, or a Condition step, read", CONDITION),
    "map": Row("emulated", _LOOP, _FOR_EACH, island=True),
    "for": Row("emulated", "island: iterations of ForEach hand nothing on to the next", _FOR_EACH, island=True),
    "while": Row("emulated", "island: a pipeline has no such loop", _STEPS, island=True),
    "try": Row(
        "emulated", "its jobs note a failure and end well; a verdict after the clean-up fails. Not when a machine is lost: then the run "
        "fails without its clean-up", _STEPS, when=_try,
    ),
    "fail": Row("native", "a processing job that fails", _STEPS),
}  # fmt: skip

CAPABILITIES = Capabilities(
    rows=ROWS,
    image=TAG,
    python="3.11",
    limits={"steps": STEPS, "definition": DEFINITION, "parameters": PARAMETERS, "variables": ENVIRONMENT, "inputs": INPUTS},
    settled=_settled,
    base=own_image,
    root=True,
    machines=(MACHINES,),
)
