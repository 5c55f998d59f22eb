"""A model of Airflow's scheduler: the tasks that the target makes in, what a run of them comes to out. For tests.

It has Airflow's trigger rules, branches and mapping as the real schedulers of 2.10, 2.11 and 3.3 showed them (tests/engines runs compiled
pipelines there), and starts, ends and judges tasks in any order in which a scheduler might. Tasks run in the target's own adapter.
"""

from __future__ import annotations

import json
import random
import re
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

from wye_targets.airflow import adapter
from wye_targets.airflow.dag import Group, Task

Execute = Callable[[dict[str, Any], dict[str, Any], Any], dict[str, Any]]
"""A task and the entries of its inputs, and the task instance; its outputs, as they go into the XCom. Raises `Broken`."""


class Skipped(Exception):
    pass


class Broken(Exception):
    """A task failed."""


@contextmanager
def installed(execute: Execute) -> Iterator[None]:
    """The adapter finds what it imports from Airflow; in place of a process that runs a task's program, `execute`."""
    modules: dict[str, Any] = {
        "airflow": types.ModuleType("airflow"),
        "airflow.configuration": types.SimpleNamespace(conf=types.SimpleNamespace(getint=lambda *_, **__: 1024)),
        "airflow.exceptions": types.SimpleNamespace(AirflowSkipException=Skipped),
    }

    def run(task: Any, entries: Any, steps: Any, store: Any, context: Any) -> Any:
        return execute(task, entries, context["ti"])

    with mock.patch.dict(sys.modules, modules), mock.patch.object(adapter, "execute", run):
        yield


@dataclass
class Instance:
    task: Task
    index: int
    state: str | None = None


