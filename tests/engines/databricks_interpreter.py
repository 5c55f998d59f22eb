"""A compiled bundle alone in (no IR, no compiler), one run of its job by the documented rules of Databricks Jobs out.

The notebooks run as they are, in this process, with a `dbutils` of ours; the runner that they start is a process. Tasks that may run at
the same time run in a shuffled order. What the platform would refuse, or what this interpreter has no rule for, raises `Refused`.

Rules, by page below https://docs.databricks.com/aws/en/: dependencies and `run_if` jobs/run-if · task values jobs/task-values and
dev-tools/databricks-utils (48 KiB each, 250 a run) · dynamic value references jobs/dynamic-value-references · job parameters go before a
task's jobs/job-parameters · notebooks in the workspace repos/supported-artifact-types · volumes (no append, no rename) volumes/ · limits
jobs/large-jobs and the API's page of jobs/create · For each tasks jobs/tasks/for-each and jobs/tasks/for-each-lookup-example (at most 100
iterations at a time, inputs of 48 KiB by reference) · If/else tasks jobs/tasks/if-else and the API on `condition_task` and `outcome`

Where no page says what happens, it is refused (a For each task without inputs, task values set in iterations), or every way is taken by
turns: whether the other iterations start after one has failed, whether NONE_FAILED counts what was kept from running.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import json
import os
import random
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

RUN_ID, STARTED, TRIGGERED = "550315892394120", "2026-03-04T05:06:07.891Z", "2026-03-04T05:06:00.000Z"
REFERENCES = {
    "job.id": "11", "job.run_id": RUN_ID, "job.start_time.iso_datetime": STARTED, "job.trigger.time.iso_datetime": TRIGGERED,
    "task.execution_count": "1",
}  # fmt: skip
MAX_TASKS, MAX_VALUES, VALUE_BYTES, MAX_TAGS, PARAMETER_CHARS = 1000, 250, 48 * 1024, 25, 10_000
MAX_AT_ONCE = 100
VALUE = re.compile(r"\{\{tasks\.([A-Za-z0-9_]+)\.values\.([A-Za-z0-9_]+)\}\}")
RULES = ("ALL_SUCCESS", "ALL_DONE", "NONE_FAILED", "AT_LEAST_ONE_SUCCESS", "ALL_FAILED", "AT_LEAST_ONE_FAILED")
HEADER = re.compile(r"(#|//|--) Databricks notebook source")
OURS = ("wye_databricks", "wye_databricks_turns", "wye_runtime")
KNOWN = {
    "job": {"name", "tags", "max_concurrent_runs", "queue", "schedule", "timeout_seconds", "run_as", "budget_policy_id",
            "performance_target", "parameters", "environments", "job_clusters", "tasks"},
    "task": {"task_key", "depends_on", "run_if", "notebook_task", "environment_key", "job_cluster_key", "existing_cluster_id",
             "disable_auto_optimization", "max_retries"},
    "condition": {"task_key", "depends_on", "run_if", "condition_task"},
    "each": {"task_key", "depends_on", "run_if", "for_each_task"},
    "turn": {"task_key", "notebook_task", "environment_key", "new_cluster", "job_cluster_key", "existing_cluster_id",
             "disable_auto_optimization", "max_retries"},
}  # fmt: skip


class Refused(Exception):
    """The platform would not take it, or this interpreter does not know it."""


class NotebookExit(BaseException):
    """What `dbutils.notebook.exit` raises: it ends the notebook, with success."""


@dataclass
class Run:
    """What a run came to. `results` are SUCCESS, FAILED, UPSTREAM_FAILED, EXCLUDED by task; `exits` what notebooks exited with; `started`
    has each iteration as `task[2]`."""

    state: str
    results: dict[str, str] = field(default_factory=dict)
    exits: dict[str, str] = field(default_factory=dict)
    log: str = ""
    started: list[str] = field(default_factory=list)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)


def need(condition: Any, message: str) -> None:
    if not condition:
        raise Refused(message)


# --- the bundle -----------------------------------------------------------------------------------------------------------------------


@dataclass
class Deployed:
    """A bundle after `databricks bundle deploy`: its job, with the variables put in, and its files in the workspace."""

    job: dict[str, Any]
    notebooks: dict[str, str]
    folder: Path


def deploy(build: Path, folder: Path, variables: Mapping[str, str] | None = None, target: str = "prod") -> Deployed:
    """Put the files below `folder` as the workspace keeps them: a file with a notebook's header is a notebook, without its extension."""
    bundle = yaml.load((build / "databricks.yml").read_text("utf-8"), yaml.CSafeLoader)
    unknown = bundle.keys() - {"bundle", "variables", "workspace", "sync", "targets", "resources"}
    need(not unknown, f"unknown keys of a bundle: {unknown}")
    (name,) = bundle["resources"]["jobs"]
    given, declared = dict(variables or {}), bundle.get("variables", {})
    known = {f"var.{n}": given.get(n, v.get("default")) for n, v in declared.items()}
    need(not given.keys() - declared.keys(), f"no such variables: {given.keys() - declared.keys()}")
    need(None not in known.values(), f"variables without a value: {[n for n, v in known.items() if v is None]}")
    known |= {"workspace.file_path": str(folder), "bundle.name": bundle["bundle"]["name"], "bundle.target": target}
    known["workspace.current_user.userName"] = "someone@example.com"
    need(bundle["targets"][target]["mode"] in ("development", "production"), "a target's mode")
    notebooks: dict[str, str] = {}
    for pattern in bundle["sync"]["include"]:
        for file in sorted(build.glob(pattern + ("/*" if pattern.endswith("**") else ""))):
            if file.is_file():
                _import(file, file.relative_to(build), folder, notebooks)
    job = _filled(bundle["resources"]["jobs"][name], known)
    for task in job["tasks"]:
        if "condition_task" in task:
            continue
        told = task.get("for_each_task", {"task": task})["task"].get("notebook_task", {})
        path = told.get("notebook_path", "")
        need(path.startswith("./") and path.endswith(".py"), f"not a notebook beside the bundle: {path}")
        told["notebook_path"] = f"{folder}/{path[2:-3]}"
    check(job, notebooks)
    return Deployed(job, notebooks, folder)


