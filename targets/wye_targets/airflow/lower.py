"""A checked pipeline in, the DAG as a small tree of prepared Python out: its settings, schedule and parameters, and its tasks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from wye.backend.check import CheckedPipeline
from wye.backend.names import spellings
from wye.ir import model as ir
from wye.runtime.types import Type, show
from wye.schedules import airflow
from wye.sdk.settings import Schedule
from wye.stacks.stores import is_address, spec_of
from wye_targets.airflow.capabilities import AirflowOptions, tag
from wye_targets.airflow.dag import Dag, Group, literal
from wye_targets.airflow.placement import operator_arguments
from wye_targets.airflow.tasks import IDENTIFIERS, IDS, RESERVED, SCALARS, delta, lower_tasks, native

SAFE_INTEGER = 2**53 - 1
"""Integers up to here survive a browser, which Airflow's trigger form is."""


def lower(checked: CheckedPipeline, options: AirflowOptions) -> Dag:
    pipeline = checked.pipeline
    body, edges = lower_tasks(pipeline, options)
    dag_id = IDS.spell(pipeline.name)
    reached = spec_of(options.store, options.store_options, checked.config) if options.store and is_address(options.store) else None
    forms = [json.loads(t.file) for part in body for t in (part.tasks if isinstance(part, Group) else (part,))]
    used = {p for form in forms for p in _programs(form)}
    return Dag(
        name=dag_id,
        function=spellings([dag_id], IDENTIFIERS, RESERVED)[dag_id],
        title=f"The pipeline {dag_id}, compiled by Wye. Its step programs stand in {dag_id}_steps/.",
        store=reached["url"] if reached else options.store,
        settings=tuple(_settings(pipeline, dag_id, options)),
        params=tuple(f"{literal(p.name)}: {_param(p)}" for p in pipeline.parameters),
        body=body,
        edges=edges,
        programs=tuple(p for p in pipeline.programs if p.id in used),
        interpreter=any(form["op"] == "island" for form in forms),
        reached=reached,
    )


def _programs(form: Any) -> Iterator[str]:
    """The programs that a task file names, at any depth."""
    if isinstance(form, dict):
        if isinstance(form.get("program"), str):
            yield form["program"]
        form = list(form.values())
    if isinstance(form, list):
        for part in form:
            yield from _programs(part)


# --- the DAG --------------------------------------------------------------------------------------------------------------------


def _settings(pipeline: ir.Pipeline, dag_id: str, options: AirflowOptions) -> Iterable[str]:
    settings, schedule = pipeline.settings, pipeline.settings.schedule
    yield f"dag_id={literal(dag_id)}"
    if pipeline.doc and pipeline.doc.strip():
        yield f"description={literal(pipeline.doc.strip().splitlines()[0])}"
    yield from _schedule(schedule) if schedule else ("schedule=None", 'start_date=pendulum.datetime(2024, 1, 1, tz="UTC")', "catchup=False")
    if settings.max_parallel is not None:
        yield f"max_active_tasks={settings.max_parallel}"
    if settings.timeout is not None:
        yield f"dagrun_timeout={delta(settings.timeout)}"
    if settings.tags:
        yield f"tags=[{', '.join(literal(tag(k, v)) for k, v in settings.tags)}]"
    given = [("retries", "0"), *operator_arguments(options.placement)]
    yield f"default_args={{{', '.join(f'{literal(k)}: {v}' for k, v in given)}}}"


def _schedule(schedule: Schedule) -> Iterable[str]:
    if schedule.at is not None:
        yield 'schedule="@once"'
    else:
        cron, zone = airflow.expression(schedule)
        yield f"schedule=CronTriggerTimetable({literal(cron)}, timezone={literal(zone)})"
    yield f"start_date={_instant(schedule.at or schedule.start or '2024-01-01', schedule.timezone)}"
    if schedule.end is not None:
        yield f"end_date={_instant(schedule.end, schedule.timezone)}"
    yield f"catchup={schedule.catchup}"
    yield f"max_active_runs={airflow.overlap(schedule)}"
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


# --- parameters -----------------------------------------------------------------------------------------------------------------


def _param(parameter: ir.Parameter) -> str:
    arguments = []
    if native(parameter):
        if parameter.default is not None:
            default = json.loads(parameter.default.text)
            arguments.append(literal(str(default) if parameter.type == "int" and abs(default) > SAFE_INTEGER else default))
        arguments.append(SCALARS[str(parameter.type)])
    elif parameter.type == "datetime":
        arguments += ["None", 'type=["null", "string"]'] if parameter.scheduled else ['type="string"']
        arguments.append('format="date-time"')
        if parameter.scheduled:
            arguments.append('description="unless given: the time for which the run is meant"')
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
