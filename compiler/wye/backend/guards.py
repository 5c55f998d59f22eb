"""A pipeline's blocks in; the tasks that stand for them on a platform without conditions and joins, each with what it reads, waits for
and looks at, out. What the target's table makes an island is one task by then. `runtime/guards.py` is the other half.

    %if_1 = if %c                      %a     guarded: does nothing unless %c is true
      then: %a; yield %a          ->   use    waits for %a, reads %a's value or 0, by the value of %c
      else: yield 0
    use(%if_1.result[0])

A task that is guarded and does nothing succeeds, as one that is done. Inside a `try`, and everywhere when a failure is to stop
nothing, tasks are *soft*: they note a failure and succeed too, and who waits for them looks at what they noted. So the clean-up starts
when all of the body has ended, whatever came of it. The verdict behind it fails when anything inside has failed.

Where a platform can start a task when those before it have ended, whatever came of them, and goes on with what does not depend on a task
that failed, tasks may fail for real (`hard`): a task that waits for one that is excused starts so, and looks at those that it `requires`.

There a loop with independent iterations may stay a loop of the platform's. It is three tasks: the first says how many items there are,
which may be none; the second is what runs for each, by its index; the third gathers what they left, and says what became of all, whatever
the platform says of the second.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, assert_never

from wye.ir import model as ir
from wye.ir.expressions import REFERENCES, Key, Reference, key
from wye.ir.json import FAILURE, VERSION, Task, handler_file, inputs, returns, source_json, task_file
from wye.ir.model import Block, Expr
from wye.ir.nodes import captures, every, source
from wye.ir.printer import unique_name

BEGIN = "<start>"
"""What the first tasks wait for: no id of a task."""

Soft = bool | Literal["always"]
Origin = dict[str, Any]
"""Where the adapter finds a value: a parameter, a constant, an output of a task, or one of two by a condition."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Of a task that runs once for each item of a list: the loop, which is also the task that gathers; the task that lists the items; an id
    for what runs; how many may run at a time, when there is a limit."""

    id: str
    items: str
    turn: str
    limit: int | None


@dataclass(slots=True)
class Draft:
    """A task on its way. `needs`: what it waits for; `checks`: those of them that may have failed; `watches`: what it cleans up after,
    and must do so again when any of that has run again; `of`: the tasks that a verdict judges; `handles`: the tasks of which one must have
    failed for it to run. `requires`: those that must have succeeded. `soft`: "always" also when the run takes too long. `arms`: the `if`s
    that it stands in, outermost first, each with whether in its first arm: what its guards are of."""

    id: str
    form: dict[str, Any]
    span: str
    node: Task | None = None
    inputs: dict[str, tuple[Origin, dict[str, Any]]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    guards: tuple[tuple[Origin, bool], ...] = ()
    checks: tuple[str, ...] = ()
    watches: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    soft: Soft = False
    arms: tuple[tuple[str, bool], ...] = ()
    loop: Loop | None = None

    @property
    def whatever(self) -> bool:
        """Whether it starts when what it waits for has ended, whatever came of that."""
        return any(t in self.watches for t in self.needs)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a block stands. `waits`: what its first tasks wait for; `entered`: what must have succeeded for it to be entered; `excused`:
    what may have failed all the same."""

    waits: tuple[str, ...]
    guards: tuple[tuple[Origin, bool], ...] = ()
    entered: tuple[str, ...] = ()
    excused: tuple[str, ...] = ()
    soft: Soft = False
    arms: tuple[tuple[str, bool], ...] = ()


