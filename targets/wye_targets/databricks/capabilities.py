"""What Databricks Jobs can do, as data: a row per feature, the options of a stack, the limits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from wye.backend.capabilities import Capabilities, Row, scheduled
from wye.backend.machines import MachineTable, kinds
from wye.backend.placement import placed
from wye.ir import model as ir
from wye.ir.nodes import every, single
from wye.ir.settings import Settings
from wye.schedules import quartz
from wye.sdk.settings import Resources
from wye_targets.databricks.machines import TABLES
from wye_targets.databricks.placement import PLAIN, Placement, PlacementError

TASKS, TASK_VALUES, VALUE_BYTES, PARAMETER_CHARS, TAGS = 1000, 250, 48 * 1024, 10_000, 25
AT_ONCE, LOOPS = 100, TASK_VALUES // 2
"""Iterations of a For each task that run at a time, at most; For each tasks whose indices a run has room for, also when it is repaired."""
ENVIRONMENT, RUNTIME = "4", "16.4.x-scala2.12"
"""The environment of serverless tasks, and the runtime of clusters: Python 3.12.3 both."""

_DOCS = "https://docs.databricks.com/aws/en/"
_JOBS = _DOCS + "jobs/"
_API = "https://docs.databricks.com/api/workspace/jobs/create"
_PARAMETERS = _JOBS + "job-parameters"
_REFERENCES = _JOBS + "dynamic-value-references"
_VALUES = _JOBS + "task-values"
_RUN_IF = _JOBS + "run-if"
CONDITION = _JOBS + "tasks/if-else"
_EACH = _JOBS + "tasks/for-each"
_LOOKUP = _JOBS + "tasks/for-each-lookup-example"
_SCHEDULE = _JOBS + "scheduled"
_NOTEBOOKS = _JOBS + "tasks/notebook"
_VOLUMES = _DOCS + "volumes/"
_ENVIRONMENTS = _DOCS + "release-notes/serverless/environment-version"
_CONTAINERS = _DOCS + "compute/custom-containers"
_SECRETS = _DOCS + "security/secrets/"
_VARIABLES = _JOBS + "environment-variables"
_COMPUTE = _JOBS + "compute"

_STORE = re.compile(r"(?:dbfs:)?(/Volumes(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*){3,}|/[A-Za-z0-9_][A-Za-z0-9_./-]*)")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")
_REGISTRY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_SCOPE = re.compile(r"[A-Za-z0-9_.@-]{1,128}")


@dataclass(frozen=True, slots=True)
class DatabricksOptions:
    """What a stack may say. What it does not say and a job needs is a variable of the bundle."""

    cloud: Literal["aws", "azure", "gcp"] | None = None
    """Whose machines `Resources` become; without it, node types are variables of the bundle."""
    store: str | None = None
    """A folder on a Unity Catalog volume (`/Volumes/catalog/schema/volume/folder`) or on DBFS (`dbfs:/folder`)."""
    registry: str | None = None
    image: str | None = None
    """Of tasks on clusters whose steps name none: with Databricks Container Services."""
    serverless: bool = True
    """Whether tasks that ask for no machine and no image run on serverless compute; else on one cluster."""
    environment_version: str = ENVIRONMENT
    spark_version: str = RUNTIME
    secret_scope: str | None = None
    """Of secrets without a `key`; one with a key is the entry `key` of the scope `name`."""
    host: str | None = None
    """The workspace's address."""
    placement: Placement = field(default_factory=Placement)

    def __post_init__(self) -> None:
        checks = (
            (
                "store",
                _STORE,
                "neither a Unity Catalog volume nor a folder on DBFS",
                "write /Volumes/catalog/schema/volume, or dbfs:/folder",
            ),
            ("registry", _REGISTRY, "not a registry", "write a host, and a folder if there is one"),
            ("image", _IMAGE, "not the name of an image", None),
            ("environment_version", re.compile("[0-9]{1,3}"), "not a version of a serverless environment", 'write "4"'),
            ("spark_version", re.compile(r"[A-Za-z0-9.-]{1,80}"), "not a Databricks Runtime", f'write "{RUNTIME}"'),
            ("secret_scope", _SCOPE, "not the name of a secret scope", "letters, digits, `-`, `_`, `@` and `.`, at most 128"),
            ("host", re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?/?"), "not the address of a workspace", "write https://…"),
        )
        for name, pattern, wrong, help in checks:
            value = getattr(self, name)
            if value is not None and not pattern.fullmatch(value):
                raise PlacementError(name, f"{wrong}: {value!r}", help)

    def where(self, image: str) -> str:
        """The image, with its registry."""
        head, slash, _ = image.partition("/")
        own = bool(slash) and ("." in head or ":" in head or head == "localhost")
        return image if own or not self.registry else f"{self.registry}/{image}"

    def folder(self) -> str | None:
        """The store as a path that Python opens."""
        if self.store is None:
            return None
        path = self.store.removeprefix("dbfs:").rstrip("/")
        return path if path.startswith("/Volumes/") or not self.store.startswith("dbfs:") else "/dbfs" + path

    def table(self) -> MachineTable | None:
        return next((t for t in TABLES if t.cloud == self.cloud), None)


# --- rows that depend on a value ------------------------------------------------------------------------------------------------------


def _machine(settings: Settings, options: DatabricksOptions) -> Row:
    """The machine of a task that asks for resources."""
    place, table = placed(options, settings, "databricks"), options.table()
    if place.cluster or place.instance_pool:
        which = f"the cluster {place.cluster}" if place.cluster else f"the instance pool {place.instance_pool}"
        return Row("advisory", f"{which} has the machines that it has", _COMPUTE)
    if place.node_type:
        return Row("native", f"node_type_id {place.node_type}, as the placement says", _COMPUTE)
    if table is None:
        return Row("native", "node_type_id, a variable of the bundle: the stack names no `cloud`", _COMPUTE)
    assert settings.resources
    found = table.smallest(settings.resources)
    if found is None:
        why = f"no machine of {table.cloud} has that ({table.date})"
        wanted = settings.resources.gpu_type
        help = f"gpus there: {', '.join(kinds(table.machines))}" if wanted and wanted not in kinds(table.machines) else "ask for less"
        return Row("rejected", why, table.source, f'{help}; or name one: targets={{"databricks": {{"node_type": …}}}}')
    return Row("native", f"node_type_id {found.name}: the smallest that fits ({table.cloud}, {table.date})", table.source)


def _settled(feature: str, settings: Settings, options: Any) -> Row | None:
    """Rows that all of a task's settings decide on."""
    if feature in ("step.cpu", "step.memory", "step.gpu", "step.gpu_type") and isinstance(settings.resources, Resources):
        return _machine(settings, options)
    return None


def _secrets(value: Any, options: Any) -> Row | None:
    bad = [t for s in value for t in ((s.name, s.key) if s.key else (s.name,)) if not _SCOPE.fullmatch(t)]
    help = "letters, digits, `-`, `_`, `@` and `.`, at most 128"
    return Row("rejected", f"{bad[0]!r} is neither the name of a scope nor of a secret there", _SECRETS, help) if bad else None


def _tags(value: Any, options: Any) -> Row | None:
    pairs = dict(value)
    if len(pairs) > TAGS:
        return Row("rejected", f"a job has at most {TAGS} tags", _API, "leave some out")
    for key, text in pairs.items():
        if not PLAIN.fullmatch(key) or not PLAIN.fullmatch(text) or not 0 < len(key) <= 127 or len(text) > 255:
            return Row(
                "rejected",
                f"{key!r}: {text!r} cannot be a tag",
                _API,
                "letters, digits, spaces and _ . / : , @ + = * ( ) [ ] -, at most 127 and 255",
            )
    return None


def _map(value: Any, options: Any) -> Row | None:
    """A For each task, where that brings more than one task can do."""
    steps = [n for n in every(value.node.body) if isinstance(n, ir.Call)]
    if not steps:
        return Row("emulated", "island: no step is called in it, so that one task evaluates it", _EACH, island=True)
    if value.node.concurrency == 1:
        return Row("emulated", "island: max_parallel=1 runs its iterations in order; a For each task promises none", _EACH, island=True)
    own = (dict(block).get("cluster") for n in steps for name, block in n.settings.targets if name == "databricks")
    if options.placement.cluster or any(own):
        return Row("emulated", "island: its iterations would share the one cluster that the placement names", _EACH, island=True)
    if not single(value.node):
        how = "a For each task over indices, a task per item, and in each an island: a nested task is one task, never several"
        return Row("emulated", how, _EACH, turns=True)
    return None


def _try(value: Any, options: Any) -> Row | None:
    if value.node.handlers:
        return Row("emulated", "island: `run_if` does not tell one failure from another", _RUN_IF, island=True)
    return None


def _failure_step(value: Any, options: Any) -> Row | None:
    if value.settings.timeout is None:
        return None
    help = 'leave out the `timeout` of the pipeline, and give its steps one: defaults={"timeout": "1h"}'
    return Row("rejected", "when a run takes longer than timeout_seconds it is cancelled, with every task of it", _API, help)


def _overlap(value: Any, options: Any) -> Row | None:
    return scheduled(lambda schedule, options: quartz.overlap(schedule), _API)(value, options)


def _python(value: Any, options: Any) -> Row | None:
    if not PLAIN.fullmatch(value):
        return Row("rejected", f"{value!r} is not the path of an interpreter", _CONTAINERS)
    return None


_TIMING = scheduled(lambda schedule, options: quartz.expression(schedule), _SCHEDULE)
_WINDOW = scheduled(lambda schedule, options: quartz.window(schedule), _SCHEDULE)
_CATCHUP = scheduled(lambda schedule, options: quartz.catchup(schedule), _SCHEDULE)
_RUNNER = "in-process, by the runner"

ROWS: dict[str, Row] = {
    "parameter": Row("native", "a job parameter: text for `str`, JSON for any other type", _PARAMETERS),
    "parameter.scheduled": Row("native", "{{job.trigger.time}}; of a job without a schedule {{job.start_time}}", _REFERENCES),
    "output.parameter": Row("native", "a task value, up to 48 KiB of them per task; beyond, a file in the stack's `store`", _VALUES),
    "output.multiple": Row("native", "entries of one task value", _VALUES),
    "artifact.file": Row("native", "a folder on the volume", _VOLUMES),
    "artifact.bytes": Row("native", "a file on the volume", _VOLUMES),
    "artifact.object": Row("native", "a file on the volume", _VOLUMES),
    "return": Row("native", "what the notebook of the task `outputs` exits with", _NOTEBOOKS),
    "expression": Row("native", "evaluated by the task that it is an argument of", _NOTEBOOKS),
    "compute": Row("native", "a task of its own", _NOTEBOOKS),
    "call": Row("native", "a notebook_task that depends on others", _RUN_IF),
    "after": Row("native", "depends_on", _RUN_IF),
    "pipeline.nested": Row("native", "inlined", _NOTEBOOKS),
    "pipeline.max_parallel": Row(
        "emulated", "edges between tasks that have none otherwise: a job has no such limit. A loop has so many iterations at a time where "
        "nothing else can run beside it, else one", _RUN_IF,
    ),
    "step.packages": Row(
        "emulated", "dependencies of the job's environment on serverless compute; what is not there the runner installs", _ENVIRONMENTS
    ),
    "step.image": Row("native", "docker_image of a job cluster: serverless compute takes none", _CONTAINERS),
    "step.python": Row("native", "the runner starts in it", _CONTAINERS, when=_python),
    "step.files": Row("native", "workspace files beside the step's program", _NOTEBOOKS),
    "step.env": Row("emulated", "set by the runner for the step's process: a job's own variables are Beta", _VARIABLES),
    "step.secrets": Row("native", "dbutils.secrets in the task's notebook; the runner sets the step's variables", _SECRETS, when=_secrets),
    "step.context": Row("native", "{{job.run_id}}, {{task.execution_count}}; attempts as the runner counts them", _REFERENCES),
    "stack.store": Row("native", "the folder of artifacts and of values above 48 KiB", _VOLUMES),
    "stack.store_options": Row("advisory", "a volume is reached as a folder", _VOLUMES),
    "code.image": Row("advisory", "no task needs an image: the programs travel as workspace files, as a tree", _NOTEBOOKS),
    "stack.registry": Row("native", "before the name of each image that names no registry", _CONTAINERS),
    "placement": Row("native", "the job's run_as, fields of a job cluster", _API),
    "step.cpu": Row("native", "node_type_id of a job cluster with one machine", _COMPUTE),
    "step.memory": Row("native", "node_type_id of a job cluster with one machine", _COMPUTE),
    "step.gpu": Row("native", "node_type_id of a job cluster with one machine", _COMPUTE),
    "step.gpu_type": Row("native", "node_type_id of a job cluster with one machine", _COMPUTE),
    "step.disk": Row(
        "rejected", "a node type has the disk that it has, and no field asks for more on every cloud", _COMPUTE,
        "leave out `disk`, and name a node type that has it: targets={\"databricks\": {\"node_type\": …}}",
    ),
    "step.retry": Row(
        "emulated", f"{_RUNNER}: an exception, a time-out, out of memory; not a lost machine. max_retries counts its interval "
        "from the start of the attempt, and knows no back-off", _API,
    ),
    "step.timeout": Row("emulated", f"{_RUNNER}: TERM, then KILL, per attempt. timeout_seconds counts the wait for a cluster too", _API),
    "pipeline.timeout": Row("native", "timeout_seconds of the job", _API),
    "pipeline.on_failure": Row("native", "tasks that do not depend on the failed one go on", _RUN_IF),
    "pipeline.failure_step": Row(
        "emulated", "a task with run_if ALL_DONE that looks for a failure, and a last verdict that fails", _RUN_IF, when=_failure_step
    ),
    "step.cache": Row("advisory", "a job has no cache of results: the step runs each time", _JOBS),
    "step.tags": Row("advisory", "a task has no tags: those of the job are the pipeline's", _API),
    "pipeline.tags": Row("native", "tags of the job", _API, when=_tags),
    "schedule.cron": Row("native", "schedule, in Quartz' syntax", _SCHEDULE, when=_TIMING),
    "schedule.every": Row("native", "schedule, in Quartz' syntax", _SCHEDULE, when=_TIMING),
    "schedule.at": Row("native", "schedule, in Quartz' syntax, with its year", _SCHEDULE, when=_TIMING),
    "schedule.window": Row("rejected", "a job's schedule has no start and no end", _SCHEDULE, when=_WINDOW),
    "schedule.catchup": Row("rejected", "a job's schedule does not make up for times that it missed", _SCHEDULE, when=_CATCHUP),
    "schedule.overlap": Row("native", "max_concurrent_runs, queue", _API, when=_overlap),
    "schedule.paused": Row("native", "pause_status", _SCHEDULE),
    "if": Row(
        "emulated", "guard: every task of an arm starts, looks at the condition, and does nothing where it does not hold. Native, an "
        "If/else task, where nobody asks tasks in its arms what became of them and no other such arms are before it", _RUN_IF, varies=True,
    ),
    "predicate": Row("emulated", "predicate: a task whose value the guards read; an If/else task compares it with true", CONDITION),
    "map": Row(
        "native", "a For each task over indices, a task per item, which leaves what it makes on the volume; one task before it lists the "
        "items, one behind it gathers", _LOOKUP, when=_map,
    ),
    "for": Row("emulated", "island: a job has no loop with values from one round to the next", _EACH, island=True),
    "while": Row("emulated", "island: a job has no such loop", _EACH, island=True),
    "try": Row("emulated", "run_if ALL_DONE, and a verdict after the clean-up that fails", _RUN_IF, when=_try),
    "fail": Row("native", "a task that fails", _NOTEBOOKS),
}  # fmt: skip

CAPABILITIES = Capabilities(
    rows=ROWS,
    image=f"serverless environment {ENVIRONMENT}, Databricks Runtime {RUNTIME}",
    python="3.12",
    limits={
        "tasks": TASKS,
        "task_values": TASK_VALUES,
        "task_value_bytes": VALUE_BYTES,
        "parameter_characters": PARAMETER_CHARS,
        "tags": TAGS,
        "iterations_at_once": AT_ONCE,
    },
    settled=_settled,
    machines=TABLES,
)
