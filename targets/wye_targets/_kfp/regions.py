"""The body of a pipeline in; its DAG, with a sub-DAG for each region inside, and all its container tasks out.

    if    condition-branches-1 (condition-2, condition-3): each arm a DAG with a condition; a result is whichever arm's output there is
    map   map-1 (for-loop-2): a DAG per item of a list of texts; a result is the list of what the iterations gave
    try   try-1 (exit-handler-2, the clean-up), then a task `verdict`

Why it is as it is (kubeflow/pipelines 2.17, backend/src/v2, and Argo, which runs it):
- A task starts when all that it depends on have *succeeded*; one that was skipped has not. So an `if` that something waits for stands in
  a DAG of its own, which succeeds whichever way its conditions go.
- A join looks which arm is complete, and only the end of a container completes the DAGs around it. So such an arm ends in a container.
- A list collected from no iterations cannot be read, so a loop whose results are read has one iteration where the list is empty: its item
  is no text, every task in it does nothing, and what it gives counts for nothing.
- A collected value is followed to the task that made it, and not found through a join. So that task stands in the loop itself.
- A clean-up is a hook of the exit handler: nothing can depend on it, and the run does not fail with it. So there is the verdict, outside.
- A step that runs when the run has failed is such a hook too, of an exit handler around everything; its container looks at the state.
- kfp.local replaces, in the inputs of a loop, whatever comes from a task of the same DAG by the item. So a loop is alone in a DAG.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from wye.ir import json as form
from wye.ir import model as ir
from wye.ir.expressions import Reference, key, references
from wye.ir.model import Block, Expr, Node
from wye.ir.nodes import every, read
from wye_targets._kfp import tasks
from wye_targets._kfp.adapter import STATUS as STATUS_INPUT
from wye_targets._kfp.conditions import Cel, Order, express, joined, negated
from wye_targets._kfp.dags import CHANNEL, FILES, ONLY, STATUS, TEXT, TEXTS, Dag, Kind, Origin, Step
from wye_targets._kfp.state import Scope, State
from wye_targets._kfp.tasks import Element

ALL_DONE = {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}


@dataclass(frozen=True, slots=True)
class Arm:
    """A block of an `if`: it runs when each condition is as is said. `yields`: by result."""

    conditions: tuple[tuple[Expr, bool], ...]
    nodes: tuple[Node, ...]
    yields: dict[int, Expr]

    def never_ends(self, n: int) -> bool:
        """Whether nobody needs the n-th yield, because the arm fails."""
        value = self.yields[n]
        fails = any(isinstance(node, ir.Fail) and node.condition is None for node in self.nodes)
        return fails and isinstance(value, ir.Const) and value.text == "null"


class Lowering(State):
    """Lowers blocks and the regions in them."""

    __slots__ = ()

    def run(self) -> None:
        body = self.pipeline.body
        for reference in (*(r for n in body.nodes for r in read(n)), *(r for e in body.yields for r in references(e))):
            self.uses[key(reference)] += 1
            if isinstance(reference, ir.Result):
                self.formats[key(reference)] = reference.format
        self.awaited = {i for n in every(body) for i in n.after}
        scope = Scope(parallel=self.pipeline.settings.max_parallel)
        handler = self.pipeline.on_failure
        if handler is None:
            self.block(body.nodes, self.root, scope)
            self.fill(self.root, scope)
            return
        # What the handler is told is the state of a DAG: so that must be seen to be complete.
        whole, scope = self.group("exit-handler", self.root), replace(scope, joined=True)
        self.block(body.nodes, whole, scope)
        self.close(whole, [], scope)
        self.fill(whole, scope)
        last = self.add(self.task(handler, self.root), self.root, Scope()).step
        last.after = {whole.name}
        last.fields["triggerPolicy"] = ALL_DONE
        last.given[STATUS_INPUT] = (STATUS, {"taskFinalStatus": {"producerTask": whole.name}})

    # --- blocks -----------------------------------------------------------------------------------------------------------------

    def block(self, nodes: tuple[Node, ...], dag: Dag, scope: Scope) -> None:
        """Lower nodes in program order."""
        predicates = {_predicate(n.condition) for n in nodes if isinstance(n, ir.If)}
        stages: list[tuple[list[Step], frozenset[str], bool]] = []
        for node in nodes:
            before = set(dag.steps)
            match node:
                case ir.Compute() if node.id in predicates and self._absorbs(node):
                    self.absorbed[node.id] = node
                    self.settled[node.id] = frozenset(self.after(node))
                    continue
                case ir.Call() | ir.Compute() | ir.Fail() | ir.Island():
                    self.add(self.task(node, dag), dag, scope, self.after(node))
                    self.settled[node.id] = frozenset({self.names[node.id]})
                case ir.If():
                    self.settled[node.id] = self._if(node, dag, scope)
                case ir.Map():
                    self.settled[node.id] = self._map(node, dag, scope)
                case ir.Try():
                    self.settled[node.id] = self._try(node, dag, scope)
                case _:
                    raise AssertionError(f"{node.id}: a {type(node).__name__} that the capability check let pass")
            made = [s for n, s in dag.steps.items() if n not in before]
            stages.append((made, self.settled[node.id], not isinstance(node, form.Task)))
        if scope.parallel:
            _lanes(stages, scope.parallel)

    # --- if -----------------------------------------------------------------------------------------------------------------------

    def _if(self, node: ir.If, dag: Dag, scope: Scope) -> frozenset[str]:
        used = self.used(node, len(node.then.yields))
        arms = self._arms(node, used)
        inner = replace(scope, joined=scope.joined or bool(used), waited=False)
        if not inner.joined:  # else each arm is seen to be complete, also the empty one
            arms = [a for a in arms if a.nodes]
        predicate = _predicate(node.condition)
        after = self.after(node) | (self.settled[predicate] if predicate in self.absorbed else frozenset())
        if not arms:
            return frozenset(after)
        alone = len(arms) == 1 and not (inner.joined or scope.waited or scope.parallel or node.id in self.awaited)
        if alone and self._found(arms[0], dag):
            whole, name = dag, self._arm(arms[0], dag, inner).name
        else:
            whole = self.group("condition-branches", dag)
            whole.joins, name = True, whole.name
            for arm in arms:
                made = self._arm(arm, whole, inner)
                passed = []
                for i, n in enumerate(used, 1):
                    if not arm.never_ends(n) or all(a.never_ends(n) for a in arms):
                        before = set(made.steps)
                        given = self.given(arm.yields[n], node, n, made, inner)
                        passed += [s for s in made.steps if s not in before]
                        # by the same name from every arm
                        made.hand_out(f"{CHANNEL}{whole.name}-oneof-{i}", self.kind(node, n), [given])
                self.close(made, passed, inner)
            for i, n in enumerate(used, 1):
                found = f"{CHANNEL}{whole.name}-oneof-{i}"
                chosen = [(d.name, found) for d in self.dags if d.parent is whole and found in d.outputs]
                self.values["result", node.id, n] = whole.hand_out(found, self.kind(node, n), chosen)
        dag.steps[name].after |= after
        return frozenset({name})

    def _arm(self, arm: Arm, whole: Dag, scope: Scope) -> Dag:
        """One arm as a sub-DAG with a condition."""
        dag = self.group("condition", whole)
        cel = [(self._cel(c, dag), holds) for c, holds in arm.conditions]
        condition = joined("&&", [c if holds else negated(c) for c, holds in cel])
        assert condition
        dag.step.fields["triggerPolicy"] = {"condition": condition.text}
        self.block(arm.nodes, dag, scope)
        return dag

    def _arms(self, node: ir.If, used: list[int]) -> list[Arm]:
        """The arms of an `if` and of its `elif`s: of an `else` that is nothing but an `if` whose condition needs no task."""
        places = {n: n for n in used}
        arms: list[Arm] = []
        failed: tuple[tuple[Expr, bool], ...] = ()
        while True:
            condition = self._bare(node.condition)
            arms.append(Arm((*failed, (condition, True)), node.then.nodes, {n: node.then.yields[p] for n, p in places.items()}))
            failed = (*failed, (condition, False))
            rest = {n: node.orelse.yields[p] for n, p in places.items()}
            chained = self._chained(node.orelse, rest)
            if chained is None:
                return [*arms, Arm(failed, node.orelse.nodes, rest)]
            node, places = chained

    def _chained(self, block: Block, yields: dict[int, Expr]) -> tuple[ir.If, dict[int, int]] | None:
        """The `if` that is all that the block holds, and where each of the block's yields stands among its results."""
        *before, last = block.nodes or (None,)
        if not isinstance(last, ir.If) or len(before) > 1 or any(n.after for n in block.nodes):
            return None
        if before:
            (compute,) = before
            if not isinstance(compute, ir.Compute) or compute.id != _predicate(last.condition) or not self._absorbs(compute):
                return None
            self.absorbed[compute.id] = compute
            self.settled[compute.id] = frozenset()
        places = {n: y.index for n, y in yields.items() if isinstance(y, ir.Result) and y.region == last.id}
        return (last, places) if len(places) == len(yields) else None

    # --- conditions -----------------------------------------------------------------------------------------------------------------

    def _absorbs(self, node: ir.Compute) -> bool:
        """Whether the condition itself can be one of KFP's, and nothing else needs the task that would evaluate it."""
        once = self.uses["output", node.id, "out"] == 1 and node.id not in self.awaited
        return once and express(node.value, lambda r, order: self._operand(r, order, None)) is not None

    def _bare(self, condition: Expr) -> Expr:
        """The condition, or what is evaluated for it."""
        found = self.absorbed.get(_predicate(condition) or "")
        return found.value if found else condition

    def _operand(self, reference: Reference, order: Order, take: Callable[[Origin], object] | None) -> tuple[str, Kind] | None:
        """What a condition reads a value by, when it is a parameter of a type that a condition can compare. `take` gets where it is."""
        if not isinstance(reference, ir.Param) and key(reference) not in self.values:
            return None  # made in an arm that is still to come
        found = self.locate(reference)
        if not isinstance(found, Origin) or found.kind.how not in ("text", "value"):
            return None
        if order:
            maker = self.tasks.get(found.task or "")
            if not maker or not isinstance(reference, ir.Output) or reference.type not in ("int", "float"):
                return None
            if take:
                name, kind = maker.number(reference.name, found.key, reference.type, order == "high" and reference.type == "float")
                found = replace(found, key=name, kind=kind)
            else:
                found = replace(found, kind=Kind("NUMBER_INTEGER" if reference.type == "int" else "NUMBER_DOUBLE", "value"))
        if take:
            take(found)
        return f"inputs.parameter_values['{found.channel}']", found.kind

    def _cel(self, condition: Expr, dag: Dag) -> Cel:
        """The condition over the inputs of an arm, which become its inputs."""
        made = express(condition, lambda r, order: self._operand(r, order, dag.hand_in))
        assert made, "a condition is a bool, or was found to be expressible"
        return made

    def _found(self, arm: Arm, dag: Dag) -> bool:
        """Whether kfp.local finds what a condition reads where no DAG around hands it in: it knows only outputs by the name `Output`."""
        origins: list[Origin] = []
        for condition, _ in arm.conditions:
            express(condition, lambda r, order: self._operand(r, order, origins.append))
        return all(o.dag is not dag or o.task is None or o.key.startswith(ONLY) for o in origins)

    # --- map ------------------------------------------------------------------------------------------------------------------------

    def _map(self, node: ir.Map, dag: Dag, scope: Scope) -> frozenset[str]:
        used = self.used(node, len(node.body.yields))
        assert isinstance(node.over, Reference), "what is iterated over is a value"
        over = self.locate(node.over)
        filled = bool(used) or scope.joined or not self.service.empty_loops or (isinstance(over, Origin) and over.kind == TEXTS)
        items = self._items(node.over, over, filled, dag, scope)
        whole = self.group("map", dag)
        whole.step.after |= self.after(node)
        loop = self.group("for-loop", whole)
        item = Origin(loop, None, f"{CHANNEL}{loop.name}-item", TEXT)
        loop.inputs[item.key] = TEXT
        loop.step.fields["parameterIterator"] = {"itemInput": item.key, "items": {"inputParameter": loop.hand_in(items)}}
        limit = min(filter(None, (node.concurrency, scope.parallel)), default=None)
        if limit:
            loop.step.fields["iteratorPolicy"] = {"parallelismLimit": limit}
        artifacts = isinstance(over, Origin) and over.kind.parameter is None
        self.values["item", node.id] = Element(over, item) if artifacts and isinstance(over, Origin) else item
        lanes = scope.parallel and (scope.parallel if limit == 1 else 1)
        inner = replace(scope, guards=(*scope.guards, item) if filled else scope.guards, waited=False, parallel=lanes)
        self.block(node.body.nodes, loop, inner)
        passed = []
        for i, n in enumerate(used, 1):
            before = set(loop.steps)
            given = self.given(node.body.yields[n], node, n, loop, inner)
            passed += [s for s in loop.steps if s not in before]
            name, kind = f"{CHANNEL}{whole.name}-collected-{i}", TEXTS if self.kind(node, n) == TEXT else FILES
            loop.hand_out(name, kind, [given])
            self.values["result", node.id, n] = whole.hand_out(name, kind, [(loop.name, name)])
        self.fill(loop, inner)
        self.close(loop, passed, inner)
        return frozenset({whole.name})

    def _items(self, over: Reference, found: Origin | Element, filled: bool, dag: Dag, scope: Scope) -> Origin:
        """The list that a loop goes through, as texts: an output of the task that makes the list, or of one more task."""
        if isinstance(found, Origin) and found.kind == TEXTS:
            return found
        maker = self.tasks.get(found.task or "") if isinstance(found, Origin) else None
        if isinstance(found, Origin) and maker and found.kind == TEXT:
            port = next(p["name"] for p in (maker.call.get("outputs") or maker.static["outputs"]) if p["key"] == found.key)
            return replace(found, key=maker.items(port, found.key, filled), kind=TEXTS)
        task, name = tasks.items(self.step("items"), over, filled, dag, self.locate)
        self.add(task, dag, scope)
        return Origin(dag, task.step.name, name, TEXTS)

    # --- try ------------------------------------------------------------------------------------------------------------------------

    def _try(self, node: ir.Try, dag: Dag, scope: Scope) -> frozenset[str]:
        assert node.final, f"{node.id}: a `try` without `finally`"
        assert not node.handlers, f"{node.id}: a handler that the capability check let pass"
        whole = self.group("try", dag)
        whole.step.after |= self.after(node)
        body = self.group("exit-handler", whole)
        inner = replace(scope, waited=False)
        first = len(node.body.yields)
        used = self.used(node, first + len(node.final.yields))
        self.block(node.body.nodes, body, inner)
        before = set(body.steps)
        results = {n: self.given(node.body.yields[n], node, n, body, inner) for n in used if n < first}
        self.fill(body, inner)
        self.close(body, [s for s in body.steps if s not in before], inner)
        for i, (n, given) in enumerate(results.items(), 1):
            name = f"{CHANNEL}{body.name}-output-{i}"
            body.hand_out(name, self.kind(node, n), [given])
            results[n] = (body.name, name)
        done, last = self._final(node, {n: node.final.yields[n - first] for n in used if n >= first}, whole, body, inner)
        verdict = tasks.passing(self.step("verdict"), None, "json", dag, self.locate)
        verdict.call["inputs"]["value"] = {"as": "text", "format": "json", "type": "any"}
        verdict.read("value", whole.hand_out(f"{CHANNEL}{whole.name}-done", TEXT, [done]), dag)
        self.add(verdict, dag, scope)
        for i, (n, given) in enumerate({**results, **last}.items(), 1):
            origin = whole.hand_out(f"{CHANNEL}{whole.name}-result-{i}", self.kind(node, n), [given])
            self.values["result", node.id, n] = replace(origin, waits=frozenset({verdict.step.name}))
        return frozenset({verdict.step.name})

    def _final(
        self, node: ir.Try, yields: dict[int, Expr], whole: Dag, body: Dag, scope: Scope
    ) -> tuple[tuple[str, str], dict[int, tuple[str, str]]]:
        """The clean-up, a task or a DAG, as the hook of the exit handler: a text that it gives when it is done, and its results."""
        assert node.final
        only = node.final.nodes[0] if len(node.final.nodes) == 1 else None
        own = {n: y.name for n, y in yields.items() if isinstance(y, ir.Output) and only and y.task == only.id}
        if isinstance(only, form.Task) and len(own) == len(yields):
            keys = tasks.output_keys(only, self.pipeline)
            text = next((p.name for p in tasks.output_ports(only, self.pipeline) if p.format == "json"), None)
            if text:
                name = self.add(self.task(only, whole), whole, scope).step.name
                whole.steps[name].after = {body.name}
                whole.steps[name].fields["triggerPolicy"] = ALL_DONE
                return (name, keys[text]), {n: (name, keys[port]) for n, port in own.items()}
        dag = self.group("finally", whole)
        dag.step.after = {body.name}
        dag.step.fields["triggerPolicy"] = ALL_DONE
        self.block(node.final.nodes, dag, replace(scope, waited=True))
        given = {n: self.given(y, node, n, dag, scope) for n, y in yields.items()}
        done = self._done(dag, node, scope)
        results = {}
        for i, (n, made) in enumerate(given.items(), 1):
            name = f"{CHANNEL}{dag.name}-output-{i}"
            dag.hand_out(name, self.kind(node, n), [made])
            results[n] = (dag.name, name)
        dag.hand_out(f"{CHANNEL}{dag.name}-done", TEXT, [done])
        return (dag.name, f"{CHANNEL}{dag.name}-done"), results

    def _done(self, dag: Dag, node: ir.Try, scope: Scope) -> tuple[str, str]:
        """A text that is there when all of a DAG is done: of the task that ends it, or of one that waits for all that do."""
        leaves = dag.leaves()
        last = self.tasks.get(next(iter(leaves))) if len(leaves) == 1 else None
        text = next((k for k, kind in last.ports.items() if kind == TEXT), None) if last and not last.cached else None
        if last and text:
            return last.step.name, text
        step = self.step("pass")
        nothing = ir.Const("null", "none", node.span)
        self.add(tasks.passing(step, nothing, "json", dag, self.locate), dag, scope, leaves)
        return step.name, ONLY


def _predicate(condition: Expr) -> str | None:
    """The task that evaluates a condition, if one does."""
    return condition.task if isinstance(condition, ir.Output) else None


def _lanes(stages: list[tuple[list[Step], frozenset[str], bool]], most: int) -> None:
    """Edges that keep at most so many tasks going: each waits for the one so many places before it, in program order. What a region holds
    runs with nothing beside it."""
    window: list[frozenset[str]] = []
    barrier: frozenset[str] = frozenset()
    for made, settled, region in stages:
        if region:
            before = frozenset().union(*window) if window else barrier
        else:
            before = window[-most] if len(window) >= most else barrier
        names = {s.name for s in made}
        for step in made:
            if not step.after & names:
                step.after |= before
        if not region:
            window.append(settled)
        elif made:
            window, barrier = [], settled
