"""A checked pipeline in, the DAG as a small tree of prepared Python out. Nothing of the user's stands in a field that Airflow renders."""

from __future__ import annotations

import json
import keyword
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wye.backend.check import CheckedPipeline
from wye.backend.names import NameRules, spellings
from wye.ir import model as ir
from wye.ir.json import Task as TaskNode
from wye.ir.json import dumps, inputs, returns, task_file, tasks
from wye.runtime.types import Type, show
from wye.sdk.settings import Schedule
from wye_targets.airflow.capabilities import AirflowOptions, interval_cron, native_backoff, tag

IDS = NameRules(charset="A-Za-z0-9_.-", fill="_", limit=250, lower=False, first="A-Za-z0-9_", prefix="t")
"""What Airflow takes for a dag_id or task_id."""

IDENTIFIERS = NameRules(charset="A-Za-z0-9_", fill="_", limit=100, lower=False, first="A-Za-z_", prefix="t")

RESERVED = frozenset(
    "annotations runpy timedelta Path pendulum Param dag get_current_context task CronTriggerTimetable STEPS STORE run_step".split()
) | frozenset(keyword.kwlist)
"""What the DAG file itself says."""

CONTEXT_KEYS = frozenset(
    """
    asset_state_store conf conn dag dag_run data_interval_end data_interval_start ds ds_nodash exception execution_date expanded_ti_count
    inlet_events inlets logical_date macros map_index_template next_ds next_ds_nodash next_execution_date outlet_events outlets params
    partition_date partition_key prev_data_interval_end_success prev_data_interval_start_success prev_ds prev_ds_nodash
    prev_end_date_success prev_execution_date prev_execution_date_success prev_start_date_success reason run_id task task_instance
    task_instance_key_str task_reschedule_count task_state_store templates_dict test_mode ti tomorrow_ds tomorrow_ds_nodash
    triggering_asset_events triggering_dataset_events try_number ts ts_nodash ts_nodash_with_tz var yesterday_ds yesterday_ds_nodash
    """.split()
)
"""What Airflow passes to a task by itself: an argument of such a name would replace it."""

SAFE_INTEGER = 2**53 - 1
"""Integers up to here survive a browser, which Airflow's trigger form is."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task: the arguments of its `@task`, its function and its call. `arguments` are (name in the function, variable of the maker)."""

    id: str
    function: str
    settings: tuple[str, ...]
    arguments: tuple[tuple[str, str], ...]
    file: str
    """The task file's text."""

    @property
    def variable(self) -> str:
        return self.function + "_"  # no function's name ends with one


@dataclass(frozen=True, slots=True)
class Dag:
    """One DAG. `settings` and `params` are arguments of `@dag` and entries of its `params`, as Python; `edges` are statements."""

    name: str
    function: str
    title: str
    store: str | None
    settings: tuple[str, ...]
    params: tuple[str, ...]
    tasks: tuple[Task, ...]
    edges: tuple[str, ...]
    programs: tuple[ir.Program, ...]

    @property
    def source(self) -> str:
        """All of the DAG's own code, for the imports."""
        return "\n".join([*self.settings, *self.params, *(s for t in self.tasks for s in t.settings)])


def lower(checked: CheckedPipeline, options: AirflowOptions) -> Dag:
    pipeline = checked.pipeline
    nodes = tasks(pipeline)
    ids = spellings([n.id for n in nodes], IDS)
    functions = spellings(ids.values(), IDENTIFIERS, RESERVED)
    lowered = {n.id: _task(pipeline, n, ids, functions) for n in nodes}
    dag_id = IDS.spell(pipeline.name)
    used = {f["program"] for t in lowered.values() if (f := json.loads(t.file)).get("program")}
    return Dag(
        name=dag_id,
        function=spellings([dag_id], IDENTIFIERS, RESERVED)[dag_id],
        title=f"The pipeline {dag_id}, compiled by Wye. Its step programs stand in {dag_id}_steps/.",
        store=options.store,
        settings=tuple(_settings(pipeline, dag_id)),
        params=tuple(f"{literal(p.name)}: {_param(p)}" for p in pipeline.parameters),
        tasks=tuple(lowered.values()),
        edges=tuple(_edges(nodes, lowered)),
        programs=tuple(p for p in pipeline.programs if p.id in used),
    )


# --- tasks ----------------------------------------------------------------------------------------------------------------------


def _task(pipeline: ir.Pipeline, node: TaskNode, ids: dict[str, str], functions: dict[str, str]) -> Task:
    form = task_file(pipeline, node)
    settings = [f"task_id={literal(ids[node.id])}"] if functions[ids[node.id]] != ids[node.id] else []
    settings += _faults(node, form)
    if "packages" in form:
        form["requirements"] = form.pop("packages")
    names = spellings((n for n, r in inputs(node).items() if isinstance(r, ir.Output)), IDENTIFIERS)
    arguments = []
    for name, reference in inputs(node).items():
        source = form["inputs"][name]
        if isinstance(reference, ir.Output):
            argument = names[name] + ("_" if names[name] in CONTEXT_KEYS | RESERVED | {"self"} else "")
            source["argument"] = argument
            arguments.append((argument, functions[ids[reference.task]] + "_"))
        elif isinstance(reference, ir.Param):
            source["conf"] = "native" if _native(next(p for p in pipeline.parameters if p.name == reference.name)) else "text"
    if node.id == returns(pipeline):
        form["returns"] = True
    return Task(ids[node.id], functions[ids[node.id]], tuple(settings), tuple(arguments), dumps(form, indent=1) + "\n")