def _import(file: Path, path: Path, folder: Path, notebooks: dict[str, str]) -> None:
    data = file.read_bytes()
    first = data.split(b"\n", 1)[0].decode("utf-8", "replace").lstrip("\ufeff")
    if file.suffix == ".ipynb" or (HEADER.match(first) and file.suffix in (".py", ".sql", ".scala", ".r", ".R")):
        notebooks[str(folder / path.with_suffix(""))] = data.decode("utf-8")
        return
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def _filled(value: Any, known: Mapping[str, str]) -> Any:
    """The value with the bundle's references put in: `${a.b}`."""
    if isinstance(value, dict):
        return {_filled(k, known): _filled(v, known) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, known) for v in value]
    if not isinstance(value, str):
        return value

    def put(found: re.Match[str]) -> str:
        need(found[1] in known, f"no such reference: {found[0]}")
        return known[found[1]]

    return re.sub(r"\$\{([^}]*)\}", put, value)


def check(job: Mapping[str, Any], notebooks: Mapping[str, str]) -> None:
    """What `jobs/create` looks at."""
    need(not job.keys() - KNOWN["job"], f"unknown fields of a job: {job.keys() - KNOWN['job']}")
    nested = [t["for_each_task"]["task"] for t in job["tasks"] if "for_each_task" in t]
    need(1 <= len(job["tasks"]) + len(nested) <= MAX_TASKS, f"{len(job['tasks'])} tasks")
    need(len(job.get("tags", {})) <= MAX_TAGS, "too many tags")
    need(0 < job["max_concurrent_runs"] <= 1000, "max_concurrent_runs")
    for p in job.get("parameters", ()):
        need(re.fullmatch(r"[A-Za-z0-9_.-]+", p["name"]), f"not the name of a parameter: {p['name']}")
        need(isinstance(p["default"], str) and len(p["default"]) <= PARAMETER_CHARS, f"the default of {p['name']}")
    environments = {e["environment_key"] for e in job.get("environments", ())}
    clusters = {c["job_cluster_key"] for c in job.get("job_clusters", ())}
    need(len(clusters) == len(job.get("job_clusters", ())), "two clusters with one key")
    keys = [t["task_key"] for t in job["tasks"]]
    inner = [t["task_key"] for t in nested]
    need(len({*keys, *inner}) == len(keys) + len(inner), "two tasks with one key")
    conditions = {t["task_key"] for t in job["tasks"] if "condition_task" in t}
    seen: set[str] = set()
    for task in job["tasks"]:
        key = task["task_key"]
        known = KNOWN["each" if "for_each_task" in task else "condition" if "condition_task" in task else "task"]
        need(not task.keys() - known, f"unknown fields of the task {key}: {task.keys() - known}")
        need(re.fullmatch(r"[A-Za-z0-9_-]{1,100}", key), f"not a task key: {key!r}")
        waits = [d["task_key"] for d in task.get("depends_on", ())]
        for d in task.get("depends_on", ()):
            decides = d["task_key"] in conditions
            need(d.keys() - {"task_key"} == ({"outcome"} if decides else set()), f"outcomes that {key} depends on: {d}")
            need(d.get("outcome", "true") in ("true", "false"), f"outcomes that {key} depends on: {d}")
        need(set(waits) <= set(keys) and key not in waits, f"{key} depends on what is not there: {waits}")
        need(len(set(waits)) == len(waits), f"{key} depends on a task twice")
        need(set(waits) <= seen, f"{key} stands before what it depends on: a cycle, or hard to read")
        need(task.get("run_if", "ALL_SUCCESS") in RULES, f"run_if of {key}")
        if "condition_task" in task:
            _check_condition(task, seen)
            seen.add(key)
            continue
        if "for_each_task" in task:
            _check_each(task, seen)
            key, task = f"{key}[]", task["for_each_task"]["task"]
        need(task["notebook_task"]["notebook_path"] in notebooks, f"no notebook {task['notebook_task']['notebook_path']}")
        need(len(json.dumps(task["notebook_task"].get("base_parameters", {}))) <= 1_000_000, "base_parameters above 1 MB")
        where = [k for k in ("environment_key", "job_cluster_key", "existing_cluster_id", "new_cluster") if k in task]
        need(len(where) == 1, f"{key} runs on {where}")
        need(task.get("environment_key", None) in (None, *environments), f"no environment {task.get('environment_key')}")
        need(task.get("job_cluster_key", None) in (None, *clusters), f"no cluster {task.get('job_cluster_key')}")
        need("environment_key" not in task or task.get("disable_auto_optimization") is True, f"{key} may be retried by the platform")
        seen.add(key.removesuffix("[]"))


