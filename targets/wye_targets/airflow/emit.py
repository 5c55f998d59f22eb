"""The lowered DAG in, its files out: `<pipeline>.py`, and `<pipeline>_steps/` with the runner, the step programs and the task files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files as resources

from jinja2 import Environment, PackageLoader, StrictUndefined

from wye.backend.embed import program_files, runtime_files
from wye.backend.target import EmittedFile, emitted
from wye.ir.json import document
from wye_targets.airflow.dag import Dag, Group, Task, literal

IGNORE = """\
# Airflow looks for DAGs in no file below this folder.
# The line means "everything" both as a regular expression (the default of Airflow 2) and as a glob (of Airflow 3).
[^-]*
"""

_TEMPLATES = Environment(
    loader=PackageLoader("wye_templates", ""), undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
)

_WIDTH = 110

_OPTIONAL_IMPORTS = (("timedelta(", "from datetime import timedelta"),)


def emit(dag: Dag) -> Sequence[EmittedFile]:
    steps = f"{dag.name}_steps"
    below = {
        ".airflowignore": IGNORE,
        "adapter.py": (resources("wye_targets.airflow") / "adapter.py").read_text("utf-8"),
        **{f"tasks/{task.id}.json": task.file for task in dag.tasks},
        **({"store.json": document(dag.reached)} if dag.reached else {}),
        **dict(runtime_files(interpreter=dag.interpreter, store=dag.reached is not None)),
    }
    source = EmittedFile(f"{dag.name}.py", _source(dag, steps))
    files = [EmittedFile(f"{steps}/{path}", text) for path, text in below.items()]
    files += [emitted(f"{steps}/programs/{p.id}/{path}", data) for p in dag.programs for path, data in program_files(p)]
    return [source, *sorted(files, key=lambda f: f.path)]


def _source(dag: Dag, steps: str) -> str:
    decorators = ["task", "task_group"] if any(isinstance(part, Group) for part in dag.body) else ["task"]
    return _TEMPLATES.get_template("airflow_dag.py.jinja").render(
        title=dag.title,
        imports=["import runpy", *(line for use, line in _OPTIONAL_IMPORTS if use in dag.source), "from pathlib import Path"],
        airflow_names=[*(["Param"] if dag.params else []), "dag", "get_current_context", *decorators],
        decorators=decorators,
        param_import=["    from airflow.models.param import Param"] if dag.params else [],
        timetable_import=_TIMETABLE if "CronTriggerTimetable(" in dag.source else [],
        steps=literal(steps),
        store=literal(dag.store),
        settings=[*(f"    {s}," for s in dag.settings), *_params(dag)],
        function=dag.function,
        definitions=[line for task in dag.tasks for line in _definition(task)],
        calls=calls(dag),
        edges=[f"    {edge}" for edge in dag.edges],
    )


_TIMETABLE = [
    "",
    "try:",
    "    from airflow.sdk import CronTriggerTimetable",
    "except ImportError:  # Airflow 2 and 3.0",
    "    from airflow.timetables.trigger import CronTriggerTimetable",
]


def _params(dag: Dag) -> list[str]:
    return ["    params={", *(f"        {p}," for p in dag.params), "    },"] if dag.params else []


def _definition(task: Task) -> list[str]:
    names = [name for name, _ in task.arguments]
    decorator = f"    @{task.decorator}({', '.join(task.settings)})" if task.settings else f"    @{task.decorator}"
    return [
        *([decorator] if len(decorator) <= _WIDTH else [f"    @{task.decorator}(", *(f"        {s}," for s in task.settings), "    )"]),
        f"    def {task.function}({', '.join(names)}):",
        f"        return run_step({', '.join(f'{n}={n}' for n in names)})",
        "",
    ]


def calls(dag: Dag) -> list[str]:
    """Each task's call, and each group; what something refers to has a name."""
    groups = [part for part in dag.body if isinstance(part, Group)]
    said = [e for task in dag.tasks for _, e in (*task.arguments, *((task.expand,) if task.expand else ()))]
    said += [*dag.edges, *(e for g in groups for e in (*g.edges, *g.shared, g.items))]
    used = {word for text in said for word in re.findall(r"\w+", text)}
    lines = (line for part in dag.body for line in (_group(part, used) if isinstance(part, Group) else [_call(part, used)]))
    return [f"    {line}" if line else "" for line in lines]


def _call(task: Task, used: set[str]) -> str:
    given = [(a, v) for a, v in task.arguments if not task.expand or a != task.expand[0]]
    call = f"{task.function}({', '.join(f'{a}={v}' for a, v in given)})"
    if task.expand:
        partial = call.replace("(", ".partial(", 1) if given else task.function
        call = f"{partial}.expand({task.expand[0]}={task.expand[1]})"
    return f"{task.variable} = {call}" if task.variable in used else call


def _group(group: Group, used: set[str]) -> list[str]:
    own = "" if group.function == group.id else f"group_id={literal(group.id)}, "
    shared = ", ".join(group.shared)
    call = f"{group.function}.expand({group.index}={group.items})"
    return [
        "",
        f"@task_group({own}prefix_group_id=False)",
        f"def {group.function}({group.index}):",
        *(f"    {_call(task, used)}" for task in group.tasks),
        *(f"    {edge}" for edge in group.edges),
        *([f"    return {shared}"] if shared else []),
        "",
        f"{shared} = {call}" if shared else call,
    ]