def _faults(node: TaskNode, form: dict[str, Any]) -> Iterable[str]:
    """Retries and time-out as Airflow's own, taken out of the task file; with a back-off that is not Airflow's both stay the runner's."""
    retry = node.settings.retry
    exponential = native_backoff(retry) if retry else False
    if exponential is None:
        return
    form.pop("retry", None)
    if retry and retry.count:
        delays = retry.delays()
        yield f"retries={retry.count}"
        yield f"retry_delay={_delta(delays[0])}"
        if exponential:
            yield "retry_exponential_backoff=True"
            yield f"max_retry_delay={_delta(delays[-1])}"
    if node.settings.timeout is not None:
        form.pop("timeout")
        yield f"execution_timeout={_delta(node.settings.timeout)}"


def _edges(nodes: tuple[TaskNode, ...], lowered: dict[str, Task]) -> Iterable[str]:
    """`upstream >> downstream` for what no argument says."""
    for node in nodes:
        task = lowered[node.id]
        read = {variable for _, variable in task.arguments}
        before = [v for v in dict.fromkeys(lowered[i].variable for i in node.after) if v not in read]
        if before:
            yield f"{before[0] if len(before) == 1 else '[' + ', '.join(before) + ']'} >> {task.variable}"


# --- the DAG --------------------------------------------------------------------------------------------------------------------


def _settings(pipeline: ir.Pipeline, dag_id: str) -> Iterable[str]:
    settings, schedule = pipeline.settings, pipeline.settings.schedule
    yield f"dag_id={literal(dag_id)}"
    if pipeline.doc and pipeline.doc.strip():
        yield f"description={literal(pipeline.doc.strip().splitlines()[0])}"
    yield from _schedule(schedule) if schedule else ("schedule=None", 'start_date=pendulum.datetime(2024, 1, 1, tz="UTC")', "catchup=False")
    if settings.max_parallel is not None:
        yield f"max_active_tasks={settings.max_parallel}"
    if settings.timeout is not None:
        yield f"dagrun_timeout={_delta(settings.timeout)}"
    if settings.tags:
        yield f"tags=[{', '.join(literal(tag(k, v)) for k, v in settings.tags)}]"
    yield 'default_args={"retries": 0}'


def _schedule(schedule: Schedule) -> Iterable[str]:
    zone = schedule.timezone
    if schedule.at is not None:
        yield 'schedule="@once"'
    else:
        cron = schedule.cron or interval_cron(schedule)
        zone = zone if schedule.cron else "UTC"
        yield f"schedule=CronTriggerTimetable({literal(cron)}, timezone={literal(zone)})"
    yield f"start_date={_instant(schedule.at or schedule.start or '2024-01-01', schedule.timezone)}"
    if schedule.end is not None:
        yield f"end_date={_instant(schedule.end, schedule.timezone)}"
    yield f"catchup={schedule.catchup}"
    yield f"max_active_runs={16 if schedule.overlap == 'allow' else 1}"
    yield f"is_paused_upon_creation={schedule.paused}"


def _instant(text: str, zone: str) -> str:
    """An ISO instant as pendulum's; one without an offset is local to the zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        return f"pendulum.parse({literal(moment.isoformat())})"
    parts = [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond]
    while len(parts) > 3 and not parts[-1]:
        parts.pop()
    return f"pendulum.datetime({', '.join(map(str, parts))}, tz={literal(zone)})"


def _delta(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds and seconds % size == 0:
            return f"timedelta({unit}={int(seconds // size)})"
    return f"timedelta(seconds={int(seconds) if seconds == int(seconds) else seconds})"


# --- parameters -----------------------------------------------------------------------------------------------------------------

_SCALARS = {
    "bool": 'type="boolean"',
    "int": 'type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1',  # as text, because a browser rounds larger ones
    "float": 'type="number"',
    "str": 'type="string"',
}


def _native(parameter: ir.Parameter) -> bool:
    """Whether the parameter is a plain JSON scalar in Airflow too; all others are JSON text."""
    if parameter.type not in _SCALARS:
        return False
    if parameter.default is None:
        return True
    default = json.loads(parameter.default.text)
    if parameter.type == "str":  # what no database takes
        return "\0" not in default and not any(0xD800 <= ord(c) < 0xE000 for c in default)
    return isinstance(default, (bool, int, float))  # NaN is tagged


def _param(parameter: ir.Parameter) -> str:
    arguments = []
    if _native(parameter):
        if parameter.default is not None:
            default = json.loads(parameter.default.text)
            arguments.append(literal(str(default) if parameter.type == "int" and abs(default) > SAFE_INTEGER else default))
        arguments.append(_SCALARS[str(parameter.type)])
    else:
        if parameter.default is not None:
            arguments.append(literal(json.dumps(json.loads(parameter.default.text))))
        arguments.append('type=["string", "array"]' if _plain_list(parameter.type) else 'type="string"')
        arguments.append(f"description={literal(show(parameter.type) + ', as JSON')}")
    return f"Param({', '.join(arguments)})"


def _plain_list(t: Type) -> bool:
    """Lists that a person may also give as a JSON array: what a browser and a database do to JSON does not change them."""
    match t:
        case ("list", item):
            return item in ("str", "bool", "float") or _plain_list(item)
        case _:
            return False


def literal(value: Any) -> str:
    """A Python literal in ASCII; a string in double quotes where that needs no escape."""
    text = ascii(value)
    return f'"{text[1:-1]}"' if isinstance(value, str) and text[0] == "'" and '"' not in text else text