def _check_condition(task: Mapping[str, Any], seen: set[str]) -> None:
    """An If/else task: it compares a task value of a task that has ended, and has no place to run and no retries."""
    key, condition = task["task_key"], task["condition_task"]
    need(condition.keys() == {"op", "left", "right"}, f"fields of the If/else task {key}: {set(condition)}")
    need(condition["op"] in ("EQUAL_TO", "NOT_EQUAL"), f"{key} compares by {condition['op']}, which this interpreter does not know")
    need(VALUE.fullmatch(condition["left"]), f"{key} compares {condition['left']}")
    need(VALUE.fullmatch(condition["left"])[1] in seen, f"{key} compares a value of no task before it")  # type: ignore[index]
    need(condition["right"] in ("true", "false"), f"{key} compares with {condition['right']}")


def _check_each(task: Mapping[str, Any], seen: set[str]) -> None:
    """A For each task. Retries stand in the nested task (databricks/cli#3977); what it goes over is a task value of one that has ended."""
    key, loop = task["task_key"], task["for_each_task"]
    need(loop.keys() == {"inputs", "concurrency", "task"}, f"fields of the For each task {key}: {set(loop)}")
    need(isinstance(loop["concurrency"], int) and 1 <= loop["concurrency"] <= MAX_AT_ONCE, f"concurrency of {key}: {loop['concurrency']}")
    nested = loop["task"]
    need(not nested.keys() - KNOWN["turn"], f"unknown fields of the nested task of {key}: {nested.keys() - KNOWN['turn']}")
    need(re.fullmatch(r"[A-Za-z0-9_-]{1,100}", nested["task_key"]), f"not a task key: {nested['task_key']!r}")
    found = VALUE.fullmatch(loop["inputs"])
    need(found, f"inputs of {key}, which this interpreter does not know: {loop['inputs']}")
    need(found and found[1] in {d["task_key"] for d in task.get("depends_on", ())} & seen, f"{key} goes over a value of no task before it")


