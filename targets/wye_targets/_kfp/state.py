"""The state of a lowering: where every value and every task is; tasks and groups with names that no other has; what leaves a block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from wye.ir import json as form
from wye.ir import model as ir
from wye.ir.expressions import Key, Reference, key
from wye.ir.model import Expr, Node
from wye_targets._kfp import tasks
from wye_targets._kfp.dags import FILE, ONLY, TEXT, Dag, Kind, Origin, Step
from wye_targets._kfp.service import Service
from wye_targets._kfp.tasks import Element, Task


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a block stands."""

    guards: tuple[Origin, ...] = ()
    """The items of the loops around it that have an iteration without an item."""
    joined: bool = False
    """Whether a join asks for an arm around it being complete."""
    waited: bool = False
    """Whether something waits for all that is in it."""
    parallel: int | None = None


@dataclass(slots=True)
class State:
    """One pipeline on its way."""

    pipeline: ir.Pipeline
    service: Service
    names: dict[str, str]
    """Of the nodes that are tasks, in KFP's spelling."""
    components: dict[str, str]
    """Of each name that is taken, its component."""
    root: Dag
    dags: list[Dag] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=dict)
    values: dict[Key, Origin | Element] = field(default_factory=dict)
    settled: dict[str, frozenset[str]] = field(default_factory=dict)
    """By node: the tasks to depend on in order to wait for it."""
    absorbed: dict[str, ir.Compute] = field(default_factory=dict)
    """Conditions that need no task."""
    uses: Counter[Key] = field(default_factory=Counter)
    awaited: set[str] = field(default_factory=set)
    formats: dict[Key, str] = field(default_factory=dict)
    groups: Iterator[int] = field(default_factory=lambda: count(1))

    # --- tasks and groups ---------------------------------------------------------------------------------------------------------

    def task(self, node: form.Task, dag: Dag) -> Task:
        name = self.names[node.id]
        task = tasks.from_node(node, Step(name, node.id, self.components[name]), self.pipeline, self.service, dag, self.locate)
        for port, kfp in tasks.output_keys(node, self.pipeline).items():
            self.values["output", node.id, port] = Origin(dag, name, kfp, task.ports[kfp])
        return task

    def add(self, task: Task, dag: Dag, scope: Scope, after: Iterable[str] = ()) -> Task:
        task.step.after |= set(after)
        for item in scope.guards:
            task.guard(item, dag)
        dag.add(task.step)
        self.tasks[task.step.name] = task
        return task

    def after(self, node: Node) -> set[str]:
        """The tasks that a node waits for without data."""
        return {n for i in node.after for n in self.settled[i]}

    def locate(self, reference: Reference) -> Origin | Element:
        if isinstance(reference, ir.Param):
            return Origin(self.root, None, reference.name, self.root.inputs[reference.name])
        return self.values[key(reference)]

    def step(self, base: str) -> Step:
        """A task of the target's own: a name that no other has."""
        name = next(n for i in count(1) if (n := base if i == 1 else f"{base}-{i}") not in self.components)
        return self._named(name)

    def _named(self, name: str) -> Step:
        self.components[name] = f"comp-{name}"
        return Step(name, name, self.components[name])

    def group(self, base: str, parent: Dag) -> Dag:
        """A sub-DAG, numbered as kfp numbers them."""
        dag = Dag(self._named(next(n for i in self.groups if (n := f"{base}-{i}") not in self.components)), parent)
        parent.add(dag.step)
        self.dags.append(dag)
        return dag

    # --- values that leave a block ------------------------------------------------------------------------------------------------

    def used(self, node: ir.If | ir.Map | ir.Try, count: int) -> list[int]:
        return [n for n in range(count) if self.uses["result", node.id, n]]

    def kind(self, node: Node, n: int) -> Kind:
        """How the n-th result travels, or each of its elements."""
        return TEXT if self.formats["result", node.id, n].rstrip("*") == "json" else FILE

    def given(self, value: Expr, node: ir.If | ir.Map | ir.Try, n: int, dag: Dag, scope: Scope) -> tuple[str, str]:
        """A task of this DAG and its output that is the n-th result of a region; of a loop, not one of a sub-DAG."""
        kind, direct = self.kind(node, n), isinstance(node, ir.Map)
        assert isinstance(value, ir.Const | Reference), "a yield is a constant or a value"
        if not isinstance(value, ir.Const):
            found = self.locate(value)
            if isinstance(found, Origin) and found.dag is dag and found.task and found.kind == kind:
                task = self.tasks.get(found.task)
                if (task or not direct) and not (scope.joined and task and task.cached):
                    return found.task, found.key
        step = self.step(tasks.NAMES.spell(node.names[n]) if n < len(node.names) else "pass")
        self.add(tasks.passing(step, value, "json" if kind == TEXT else "auto", dag, self.locate), dag, scope)
        return step.name, ONLY

    def close(self, dag: Dag, passed: list[str], scope: Scope) -> None:
        """Let a block that must be seen to be complete end in a container: the last pass of a result, or one more."""
        if not scope.joined:
            return
        others = dag.leaves() - set(passed)
        if passed:
            dag.steps[passed[-1]].after |= others
        elif not others or any(n in self.tasks and self.tasks[n].cached for n in others):
            self.add(tasks.passing(self.step("pass"), None, "json", dag, self.locate), dag, scope, others)

    def fill(self, dag: Dag, scope: Scope) -> None:
        """The service takes no DAG without a task."""
        if not dag.steps:
            self.add(tasks.passing(self.step("pass"), None, "json", dag, self.locate), dag, scope)