class Airflow:
    """A run of the tasks. Any task may start, end or be judged at any time at which a scheduler might."""

    def __init__(
        self, body: tuple[Task | Group, ...], edges: tuple[str, ...], folder: Path, seed: int, params: dict[str, Any] | None = None
    ) -> None:
        """`folder` is for the tasks' files."""
        self.folder, self.random, self.params = folder, random.Random(seed), params or {}
        self.groups = {t.id: part for part in body if isinstance(part, Group) for t in part.tasks}
        self.tasks = {t.id: t for part in body for t in (part.tasks if isinstance(part, Group) else (part,))}
        self.ids = {t.variable: t.id for t in self.tasks.values()}
        self.upstream = {id: set(self._said(t)) for id, t in self.tasks.items()}
        for edge in [*edges, *(e for part in body if isinstance(part, Group) for e in part.edges)]:
            before, after = (re.findall(r"\w+", side) for side in edge.split(" >> "))
            for a in after:
                self.upstream[self.ids[a]] |= {self.ids[b] for b in before}
        self.lists: dict[str, str] = {}  # the task whose value a mapped task expands over
        for id, task in self.tasks.items():
            over = task.expand[1] if task.expand else self.groups[id].items if id in self.groups else None
            if over:
                self.lists[id] = self.ids[over]
                self.upstream[id].add(self.ids[over])
        self.instances = {id: [Instance(t, -1)] for id, t in self.tasks.items()}
        self.xcoms: dict[tuple[str, str, int], Any] = {}
        self.forms = {id: json.loads(t.file) for id, t in self.tasks.items()}
        (folder / "tasks").mkdir(parents=True, exist_ok=True)
        for id, task in self.tasks.items():
            (folder / "tasks" / f"{id}.json").write_text(task.file)
        self.below = {id: self._below(id) for id in self.tasks}

    def _said(self, task: Task) -> Iterator[str]:
        for _, text in task.arguments:
            found = re.match(r"(\w+_)(\[|$)", text)
            if found:
                yield self.ids[found[1]]

    def _below(self, id: str) -> set[str]:
        found, work = set[str](), [id]
        while work:
            of = work.pop()
            more = {other for other, before in self.upstream.items() if of in before} - found
            found |= more
            work += more
        return found

    def run(self) -> str:
        running: list[Instance] = []
        while True:
            waiting = [i for many in self.instances.values() for i in many if i.state is None]
            ready = [(i, what) for i in waiting if (what := self.judge(i))]
            if not ready and not running:
                break
            if running and (not ready or self.random.random() < 0.5):
                instance = running.pop(self.random.randrange(len(running)))
                self.end(instance)
                continue
            instance, what = self.random.choice(ready)
            if what == "run":
                instance.state = "running"
                running.append(instance)
            elif what == "expand":
                items = self.xcoms[self.lists[instance.task.id], "return_value", -1]
                made = [Instance(instance.task, n) for n in range(len(items))]
                self.instances[instance.task.id] = made or [replace(instance, state="skipped")]
            else:
                instance.state = what
        states = {id: {i.state for i in many} for id, many in self.instances.items()}
        assert all(None not in found for found in states.values()), "the run hangs"
        leaves = [id for id in self.tasks if not any(id in before for before in self.upstream.values())]
        return "failed" if any(states[id] & {"failed", "upstream_failed"} for id in leaves) else "success"

    def rule(self, task: Task) -> str:
        return next((s.split('"')[1] for s in task.settings if s.startswith("trigger_rule")), "all_success")

    def judge(self, instance: Instance) -> str | None:
        """What may become of a waiting instance now."""
        id = instance.task.id
        if id in self.lists and instance.index < 0:
            state = self.instances[self.lists[id]][0].state
            if state == "success":
                return "expand"
            return state if state == "skipped" else "upstream_failed" if state in ("failed", "upstream_failed") else None
        states = [i.state for up in self.upstream[id] for i in self.relevant(instance, up)]
        failed = any(s in ("failed", "upstream_failed") for s in states)
        done = all(s not in (None, "running") for s in states)
        match self.rule(instance.task):
            case "all_done":
                return "run" if done else None
            case "all_success":
                if failed or "skipped" in states:
                    return "upstream_failed" if failed else "skipped"
            case "none_failed":
                if failed:
                    return "upstream_failed"
            case "none_failed_min_one_success":
                if failed:
                    return "upstream_failed"
                if states and all(s == "skipped" for s in states):
                    return "skipped"
        return "run" if done else None

    def relevant(self, instance: Instance, upstream: str) -> list[Instance]:
        same = upstream in self.groups and self.groups.get(instance.task.id) is self.groups[upstream]
        found = self.instances[upstream]
        return [i for i in found if i.index in (instance.index, -1)] if same else found

    def end(self, instance: Instance) -> None:
        id, form = instance.task.id, self.forms[instance.task.id]
        context = {"ti": Ti(self, id, instance.index), "params": self.params}
        try:
            value = adapter.run_step(self.folder, None, context, {n: self.argument(e, instance) for n, e in instance.task.arguments})
        except Skipped:
            instance.state = "skipped"
            return
        except Broken:
            instance.state = "failed"
            return
        assert value is not None
        instance.state = "success"
        if form.get("region") == "branch":  # what Airflow 3 does: the value is lost
            follow = set(value) | {b for v in value for b in self.below[v]}
            for other, before in self.upstream.items():
                for i in self.instances[other]:
                    if id in before and other not in follow and i.state is None:
                        i.state = "skipped"
        else:
            self.xcoms[id, "return_value", instance.index] = value

    def argument(self, text: str, instance: Instance) -> Any:
        found = re.fullmatch(r"(\w+_)(?:\[\"(\w+)\"\])?", text)
        if not found:
            return str(instance.index)
        id, name = self.ids[found[1]], found[2] or "return_value"
        if id not in self.lists:
            return self.xcoms.get((id, name, -1))
        if id in self.groups and self.groups.get(instance.task.id) is self.groups[id]:
            return self.xcoms.get((id, name, instance.index))
        made = [v for (i, k, _), v in sorted(self.xcoms.items(), key=lambda x: x[0][2]) if (i, k) == (id, name)]
        return made[0] if len(made) == 1 and id in self.groups else made or None


class Ti:
    dag_id, run_id, try_number = "model", "run", 1

    def __init__(self, run: Airflow, task_id: str, map_index: int) -> None:
        self.run, self.task_id, self.map_index = run, task_id, map_index

    def xcom_pull(self, task_ids: str, key: str, map_indexes: int) -> Any:
        return self.run.xcoms.get((task_ids, key, map_indexes))

    def xcom_push(self, key: str, value: Any) -> None:
        self.run.xcoms[self.task_id, key, self.map_index] = value