class Regions:
    """Walks a pipeline. Afterwards `drafts` are its tasks, each after all that it waits for; the last is the one that ends the run."""

    def __init__(self, pipeline: ir.Pipeline, *, hard: bool = False) -> None:
        self.pipeline = pipeline
        self.drafts: dict[str, Draft] = {}
        self._taken = {n.id for n in every(pipeline.body)} | ({pipeline.on_failure.id} if pipeline.on_failure else set())
        self._hard = hard
        self._exits: dict[str, tuple[str, ...]] = {}
        self._origins: dict[Key, Origin] = {}
        handler = pipeline.on_failure
        soft: Soft = not hard and ("always" if handler else pipeline.settings.on_failure == "continue")
        last = next((n for n in pipeline.body.nodes if n.id == returns(pipeline)), None)
        body = Block(tuple(n for n in pipeline.body.nodes if n is not last), ())
        ends = self._block(body, Scope((BEGIN,), soft=soft)) or (BEGIN,)
        if soft and not handler and self.drafts:
            ends = (self._last_verdict(ends),)
        scope = Scope((BEGIN,), soft=soft if handler else False)
        self.end = last.id if last else self._fresh("end")
        """The task that makes what the pipeline returns. It waits for all others but those that look at what became of the run."""
        if last is None:
            self._add(Draft(self.end, {"op": "end"}, str(pipeline.span)), ends, scope)
        else:
            assert isinstance(last, ir.Compute)
            self._task(last, ends, scope)
        if handler:
            tasks = self._judged(d.id for d in self.drafts.values() if d.form["op"] != "verdict")
            call = Draft(handler.id, handler_file(pipeline), str(handler.span), handler, handles=tasks)
            for name, source in call.form["inputs"].items():
                call.inputs[name] = ({FAILURE: True}, {"format": source["format"], "type": source["type"]})
            self._add(call, (self.end,), Scope((), excused=tuple(self.drafts), soft="always"))
            self._last_verdict((handler.id,))

    def _last_verdict(self, waits: tuple[str, ...]) -> str:
        return self._verdict("verdict", str(self.pipeline.span), waits, tuple(self.drafts), Scope((), excused=tuple(self.drafts)))

    def _block(self, block: Block, scope: Scope) -> tuple[str, ...]:
        """Make the tasks of a block. Those of them that nothing in it waits for."""
        here = {n.id for n in block.nodes}
        read: set[str] = set()
        for node in block.nodes:
            before = [id for id in self._before(node) if id in here]
            read.update(before)
            found = _once(t for id in before for t in self._exits[id])
            waits = found or scope.waits
            match node:
                case ir.Call() | ir.Compute() | ir.Fail() | ir.Island():
                    self._task(node, waits, scope)
                    self._exits[node.id] = (node.id,)
                case ir.If():
                    self._exits[node.id] = self._if(node, waits, scope) or found
                case ir.Try():
                    self._exits[node.id] = self._try(node, waits, scope) or found
                case ir.Map():
                    self._exits[node.id] = (self._map(node, waits, scope),)
                case ir.For() | ir.While() | ir.SubPipeline():
                    raise AssertionError(f"{node.id} is not legal here")
                case _:
                    assert_never(node)
        return _once(t for n in block.nodes if n.id not in read for t in self._exits[n.id])

    def _before(self, node: ir.Node) -> Iterable[str]:
        """The nodes that a node waits for."""
        found = inputs(node).values() if isinstance(node, Task) else captures(node)
        return _once([*(id for r in found if (id := source(r))), *node.after])

    def _task(self, node: Task, waits: tuple[str, ...], scope: Scope, loop: Loop | None = None) -> None:
        draft = Draft(node.id, task_file(self.pipeline, node), str(node.span), node, loop=loop)
        draft.inputs = {name: self._input(reference) for name, reference in inputs(node).items()}
        self._add(draft, waits, scope)

    def _input(self, reference: Reference) -> tuple[Origin, dict[str, Any]]:
        found = source_json(reference)
        return self._origin(reference), {"format": found["format"], "type": found["type"]}

    def _add(self, draft: Draft, waits: tuple[str, ...], scope: Scope) -> str:
        """Give a task its place: behind what it waits for, under what must hold for its block."""
        draft.needs, draft.guards, draft.soft, draft.arms = waits, scope.guards, scope.soft, scope.arms
        ended = [t for t in waits if t not in scope.excused]
        draft.requires = _once(t for t in (*ended, *scope.entered) if t in self.drafts)
        draft.checks = tuple(t for t in draft.requires if self.drafts[t].soft)
        draft.watches = scope.excused
        self.drafts[draft.id] = draft
        return draft.id

    # --- regions ------------------------------------------------------------------------------------------------------------------

    def _if(self, node: ir.If, waits: tuple[str, ...], scope: Scope) -> tuple[str, ...]:
        condition = self._origin(node.condition)
        ends: tuple[str, ...] = ()
        for block, taken in ((node.then, True), (node.orelse, False)):
            guards, arms = (*scope.guards, (condition, taken)), (*scope.arms, (node.id, taken))
            ends += self._block(block, replace(scope, waits=waits, guards=guards, arms=arms))
        for n, (then, orelse) in enumerate(zip(node.then.yields, node.orelse.yields)):
            one, other = self._origin(then), self._origin(orelse)
            self._origins["result", node.id, n] = one if one == other else {"select": condition, "then": one, "else": other}
        return ends

    def _try(self, node: ir.Try, waits: tuple[str, ...], scope: Scope) -> tuple[str, ...]:
        before = len(self.drafts)
        ends = self._block(node.body, replace(scope, waits=waits, soft=True))
        body = tuple(self.drafts)[before:]
        entered = _once(t for t in (*scope.entered, *(w for w in waits if w not in scope.excused)))
        yields = node.body.yields
        if node.final:
            final = replace(scope, waits=ends or waits, entered=entered, excused=_once([*scope.excused, *body]))
            ends = _once([*ends, *self._block(node.final, final)])
            yields += node.final.yields
        for n, value in enumerate(yields):
            self._origins["result", node.id, n] = self._origin(value)
        inside = tuple(self.drafts)[before:]
        if not body:
            return ends
        excused = _once([*scope.excused, *inside])
        return (self._verdict(f"{node.id}_verdict", str(node.span), ends, inside, replace(scope, entered=entered, excused=excused)),)

    def _map(self, node: ir.Map, waits: tuple[str, ...], scope: Scope) -> str:
        """The tasks of a loop. The last has the loop's id. What runs for each item has no state of its own that anybody could ask for."""
        (body,) = node.body.nodes
        assert self._hard, "it has no states for soft tasks"
        assert isinstance(body, Task)
        assert isinstance(node.over, Reference)
        items = Draft(self._fresh(f"{node.id}_indices"), {"op": "items"}, str(node.span), inputs={"over": self._input(node.over)})
        self._add(items, waits, scope)
        self._origins["item", node.id] = {"item": items.inputs["over"][0]}
        loop = Loop(node.id, items.id, self._fresh(f"{body.id}_item"), node.concurrency)
        self._task(body, (items.id,), Scope((), arms=scope.arms), loop)
        form: dict[str, Any] = {"op": "gather", "outputs": []}
        for n, value in enumerate(node.body.yields):
            format = (value.format if isinstance(value, ir.Output | ir.Item) else "json") + "*"
            form["outputs"].append({"name": f"r{n}", "format": format, "of": self._left(value)})
            self._origins["result", node.id, n] = {"task": node.id, "output": f"r{n}", "format": format}
        gather = Draft(node.id, form, str(node.span), inputs=dict(items.inputs))
        excused = _once([*scope.excused, body.id])
        return self._add(gather, (body.id,), Scope((), entered=(items.id,), excused=excused, arms=scope.arms))

    def _left(self, value: Expr) -> Origin:
        """What an iteration leaves: an output of its task, its item, or always the same."""
        match value:
            case ir.Output(name=name):
                return {"output": name}
            case ir.Item():
                return {"item": True}
            case _:
                assert isinstance(value, ir.Const)
                return self._origin(value)

    def _verdict(self, wish: str, span: str, waits: tuple[str, ...], of: tuple[str, ...], scope: Scope) -> str:
        return self._add(Draft(self._fresh(wish), {"op": "verdict"}, span, of=self._judged(of)), waits, scope)

    def _judged(self, tasks: Iterable[str]) -> tuple[str, ...]:
        """Those that say what became of them."""
        return tuple(t for t in tasks if not self.drafts[t].loop)

    # --- values -------------------------------------------------------------------------------------------------------------------

    def _origin(self, value: Expr) -> Origin:
        match value:
            case ir.Const(text=text):
                return {"const": json.loads(text)}
            case ir.Param(name=name):
                return {"param": name}
            case ir.Output(task=task, name=name, format=format):
                return {"task": task, "output": name, "format": format}
            case ir.Result() | ir.Item():
                return self._origins[key(value)]
            case _:
                assert not isinstance(value, REFERENCES), "carries stand in islands"
                raise AssertionError(f"a region evaluates {value}")

    def _fresh(self, wish: str) -> str:
        id = unique_name(wish, self._taken)
        self._taken.add(id)
        return id


def light(draft: Draft) -> dict[str, Any]:
    """The task file of what only waits and looks."""
    return {"wye": VERSION, **draft.form, "id": draft.id, "span": draft.span}


def named(origin: Origin, names: Mapping[str, str]) -> Origin:
    """An origin with the platform's names of tasks."""
    if "task" in origin:
        return origin | {"task": names[origin["task"]]}
    if "select" in origin or "item" in origin:
        return {k: named(v, names) for k, v in origin.items()}
    return origin


def programs_of(form: Any) -> Iterator[str]:
    """The programs that a task file names, at any depth."""
    if isinstance(form, dict):
        if isinstance(form.get("program"), str):
            yield form["program"]
        form = list(form.values())
    if isinstance(form, list):
        for part in form:
            yield from programs_of(part)


def _once(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
