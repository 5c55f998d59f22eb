"""The tasks of a walk over the regions in; Airflow's own, with their names, arguments, trigger rules and edges, out."""

from __future__ import annotations

import json
import keyword
from collections.abc import Iterable, Iterator
from typing import Any

from wye.backend.names import NameRules, spellings
from wye.backend.placement import placed
from wye.ir import model as ir
from wye.ir.json import document, dumps, returns
from wye.ir.printer import type_json, unique_name
from wye_targets.airflow.capabilities import AirflowOptions, native_backoff
from wye_targets.airflow.dag import Group, Task, literal, variable
from wye_targets.airflow.placement import operator_arguments
from wye_targets.airflow.regions import Draft, From, Guard, Item, Origin, Regions, Repeat, Whole, XCom, xcoms

IDS = NameRules(charset="A-Za-z0-9_.-", fill="_", limit=250, lower=False, first="A-Za-z0-9_", prefix="t")
"""What Airflow takes for a dag_id, a task_id or a group_id."""

IDENTIFIERS = NameRules(charset="A-Za-z0-9_", fill="_", limit=100, lower=False, first="A-Za-z_", prefix="t")

RESERVED = frozenset(
    """
    annotations runpy timedelta Path pendulum Param dag get_current_context task task_group CronTriggerTimetable STEPS STORE run_step
    """.split()
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

INDEX = "index"


class Names:
    """The spelling of every task and group: its id on Airflow, and its function's name."""

    def __init__(self, regions: Regions) -> None:
        self.groups = {id: [d for d in regions.drafts.values() if d.map and d.map.id == id] for id in regions.items}
        self.groups = {id: found for id, found in self.groups.items() if len(found) > 1}
        self.ids = spellings([*regions.drafts, *self.groups], IDS)
        functions = spellings(self.ids.values(), IDENTIFIERS, RESERVED)
        self.functions = {id: functions[spelled] for id, spelled in self.ids.items()}
        self.index = unique_name(INDEX, self.functions.values())

    def variable(self, task: str) -> str:
        return variable(self.functions[task])

    def expression(self, xcom: XCom) -> str:
        return self.variable(xcom.task) + (f"[{literal(xcom.key)}]" if xcom.key else "")


def lower_tasks(pipeline: ir.Pipeline, options: AirflowOptions) -> tuple[tuple[Task | Group, ...], tuple[str, ...]]:
    """What stands in the DAG's function: the tasks and mapped groups, in order, and the edges that no argument says."""
    regions = Regions(pipeline)
    names = Names(regions)
    made = {id: _task(pipeline, draft, regions, names, options) for id, draft in regions.drafts.items()}
    body: list[Task | Group] = []
    for id, draft in regions.drafts.items():
        group = names.groups.get(draft.map.id) if draft.map else None
        if not group:
            body.append(made[id])
        elif draft is group[0]:
            assert draft.map
            body.append(_group(draft.map.id, group, made, regions, names))
    return tuple(body), tuple(_edges([d for d in regions.drafts.values() if not d.map or d.map.id not in names.groups], regions, names))


# --- one task -------------------------------------------------------------------------------------------------------------------------


class Arguments:
    """The arguments of a task's function, by name, as Python of the caller."""

    def __init__(self, draft: Draft, names: Names) -> None:
        self.names, self.found = names, dict[str, str]()
        self._wishes = spellings((n for n, (o, _) in draft.inputs.items() if not isinstance(o, ir.Param | ir.Const)), IDENTIFIERS)

    def of_input(self, name: str, xcom: XCom) -> str:
        return self._add(self._wishes[name], self.names.expression(xcom))

    def once(self, wish: str, expression: str) -> str:
        """The argument that has this value, or a new one."""
        return next((n for n, e in self.found.items() if e == expression), None) or self._add(wish, expression)

    def _add(self, wish: str, expression: str) -> str:
        wish = wish + "_" * (wish in CONTEXT_KEYS | RESERVED | {"self"})
        name = unique_name(wish, self.found)
        self.found[name] = expression
        return name


def _task(pipeline: ir.Pipeline, draft: Draft, regions: Regions, names: Names, options: AirflowOptions) -> Task:
    form, arguments = draft.form, Arguments(draft, names)
    settings = [f"task_id={literal(names.ids[draft.id])}"] if names.functions[draft.id] != names.ids[draft.id] else []
    settings += [*_rule(draft, names), *_limit(draft)]
    if draft.node:
        settings += _faults(draft.node, form)
        place = placed(options, draft.node.settings, "airflow")
        settings += [f"{name}={value}" for name, value in operator_arguments(place, options.placement)]
    if "packages" in form:
        form["requirements"] = form.pop("packages")
    for node in _nodes(form.get("plan")):
        node.pop("packages", None)  # they are in the island's environment
    if "watches" in form:
        form |= {key: [names.ids[id] for id in form[key]] for key in ("watches", "order")}
        form["inputs"] = {name: {"failure": True, **port} for name, port in form["inputs"].items()}
    else:
        form["inputs"] = {name: _input(pipeline, name, origin, port, arguments, names) for name, (origin, port) in draft.inputs.items()}
    if draft.guarded:
        form["guards"] = [_guard(pipeline, g, regions, arguments, names) for g in draft.guards]
    if "gate" in form:
        form["gate"] = names.ids[form["gate"]]
    if form.get("region") == "branch":
        form["arms"] = _arms(draft, regions, names)
    if draft.id == returns(pipeline):
        form["returns"] = True
    alone = draft.map is not None and draft.map.id not in names.groups
    expand = (arguments.once(INDEX, names.index), names.variable(regions.items[draft.map.id])) if draft.map and alone else None
    return Task(
        names.ids[draft.id],
        names.functions[draft.id],
        tuple(settings),
        tuple(arguments.found.items()),
        document(form),
        "task.branch" if form.get("region") == "branch" else "task",
        expand,
    )


def _nodes(plan: Any) -> Iterator[dict[str, Any]]:
    """The nodes of a plan, at any depth."""
    for block in [] if plan is None else plan if isinstance(plan, list) else [plan]:
        for node in block.get("nodes", []):
            yield node
            for inner in ("then", "else", "body", "condition", "final"):
                if isinstance(node.get(inner), dict):
                    yield from _nodes(node[inner])
            yield from _nodes([h["body"] for h in node.get("handlers", [])])


def _rule(draft: Draft, names: Names) -> Iterable[str]:
    """Inside a mapped group `none_failed_min_one_success` skips what it should not on Airflow 2; outside, only it skips with a branch."""
    if draft.last:
        yield 'trigger_rule="all_done"'
    elif any(draft.needs.values()):
        grouped = draft.map is not None and draft.map.id in names.groups
        yield f'trigger_rule="{"none_failed" if grouped else "none_failed_min_one_success"}"'


def _limit(draft: Draft) -> Iterable[str]:
    if draft.map and draft.map.concurrency is not None:
        yield f"max_active_tis_per_dagrun={draft.map.concurrency}"


def _faults(node: Any, form: dict[str, Any]) -> Iterable[str]:
    """Retries and time-out as Airflow's own, taken out of the task file; with a back-off that is not Airflow's both stay the runner's."""
    retry = node.settings.retry
    exponential = native_backoff(retry) if retry else False
    if exponential is None:
        return
    form.pop("retry", None)
    if retry and retry.count:
        delays = retry.delays()
        yield f"retries={retry.count}"
        yield f"retry_delay={delta(delays[0])}"
        if exponential:
            yield "retry_exponential_backoff=True"
            yield f"max_retry_delay={delta(delays[-1])}"
    if node.settings.timeout is not None:
        form.pop("timeout")
        yield f"execution_timeout={delta(node.settings.timeout)}"


def delta(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds and seconds % size == 0:
            return f"timedelta({unit}={int(seconds // size)})"
    return f"timedelta(seconds={int(seconds) if seconds == int(seconds) else seconds})"


def _arms(branch: Draft, regions: Regions, names: Names) -> dict[str, list[str]]:
    """What to follow with each value of the condition: the first tasks of that arm, and what waits for the branch whatever it takes."""
    choice = regions.choice(branch.id)
    found: dict[str, list[str]] = {json.dumps(value): [] for value in choice.values}
    for draft in regions.drafts.values():
        if branch.id in draft.needs:
            only = [json.dumps(g.wanted) for g in draft.guards[-1:] if g.gate == branch.id]
            for arm in only or found:
                found[arm].append(names.ids[draft.id])
    return found


# --- values ---------------------------------------------------------------------------------------------------------------------------


def _input(pipeline: ir.Pipeline, name: str, origin: Origin, port: dict[str, Any], arguments: Arguments, names: Names) -> dict[str, Any]:
    """Where a task finds an input, as its file says it: what the adapter looks for stands around the format and type of the plan."""
    head, tail = _source(pipeline, origin, lambda x: arguments.of_input(name, x), arguments, names)
    return {**head, **port, **tail}


def _source(
    pipeline: ir.Pipeline, origin: Origin, argument: Any, arguments: Arguments, names: Names
) -> tuple[dict[str, Any], dict[str, Any]]:
    def inner(value: Origin) -> dict[str, Any]:
        head, tail = _source(pipeline, value, argument, arguments, names)
        return {**head, **({"type": type_json(value.type)} if isinstance(value, ir.Param) else {}), **tail}

    match origin:
        case ir.Const(text=text):
            return {"text": dumps(json.loads(text))}, {}
        case ir.Param(name=name):
            parameter = next(p for p in pipeline.parameters if p.name == name)
            conf = "native" if native(parameter) else "time" if parameter.scheduled else "text"
            return {"param": name}, {"conf": conf}
        case From(xcom=xcom, output=output, each=each):
            return {"task": xcom.task, "output": output}, {**({"each": True} if each else {}), "argument": argument(xcom)}
        case Item(over=over):
            return {"item": inner(over), "index": arguments.once(INDEX, names.index)}, {}
        case Repeat(value=value, items=items):
            return {"repeat": inner(value), "items": arguments.once("items", names.expression(items))}, {}
        case Whole(value=value):
            return {"whole": inner(value)}, {}


def _guard(pipeline: ir.Pipeline, guard: Guard, regions: Regions, arguments: Arguments, names: Names) -> dict[str, Any]:
    if guard.gate is not None:
        found: dict[str, Any] = {"gate": names.ids[guard.gate]}
        return found if guard.wanted is None else {**found, "is": guard.wanted}
    assert guard.condition is not None

    def argument(x: XCom) -> str:
        return arguments.once(names.functions[x.task], names.expression(x))

    head, tail = _source(pipeline, guard.condition, argument, arguments, names)
    kind = {"type": "bool"} if isinstance(guard.condition, ir.Param) else {}
    return {"source": {**head, **kind, **tail}, "is": guard.wanted}


# --- edges and groups -----------------------------------------------------------------------------------------------------------------


def _edges(drafts: list[Draft], regions: Regions, names: Names) -> Iterator[str]:
    """`upstream >> downstream` for what no argument says. What one branch alone starts stands in one line."""
    lines: list[tuple[tuple[str, ...], list[str]]] = []
    for draft in drafts:
        said = {x.task for origin, _ in draft.inputs.values() for x, _ in xcoms(origin)}
        if draft.guarded:
            said |= {x.task for g in draft.guards for x, _ in xcoms(g.condition)}
        if draft.map:
            said.add(regions.items[draft.map.id])
        before = tuple(t for t in draft.needs if t not in said)
        if not before:
            continue
        branch = len(before) == 1 and regions.drafts[before[0]].form.get("region") == "branch"
        same = next((after for b, after in lines if b == before), None) if branch else None
        if same is not None:
            same.append(draft.id)
        else:
            lines.append((before, [draft.id]))
    for before, after in lines:
        yield f"{_some(before, names)} >> {_some(after, names)}"


def _some(tasks: Iterable[str], names: Names) -> str:
    found = [names.variable(t) for t in tasks]
    return found[0] if len(found) == 1 else f"[{', '.join(found)}]"


def _group(id: str, drafts: list[Draft], made: dict[str, Task], regions: Regions, names: Names) -> Group:
    inside = {d.id for d in drafts}
    outside = {t for d in regions.drafts.values() if d.id not in inside for t in d.needs}
    return Group(
        names.ids[id],
        names.functions[id],
        names.index,
        names.variable(regions.items[id]),
        tuple(made[d.id] for d in drafts),
        tuple(_edges(drafts, regions, names)),
        tuple(names.variable(d.id) for d in drafts if d.id in outside),
    )


# --- parameters -----------------------------------------------------------------------------------------------------------------------

SCALARS = {
    "bool": 'type="boolean"',
    "int": 'type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1',  # as text, because a browser rounds larger ones
    "float": 'type="number"',
    "str": 'type="string"',
}


def native(parameter: ir.Parameter) -> bool:
    """Whether the parameter is a plain JSON scalar in Airflow too; all others are JSON text."""
    if parameter.type not in SCALARS:
        return False
    if parameter.default is None:
        return True
    default = json.loads(parameter.default.text)
    if parameter.type == "str":  # what no database takes
        return "\0" not in default and not any(0xD800 <= ord(c) < 0xE000 for c in default)
    return isinstance(default, (bool, int, float))  # NaN is tagged