def resolved(text: str, known: Mapping[str, str] = {}) -> str:
    """A text with the dynamic value references put in. One of a known name space that is not there is refused; anything else stays."""

    def put(found: re.Match[str]) -> str:
        name = found[1].strip()
        if name in known or name in REFERENCES:
            return known.get(name) or REFERENCES[name]
        need(name.partition(".")[0] not in ("job", "task", "tasks", "workspace", "input", "secrets"), f"no such reference: {found[0]}")
        return found[0]

    return re.sub(r"\{\{(.*?)\}\}", put, text)


# --- a notebook -----------------------------------------------------------------------------------------------------------------------


@dataclass
class State:
    """What the tasks of a run share."""

    deployed: Deployed
    volumes: Path
    secrets: Mapping[tuple[str, str], str]
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    count: int = 0


class Namespace:
    """A part of `dbutils`."""

    def __init__(self, **parts: Any) -> None:
        vars(self).update(parts)


def dbutils_of(state: State, key: str, widgets: Mapping[str, str]) -> Any:
    def get_widget(name: str) -> str:
        if name not in widgets:
            raise ValueError(f"InputWidgetNotDefined: no input widget named {name} is defined")
        return widgets[name]

    def set_value(key: str, value: Any, task: str = key) -> None:
        need(not task.endswith("]"), f"a task value of an iteration, {task}: no page says who can read it")
        need(isinstance(key, str), "the key of a task value is a text")
        text = json.dumps(value, allow_nan=False)
        need(len(text.encode()) <= VALUE_BYTES, f"a task value of {len(text)} bytes")
        state.count += 1
        need(state.count <= MAX_VALUES, f"INVALID_PARAMETER_VALUE: A maximum of {MAX_VALUES} task values per job run is allowed")
        state.values.setdefault(task, {})[key] = text

    def get_value(taskKey: str, key: str, default: Any = None, debugValue: Any = None) -> Any:
        if key in state.values.get(taskKey, {}):
            return json.loads(state.values[taskKey][key])
        if default is None:
            raise ValueError(f"no task value {key} of {taskKey}")
        return default

    def get_secret(scope: str, key: str) -> str:
        if (scope, key) not in state.secrets:
            raise ValueError(f"Secret does not exist with scope: {scope} and key: {key}")
        return state.secrets[scope, key]

    def leave(text: str) -> None:
        need(isinstance(text, str) and len(text) <= 5 * 1024 * 1024, "a notebook exits with a text, of at most 5 MB")
        raise NotebookExit(text)

    return Namespace(
        widgets=Namespace(get=get_widget),
        jobs=Namespace(taskValues=Namespace(set=set_value, get=get_value)),
        secrets=Namespace(get=get_secret),
        notebook=Namespace(exit=leave),
    )


