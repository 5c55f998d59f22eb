"""What Airflow 2.10, 2.11 and 3.x can do, as data; each row with Airflow's own page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wye.backend.capabilities import Capabilities, Row, scheduled
from wye.ir.nodes import blocks
from wye.schedules import airflow
from wye.sdk.settings import Retry
from wye.stacks import StoreOptions
from wye.stacks.stores import check_store, is_address, scheme_of
from wye_targets.airflow.placement import Placement

_DOCS = "https://airflow.apache.org/docs/apache-airflow/stable/"
_DAGS = _DOCS + "core-concepts/dags.html"
_TASKS = _DOCS + "core-concepts/tasks.html"
_TASKFLOW = _DOCS + "core-concepts/taskflow.html"
_PARAMS = _DOCS + "core-concepts/params.html"
_XCOMS = _DOCS + "core-concepts/xcoms.html"
_VARIABLES = _DOCS + "core-concepts/variables.html"
_TIMETABLE = _DOCS + "authoring-and-scheduling/timetable.html"
_DAG_RUN = _DOCS + "core-concepts/dag-run.html"
_EXECUTORS = _DOCS + "core-concepts/executor/index.html"
_OPERATOR = "https://airflow.apache.org/docs/apache-airflow-providers-standard/stable/operators/python.html"
_STORES = _DOCS + "core-concepts/objectstorage.html"
_TEMPLATES = _DOCS + "templates-ref.html"
_BRANCH = _DAGS + "#branching"
_RULES = _DAGS + "#trigger-rules"
_MAPPING = _DOCS + "authoring-and-scheduling/dynamic-task-mapping.html"

NO_CONTAINER = "steps run on the Airflow workers; give the workers this, or compile for a target that runs containers"


@dataclass(frozen=True, slots=True)
class AirflowOptions:
    """Options of a stack. `store`: an address, or a folder that every worker sees, for artifacts and long values; unset, `WYE_STORE` names
    the folder."""

    store: str | None = None
    store_options: StoreOptions = field(default_factory=StoreOptions, metadata={"key": "store-options"})
    placement: Placement = field(default_factory=Placement)

    def __post_init__(self) -> None:
        check_store(self.store, self.store_options)


def native_backoff(retry: Retry) -> bool | None:
    """How Airflow waits as this asks: False with a constant delay, True with its exponential back-off, None not at all.

    Airflow 2 knows the factor 2 alone, and caps a delay at 24 hours.
    """
    delays = retry.delays()
    if len(set(delays)) <= 1:
        return False
    return True if retry.backoff == 2 and max(delays) <= 86400 else None


def _store(value: Any, options: Any) -> Row | None:
    if not is_address(options.store):
        return None
    scheme = scheme_of(options.store)
    how = f"objects, by {scheme.driver} of the worker's Python, else of a virtual environment made once per worker; their keys by XCom"
    return Row("emulated", how, scheme.page)


def _long(value: Any, options: Any) -> Row | None:
    return Row("native", "XCom, as wire text; above 32 KiB an object in the store", _XCOMS) if is_address(options.store) else None


def _reached(value: Any, options: Any) -> Row | None:
    return Row("native", "settings of the driver", scheme_of(options.store).page) if is_address(options.store) else None


def _retry(value: Any, options: Any) -> Row | None:
    if not isinstance(value, Retry):
        return None
    match native_backoff(value):
        case False:
            return None
        case True:
            return Row("native", "retries, retry_exponential_backoff (Airflow adds up to 100 % of jitter to each delay)", _TASKS)
        case None:
            return Row("emulated", "in-process by the runner (Airflow's back-off has the factor 2): a lost worker is not covered", _TASKS)


_refused_overlap = scheduled(lambda schedule, options: airflow.overlap(schedule), _DAG_RUN)


def _overlap(value: Any, options: Any) -> Row | None:
    if value.overlap == "allow":
        return None
    late = "" if value.overlap == "queue" else "; of what falls due during a run, the last starts when it ends"
    return _refused_overlap(value, options) or Row("native", "max_active_runs=1" + late, _DAG_RUN)


def _failure_step(value: Any, options: Any) -> Row | None:
    if value.settings.timeout is None:
        return None
    return Row(
        "rejected",
        "when a run takes longer than dagrun_timeout Airflow starts no other task",
        _DAGS,
        help='leave out the `timeout` of the pipeline, and give its steps one: defaults={"timeout": "1h"}',
    )


def _tags(value: Any, options: Any) -> Row | None:
    pairs = dict(value).items() if isinstance(value, (tuple, dict)) else ()
    long = [k for k, v in pairs if len(tag(k, v)) > 100]
    if long:
        return Row("rejected", f"the tag `{long[0]}` is longer than Airflow's 100 characters", _DAGS, help="shorten it")
    return None


def tag(key: str, value: str) -> str:
    """A tag as Airflow has it: one text."""
    return f"{key}:{value}" if value else key


def _if(value: Any, options: Any) -> Row | None:
    if "map" in value.inside:
        return Row(
            "emulated",
            "in a mapped group the first tasks of each arm skip themselves: a branch operator is not right there on 2.x",
            _BRANCH,
        )
    return None


def _map(value: Any, options: Any) -> Row | None:
    node = value.node
    if "map" in value.inside:
        return Row("emulated", "island: Airflow cannot expand a task or a group inside a mapped one", _MAPPING, island=True)
    if node.concurrency == 1:
        how = "island: one item after the other; Airflow would go on with the next item when one has failed"
        return Row("emulated", how, _MAPPING, island=True)
    if node.concurrency is not None:
        how = f"max_active_tis_per_dagrun={node.concurrency}"
        if len(node.body.nodes) > 1 or any(blocks(n) for n in node.body.nodes):
            return Row("emulated", f"{how} on each task of the body: so many at once of each", _MAPPING)
        return Row("native", f"mapped task, {how}", _MAPPING)
    return None


def _try(value: Any, options: Any) -> Row | None:
    if value.node.handlers:
        return Row("emulated", "island: no trigger rule tells one failure from another", _RULES, island=True)
    if "map" in value.inside:
        how = "island: in a mapped group no rule waits for the tasks of one item whatever became of them, on 2.x"
        return Row("emulated", how, _RULES, island=True)
    return None


_TIMING = scheduled(lambda schedule, options: airflow.expression(schedule), _TIMETABLE)
_LATEST = "catchup; without it, the latest due run starts when the DAG is turned on"
_CATCHUP = scheduled(lambda schedule, options: airflow.catchup(schedule), _DAG_RUN + "#catchup")

ROWS: dict[str, Row] = {
    "parameter": Row("native", "Param; bool, int, float and str in their own type, others as JSON text", _PARAMS),
    "parameter.scheduled": Row(
        "native", "a scheduled run: its data_interval_end; else its logical_date, or where it has none its run_after", _DAG_RUN
    ),
    "output.parameter": Row("native", "XCom, as wire text; above 32 KiB a file in the store", _XCOMS, when=_long),
    "output.multiple": Row("native", "one XCom holds all outputs of a task", _XCOMS),
    "artifact.file": Row("native", "a file or folder in the store, its path by XCom", _STORES, when=_store),
    "artifact.bytes": Row("native", "a file in the store, its path by XCom", _STORES, when=_store),
    "artifact.object": Row("native", "a file in the store, its path by XCom", _STORES, when=_store),
    "return": Row("native", "the XCom return_value of the task `outputs`: the value's JSON, or the artifact's URI", _XCOMS),
    "expression": Row("native", "evaluated by the task that it is an argument of", _TASKFLOW),
    "compute": Row("native", "a task of its own", _TASKFLOW),
    "call": Row("native", "@task with XComArg arguments", _TASKFLOW),
    "after": Row("native", "upstream >> downstream", _TASKS),
    "pipeline.nested": Row("native", "inlined", _DAGS),
    "step.packages": Row("emulated", "a virtual environment, made once per worker (uv, else venv and pip) and kept", _OPERATOR),
    "step.image": Row("rejected", "Airflow's workers run steps without containers", _EXECUTORS, help=NO_CONTAINER),
    "step.python": Row("rejected", "Airflow's workers run steps without containers", _EXECUTORS, help=NO_CONTAINER),
    "step.files": Row("native", "files beside the step's program, in the DAG folder", _DAGS),
    "code.image": Row("advisory", "workers run steps without containers: the programs travel beside the DAG, as a tree", _EXECUTORS),
    "step.env": Row("native", "set for the step's process", _OPERATOR),
    "step.secrets": Row("native", "Airflow Variables, read when the task runs, masked in its log", _VARIABLES),
    "step.context": Row("native", "run_id, try_number, and task_id with the map_index: `train[2]`", _TEMPLATES),
    "stack.store": Row("native", "a folder that every worker sees", _STORES, when=_store),
    "stack.store_options": Row("advisory", "a folder has none", _STORES, when=_reached),
    "stack.registry": Row("advisory", "workers run steps without containers", _EXECUTORS),
    "placement": Row("native", "default_args of the DAG, arguments of the task", _TASKS),
    "step.cpu": Row("advisory", "a worker does not reserve cores per task", _EXECUTORS),
    "step.memory": Row("advisory", "a worker does not reserve memory per task", _EXECUTORS),
    "step.gpu": Row("rejected", "a worker cannot be chosen by its gpu", _EXECUTORS, help=NO_CONTAINER),
    "step.gpu_type": Row("rejected", "a worker cannot be chosen by its gpu", _EXECUTORS, help=NO_CONTAINER),
    "step.disk": Row("rejected", "a worker cannot be chosen by its disk", _EXECUTORS, help=NO_CONTAINER),
    "step.retry": Row("native", "retries, retry_delay", _TASKS, when=_retry),
    "step.timeout": Row("native", "execution_timeout; the runner's own where it also retries", _TASKS + "#timeouts"),
    "pipeline.timeout": Row("native", "dagrun_timeout", _DAGS),
    "pipeline.on_failure": Row("native", "tasks that do not depend on the failed one go on", _TASKS),
    "pipeline.failure_step": Row(
        "native", "a last task (all_done) that skips itself when nothing has failed, and a verdict after it", _RULES, when=_failure_step
    ),
    "step.cache": Row("advisory", "Airflow has no result cache: the step runs each time", _TASKS),
    "step.tags": Row("advisory", "Airflow's tasks have no tags; they stand in the task file", _DAGS),
    "pipeline.tags": Row("native", "tags", _DAGS, when=_tags),
    "pipeline.max_parallel": Row("native", "max_active_tasks", _DAGS),
    "schedule.cron": Row("native", "CronTriggerTimetable", _TIMETABLE + "#crontriggertimetable", when=_TIMING),
    "schedule.every": Row("native", "CronTriggerTimetable in UTC", _TIMETABLE + "#crontriggertimetable", when=_TIMING),
    "schedule.at": Row("native", "@once at start_date; a run started by hand before it does nothing", _DAG_RUN),
    "schedule.window": Row("native", "start_date, end_date; a run started by hand outside them does nothing", _DAG_RUN),
    "schedule.catchup": Row(
        "native", "catchup; without it, the latest due run starts when the DAG is turned on", _DAG_RUN + "#catchup", when=_CATCHUP
    ),
    "schedule.overlap": Row("native", "max_active_runs=16", _DAG_RUN, when=_overlap),
    "schedule.paused": Row("native", "is_paused_upon_creation", _DAGS),
    "if": Row("native", "@task.branch; joins by none_failed_min_one_success", _BRANCH, when=_if),
    "predicate": Row("native", "evaluated by the branch task; in a mapped group, or when it is read again, by a task of its own", _BRANCH),
    "map": Row("native", "mapped task, or mapped task group, over at most [core] max_map_length = 1024 items", _MAPPING, when=_map),
    "for": Row("emulated", "island: Airflow has no loop that hands values from one round to the next", _DAGS, island=True),
    "while": Row("emulated", "island: Airflow's graphs have no cycles", _DAGS, island=True),
    "try": Row("native", "all_done for the clean-up; a last task fails when the body failed", _RULES, when=_try),
    "fail": Row("native", "a task that raises", _TASKS),
}

CAPABILITIES = Capabilities(
    rows=ROWS,
    image="",
    python="3.11",
    limits={"dag_id": 250, "task_id": 250},  # airflow.utils.helpers.validate_key
)