@contextlib.contextmanager
def volume_rules(volumes: Path) -> Iterator[None]:
    """On a volume nothing is renamed, appended to, or written at random."""
    here, real = str(volumes), {n: getattr(os, n) for n in ("rename", "replace", "link", "symlink")}

    def no(name: str) -> Callable[..., Any]:
        def refused(a: Any, b: Any, **more: Any) -> Any:
            need(not str(a).startswith(here) and not str(b).startswith(here), f"os.{name} on a volume")
            return real[name](a, b, **more)

        return refused

    opened = builtins.open

    def checked(file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
        need(not str(file).startswith(here) or not set(mode) & set("a+"), f"open({mode!r}) on a volume")
        return opened(file, mode, *rest, **more)

    with contextlib.ExitStack() as stack:
        for name in real:
            stack.enter_context(mock.patch.object(os, name, no(name)))
        stack.enter_context(mock.patch.object(builtins, "open", checked))
        yield


def run_notebook(
    state: State, key: str, task: Mapping[str, Any], parameters: Mapping[str, str], prepare: Callable[[Any], Any], input: str | None = None
) -> tuple[str, str]:
    """The result of one attempt, and what the notebook exited with. `prepare` may change the artifact's module before it is used; `input`
    is that of an iteration."""
    told, known = task["notebook_task"], {} if input is None else {"input": input}
    widgets = {k: resolved(v, known) for k, v in told.get("base_parameters", {}).items()} | dict(parameters)
    widgets = {k: str(state.volumes) + v.removeprefix("/Volumes") if v.startswith("/Volumes/") else v for k, v in widgets.items()}
    names = {"__name__": "__main__", "dbutils": dbutils_of(state, key, widgets)}
    before, path = dict(sys.modules), list(sys.path)
    for name in [n for n in sys.modules if n.partition(".")[0] in OURS]:
        del sys.modules[name]
    try:
        for cell in state.deployed.notebooks[told["notebook_path"]].split("# COMMAND ----------"):
            if "import wye_databricks" in cell:
                prepare(__import__("importlib").import_module("wye_databricks"))
            exec(compile(cell, told["notebook_path"], "exec"), names)
    except NotebookExit as left:
        return "SUCCESS", str(left)
    except Refused:
        raise
    except Exception:
        traceback.print_exc(file=sys.stdout)
        return "FAILED", ""
    finally:
        sys.path[:] = path
        for name in [n for n in sys.modules if n.partition(".")[0] in OURS]:
            del sys.modules[name]
        sys.modules.update({n: m for n, m in before.items() if n.partition(".")[0] in OURS})
    return "SUCCESS", ""


def run_each(
    attempt: Callable[[str, Mapping[str, Any], str | None], tuple[str, str]], state: State, task: Mapping[str, Any], rng: Any
) -> str:
    """The result of a For each task: its iterations in any order. No page says whether the others still start when one has failed, so it is
    tossed."""
    loop, key = task["for_each_task"], task["task_key"]
    found = VALUE.fullmatch(loop["inputs"])
    assert found
    need(found[2] in state.values.get(found[1], {}), f"{key} goes over a task value that is not there: {loop['inputs']}")
    inputs = json.loads(state.values[found[1]][found[2]])
    need(isinstance(inputs, list) and inputs, f"{key} goes over {inputs}: no page says what happens then")
    order = [(i, x if isinstance(x, str) else json.dumps(x)) for i, x in enumerate(inputs)]
    rng.shuffle(order)
    stops, results = rng.random() < 0.5, []
    for _, input in order:
        if not (stops and "FAILED" in results):
            results.append(attempt(f"{key}[{input}]", loop["task"], input)[0])
    return "FAILED" if "FAILED" in results else "SUCCESS"


# --- a run ----------------------------------------------------------------------------------------------------------------------------


def compares(state: State, condition: Mapping[str, str]) -> bool:
    """Texts are compared; a bool as a task value is the text `true` or `false`."""
    found = VALUE.fullmatch(condition["left"])
    assert found
    need(found[2] in state.values.get(found[1], {}), f"an If/else task compares a task value that is not there: {condition['left']}")
    left = json.loads(state.values[found[1]][found[2]])
    need(isinstance(left, bool), f"an If/else task compares {left!r}: no page says how it is written")
    return (json.dumps(left) == condition["right"]) == (condition["op"] == "EQUAL_TO")


def outcome(rule: str, results: list[str]) -> str:
    """What becomes of a task whose dependencies have ended so: RUN, UPSTREAM_FAILED or EXCLUDED. UNMET: an If/else task with the other
    outcome, which "must be met for this task to run"."""
    if results and all(r in ("EXCLUDED", "UNMET") for r in results):
        return "EXCLUDED"  # whatever its run_if
    if "UNMET" in results:
        need(rule in ("ALL_SUCCESS", "NONE_FAILED"), f"an outcome that is not met, with {rule}: no page says what happens")
        need({*results} <= {"UNMET", "EXCLUDED"}, f"an outcome that is not met beside {results}: no page says what happens")
    failed = [r in ("FAILED", "UPSTREAM_FAILED") for r in results]
    match rule:
        case "ALL_SUCCESS" | "NONE_FAILED":
            return "UPSTREAM_FAILED" if any(failed) else "RUN"
        case "AT_LEAST_ONE_SUCCESS":
            return "RUN" if "SUCCESS" in results else "UPSTREAM_FAILED"
        case "ALL_FAILED":
            return "RUN" if all(failed) else "EXCLUDED"
        case "AT_LEAST_ONE_FAILED":
            return "RUN" if any(failed) else "EXCLUDED"
    return "RUN"


def run(
    deployed: Deployed,
    volumes: Path,
    given: Mapping[str, str] | None = None,
    secrets: Mapping[tuple[str, str], str] | None = None,
    seed: int = 0,
    prepare: Callable[[Any], Any] = lambda module: None,
    lost: frozenset[str] = frozenset(),
) -> Run:
    """`databricks jobs run-now` with these job parameters. `lost`: tasks whose machine goes away before they can say anything."""
    job, rng = deployed.job, random.Random(seed)
    defaults = {p["name"]: p["default"] for p in job.get("parameters", ())}
    need(not (given or {}).keys() - defaults.keys(), f"no such job parameters: {(given or {}).keys() - defaults.keys()}")
    parameters = {n: resolved(v) for n, v in (defaults | dict(given or {})).items()}
    state, results, exits, started = State(deployed, volumes, secrets or {}), {}, {}, []
    waiting = {t["task_key"]: t for t in job["tasks"]}
    printed = io.StringIO()

    met: dict[str, str] = {}

    def ended(dependency: Mapping[str, str]) -> str:
        key = dependency["task_key"]
        return results[key] if results[key] != "SUCCESS" or dependency.get("outcome") in (None, met.get(key)) else "UNMET"

    def attempt(key: str, task: Mapping[str, Any], input: str | None) -> tuple[str, str]:
        found = ("FAILED", "")
        for _ in range(1 + task.get("max_retries", 0) if key not in lost else 0):
            print(f"--- {key}")
            found = run_notebook(state, key, task, parameters, prepare, input)
            if found[0] == "SUCCESS":
                break
        started.append(key)
        return found

    with volume_rules(volumes), contextlib.redirect_stdout(printed):
        while waiting:
            ready = [k for k, t in waiting.items() if all(d["task_key"] in results for d in t.get("depends_on", ()))]
            key = rng.choice(ready)
            task = waiting.pop(key)
            rule, before = task.get("run_if", "ALL_SUCCESS"), [ended(d) for d in task.get("depends_on", ())]
            need(rule != "ALL_SUCCESS" or len({r == "EXCLUDED" for r in before}) < 2, f"{key}: are tasks that are left out successful?")
            if rule == "NONE_FAILED" and "UPSTREAM_FAILED" in before and "FAILED" not in before and rng.random() < 0.5:
                before = ["SUCCESS" if r == "UPSTREAM_FAILED" else r for r in before]  # no page says that it counts as failed
            found = outcome(rule, before)
            if found == "RUN" and "condition_task" in task:
                met[key], found = json.dumps(compares(state, task["condition_task"])), "SUCCESS"
            elif found == "RUN" and "for_each_task" in task:
                found = run_each(attempt, state, task, rng)
            elif found == "RUN":
                found, left = attempt(key, task, None)
                exits |= {key: left} if found == "SUCCESS" else {}
            results[key] = found
    awaited = {d["task_key"] for t in job["tasks"] for d in t.get("depends_on", ())}
    leaves = [results[k] for k in results if k not in awaited]
    failed = {"FAILED", "UPSTREAM_FAILED"}
    final = "FAILED" if failed & set(leaves) else "SUCCESS_WITH_FAILURES" if failed & set(results.values()) else "SUCCESS"
    values = {t: {k: json.loads(v) for k, v in of.items()} for t, of in state.values.items()}
    return Run(final, results, exits, printed.getvalue(), started, values)
