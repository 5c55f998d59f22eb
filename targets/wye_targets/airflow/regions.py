"""A pipeline's blocks in; the tasks that stand for them on Airflow, each with what it reads and what it waits for, out.

    %c = compute …, %if_1 = if %c       if_1        @task.branch, evaluates %c
      then: %a; yield %a           ->   a           after if_1
      else: yield 0                     if_1_join   a's value or 0; none_failed_min_one_success
    use(%if_1.result[0])                use         reads if_1_join

A run of Airflow fails when a task fails or cannot start that nothing follows. So the first task of a region (its branch, its list of items)
waits for all that the region reads: else what a branch skips would hide that a task before it failed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from wye.ir import model as ir
from wye.ir.expressions import REFERENCES, Key, Reference, key
from wye.ir.json import VERSION, Task, handler_file, inputs, source_json, task_file
from wye.ir.model import Block, Expr
from wye.ir.nodes import captures, every, source
from wye.ir.printer import type_json, unique_name
from wye_targets.airflow.decisions import Choice, Test, decisions, makes_tasks, used

Needs = dict[str, bool]
"""Tasks to wait for; True for one that may be skipped although all is well: by a branch, or because it maps over nothing."""


@dataclass(frozen=True, slots=True)
class XCom:
    """What a task gave to Airflow; `key` for what it pushed beside its own value."""

    task: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class From:
    """An output of a task; `each`: of every instance of a mapped task."""

    xcom: XCom
    output: str
    each: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """The element of a list for which a mapped task runs."""

    over: Origin


@dataclass(frozen=True, slots=True)
class Repeat:
    """A value, as often as there are items."""

    value: Origin
    items: XCom


@dataclass(frozen=True, slots=True)
class Whole:
    """A list in one piece, where a list of pieces is wanted."""

    value: Origin


Origin = ir.Param | ir.Const | From | Item | Repeat | Whole
"""Where a task finds a value."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What must hold for a block to be entered: the task `gate` ran (and took the arm `wanted`), or the condition is `wanted`."""

    gate: str | None = None
    condition: Origin | None = None
    wanted: bool | int | None = None


@dataclass(slots=True)
class Draft:
    """A task on its way. `inputs` are the values that it reads, with their format and type. `guarded`: it looks at its guards itself and
    skips itself; else what it waits for is skipped with it. `last`: it runs whatever became of what it waits for."""

    id: str
    form: dict[str, Any]
    node: Task | None = None
    inputs: dict[str, tuple[Origin, dict[str, Any]]] = field(default_factory=dict)
    needs: Needs = field(default_factory=dict)
    map: ir.Map | None = None
    guards: tuple[Guard, ...] = ()
    guarded: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a block stands. `guards`: what must hold for it to be entered; `waits`: what its first tasks wait for; `last`: they run
    whatever became of that."""

    map: ir.Map | None = None
    guards: tuple[Guard, ...] = ()
    waits: tuple[tuple[str, bool], ...] = ()
    last: bool = False


class Regions:
    """Walks a pipeline. Afterwards `drafts` are its tasks, each after all that it reads; `items` is the task that lists a map's items."""

    def __init__(self, pipeline: ir.Pipeline) -> None:
        self.pipeline = pipeline
        self.drafts: dict[str, Draft] = {}
        self.items: dict[str, str] = {}
        self._place: dict[str, int] = {}
        self._taken = {n.id for n in every(pipeline.body)} | ({pipeline.on_failure.id} if pipeline.on_failure else set())
        self._exits: dict[str, Needs] = {}
        self._origins: dict[Key, Origin] = {}
        self._used = used(pipeline.body)
        self._decisions = decisions(pipeline.body)
        self._block(pipeline.body, Scope())
        if pipeline.on_failure:
            self._handler(pipeline.on_failure)

    def choice(self, region: str) -> Choice:
        return self._decisions.choices[region]

    # --- blocks and tasks ---------------------------------------------------------------------------------------------------------

    def _block(self, block: Block, scope: Scope) -> Needs:
        """Make the tasks of a block. Those of them that nothing in it waits for."""
        start = len(self.drafts)
        read = {id for node in block.nodes if makes_tasks(node) for id in self._before(node)}
        for node in block.nodes:
            match node:
                case ir.Compute(id=id) if id in self._decisions.absorbed:
                    pass
                case ir.Call() | ir.Compute() | ir.Fail() | ir.Island():
                    self._task(node, scope, start)
                case ir.If() if scope.map:
                    self._guarded_if(node, scope, start)
                case ir.If():
                    self._if(node, scope, start)
                case ir.Map():
                    self._map(node, scope, start)
                case ir.Try():
                    self._try(node, scope, start, followed=node.id in read)
                case ir.For() | ir.While() | ir.SubPipeline():
                    raise AssertionError(f"{node.id} is not legal here")
                case _:
                    assert_never(node)
        return {t: soft for node in block.nodes if node.id not in read for t, soft in self._exits.get(node.id, {}).items()}

    def _before(self, node: ir.Node) -> tuple[str, ...]:
        """The nodes that a node waits for, and those that a computation which it absorbs waits for."""
        found = [*(id for r in captures(node) if (id := source(r))), *node.after]
        if isinstance(node, ir.If):
            taken = [t for t in self._decisions.choices[node.id].tests if isinstance(t, ir.Compute)] if makes_tasks(node) else []
        else:
            taken = [self._decisions.lists[node.id]] if node.id in self._decisions.lists else []
        return tuple(dict.fromkeys([*found, *(id for t in taken for id in self._before(t))]))

    def _waits(self, node: ir.Node, start: int) -> Needs:
        """What a region waits for within its block; whatever made the block has waited for all else."""
        found = {t: soft for id in self._before(node) for t, soft in self._exits.get(id, {}).items()}
        return {t: soft for t, soft in found.items() if self._place[t] >= start}

    def _add(self, draft: Draft, scope: Scope, start: int) -> Draft:
        """Give a task its place. One of the first of its block also waits for what the block waits for."""
        draft.map, draft.guards = scope.map, scope.guards
        if not any(self._place[t] >= start for t in draft.needs):
            draft.needs = {**draft.needs, **{t: soft for t, soft in scope.waits if t not in draft.needs}}
            draft.last, draft.guarded = scope.last, bool(scope.map and scope.guards)
        draft.guarded |= bool(scope.guards) and (draft.last or any(draft.needs.values()))
        if draft.guarded:
            for guard in scope.guards:
                draft.needs.update((x.task, False) for x, _ in xcoms(guard.condition) if x.task not in draft.needs)
        self._place[draft.id] = len(self.drafts)
        self.drafts[draft.id] = draft
        return draft

    def _light(self, id: str, op: str, node: ir.Node) -> Draft:
        """A task that runs in Airflow's own process."""
        return Draft(id, {"wye": VERSION, "op": op, "id": id, "span": str(node.span), "inputs": {}, "outputs": []})

    def _read(self, draft: Draft, name: str, value: Reference | ir.Const, start: int) -> None:
        if isinstance(value, ir.Const):
            draft.inputs[name] = (value, {"format": "json", "type": type_json(value.type)})
            return
        found = source_json(value)
        draft.inputs[name] = (self._origin(value), {"format": found["format"], "type": found["type"]})
        draft.needs.update({t: soft for t, soft in self._needs(value, start).items() if t not in draft.needs})

    def _task(self, node: Task, scope: Scope, start: int) -> None:
        draft = Draft(node.id, task_file(self.pipeline, node), node)
        for name, reference in inputs(node).items():
            self._read(draft, name, reference, start)
        for id in node.after:
            draft.needs.update({t: soft for t, soft in self._exits[id].items() if t not in draft.needs})
        self._add(draft, scope, start)
        self._exits[node.id] = {node.id: False}

    # --- values -------------------------------------------------------------------------------------------------------------------

    def _origin(self, reference: Reference) -> Origin:
        match reference:
            case ir.Param():
                return reference
            case ir.Output(task=task, name=name):
                return From(XCom(task), name)
            case _:
                return self._origins[key(reference)]

    def _needs(self, reference: Reference, start: int) -> Needs:
        """What a reader of the value waits for: all of the region that it comes from, where that stands in the same block."""
        found = {t: soft for t, soft in self._exits.get(source(reference) or "", {}).items() if self._place[t] >= start}
        for x, soft in xcoms(self._origin(reference)):
            found.setdefault(x.task, soft)
        return found

    def _results(self, region: ir.Node, count: int) -> list[int]:
        """The results that anybody reads."""
        return [n for n in range(count) if ("result", region.id, n) in self._used]

    # --- if -----------------------------------------------------------------------------------------------------------------------

    def _if(self, node: ir.If, scope: Scope, start: int) -> None:
        """A branch task, the arms, and a join where a result is read."""
        choice = self._decisions.choices[node.id]
        if not makes_tasks(node):
            return self._guarded_if(node, scope, start)
        branch = self._entry(node.id, "branch", node, choice.tests, start)
        self._add(branch, scope, start)
        first, ends = len(self.drafts), Needs()
        for block, value in zip(choice.arms, choice.values):
            made = self._block(block, Scope(None, (Guard(gate=branch.id, wanted=value),), ((branch.id, False),)))
            ends.update((t, True) for t in made)
            if not made:
                ends[branch.id] = False
        self._join(node, branch.id, first, ends, scope, start)

    def _guarded_if(self, node: ir.If, scope: Scope, start: int) -> None:
        """In a mapped group no branch operator is right on all versions: the first tasks of an arm look at the condition themselves."""
        choice = self._decisions.choices[node.id]
        waits, around = self._waits(node, start) or dict(scope.waits), scope.guards
        if choice.computed or len(choice.tests) > 1:
            id = next((t.id for t in choice.tests if isinstance(t, ir.Compute)), None) or self._fresh(f"{node.id}_test")
            test = self._add(self._entry(id, "test", node, choice.tests, start), scope, start)
            origin: Origin = From(XCom(test.id), "out")
            waits, around = {test.id: False}, ()  # it is skipped where this `if` is not reached
        else:
            origin = self._origin(_reference(choice.tests[0]))
            around = () if self._made_in(origin, scope) else around
        first, ends = len(self.drafts), Needs()
        for block, value in zip(choice.arms, choice.values):
            guards = (*around, Guard(condition=origin, wanted=value))
            ends.update((t, True) for t in self._block(block, Scope(scope.map, guards, tuple(waits.items()))))
        self._join(node, origin, first, ends or self._waits(node, start), scope, start)

    def _join(self, node: ir.If, decided: str | Origin, first: int, ends: Needs, scope: Scope, start: int) -> None:
        """The task that gives the values of the arm taken. It waits for the last tasks of all arms."""
        self._exits[node.id] = ends
        results, choice = self._results(node, len(node.then.yields)), self._decisions.choices[node.id]
        if not results:
            return
        join = self._light(self._fresh(f"{node.id}_join"), "join", node)
        if isinstance(decided, str):
            join.form["gate"] = decided
            scope = replace(scope, guards=())  # it reads that anyway
        else:
            scope = replace(scope, guards=()) if self._made_in(decided, scope) else scope
            join.inputs["condition"] = (decided, {"format": "json", "type": "bool"})
            join.needs.update((x.task, False) for x, _ in xcoms(decided))
        names: dict[Key | str, str] = {}
        for n in results:
            taken = {}
            for block, value in zip(choice.arms, choice.values):
                leaf = _leaf(block.yields[n])
                read = leaf.text if isinstance(leaf, ir.Const) else key(leaf)
                if read not in names:
                    names[read] = unique_name(_natural(leaf), join.inputs)
                    self._read(join, names[read], leaf, len(self.drafts))
                taken[json.dumps(value)] = names[read]
            join.form["outputs"].append({"name": f"r{n}", "arms": taken})
            self._origins[("result", node.id, n)] = From(XCom(join.id), f"r{n}")
        join.needs = {t: soft or self._place[t] >= first for t, soft in join.needs.items()} | ends
        self._exits[node.id] = {self._add(join, scope, start).id: False}

    def _made_in(self, condition: Origin, scope: Scope) -> bool:
        """Whether a task of the block makes the condition: it is skipped with the block."""
        return any(self.drafts[x.task].map is scope.map and self.drafts[x.task].guards == scope.guards for x, _ in xcoms(condition))

    # --- map ----------------------------------------------------------------------------------------------------------------------

    def _map(self, node: ir.Map, scope: Scope, start: int) -> None:
        """A task that lists the items, and the body's tasks, which expand over that list."""
        own = self._decisions.lists.get(node.id)
        items = self._entry(own.id if own else self._fresh(f"{node.id}_items"), "items", node, (own or _reference(node.over),), start)
        self.items[node.id] = self._add(items, scope, start).id
        over = From(XCom(items.id, "over"), "out") if own else self._origin(_reference(node.over))
        item = self._origins[("item", node.id)] = Item(over)
        ends = self._block(node.body, Scope(map=node))
        self._exits[node.id] = {items.id: False, **dict.fromkeys(ends, True)}
        for n in self._results(node, len(node.body.yields)):
            value = _leaf(node.body.yields[n])
            origin = value if isinstance(value, ir.Const) else self._origin(value)
            if origin == item:
                found: Origin = over if isinstance(over, From) and over.each else Whole(over)
            elif isinstance(origin, From) and self.drafts[origin.xcom.task].map is node:
                found = replace(origin, each=True)
            else:
                found = Repeat(origin, XCom(items.id))
            self._origins[("result", node.id, n)] = found

    # --- try ----------------------------------------------------------------------------------------------------------------------

    def _try(self, node: ir.Try, scope: Scope, start: int, followed: bool) -> None:
        """The body; the clean-up, which runs whatever became of the body once that was entered; and, unless something follows that fails
        with the body, a task for that: else a clean-up that succeeds would make the run a success."""
        assert not node.handlers, f"{node.id} has handlers"
        assert node.orelse is None
        waits = self._waits(node, start)
        inner, gate = scope, None
        if waits:
            gate = next(iter(waits)) if list(waits.values()) == [False] else None
            if gate is None:
                enter = self._light(self._fresh(f"{node.id}_enter"), "enter", node)
                enter.needs = waits
                gate = self._add(enter, scope, start).id
            inner = Scope(None, (Guard(gate=gate),), ((gate, False),))
        first = len(self.drafts)
        ends = self._block(node.body, inner)
        values = node.body.yields
        if node.final:
            body = tuple((t, True) for t, place in self._place.items() if place >= first)
            ends |= self._block(node.final, Scope(None, inner.guards, body, last=True) if body else inner)
            values += node.final.yields
        if gate and not ends:
            ends = {gate: False}
        elif ends and not followed:
            verdict = self._light(self._fresh(f"{node.id}_verdict"), "verdict", node)
            verdict.needs = ends
            ends = {self._add(verdict, scope, start).id: False}
        self._exits[node.id] = ends
        for n in self._results(node, len(values)):
            value = _leaf(values[n])
            self._origins[("result", node.id, n)] = value if isinstance(value, ir.Const) else self._origin(value)

    def _handler(self, call: ir.Call) -> None:
        """The step that runs when the run has failed: a last task, which skips itself when all is well. It waits for every task: one that
        cannot start any more is done while others still run. Then a verdict: else it would hide that tasks before it have failed."""
        followed = {t for d in self.drafts.values() for t in d.needs} | set(self.items.values())
        ends = {id: True for id in self.drafts if id not in followed}
        form = handler_file(self.pipeline)
        for draft in self.drafts.values():
            draft.form["tells"] = True
        form["watches"], form["order"] = list(ends), list(self.drafts)
        draft = Draft(call.id, form, call, needs=dict.fromkeys(self.drafts, True), last=True)
        self._place[draft.id] = len(self.drafts)
        self.drafts[draft.id] = draft
        verdict = self._light(self._fresh("verdict"), "verdict", call)
        verdict.needs = {**ends, draft.id: True}
        self._place[verdict.id] = len(self.drafts)
        self.drafts[verdict.id] = verdict

    def _entry(self, id: str, op: str, node: ir.Node, decided: tuple[Test, ...], start: int) -> Draft:
        """The first task of a region. It evaluates what the region decides on, if nothing else reads that, and waits for all that the
        region waits for."""
        own = Choice(decided, ())
        if own.computed:
            task = own.compute(id)
            draft = Draft(id, task_file(self.pipeline, task), task)
            for name, reference in inputs(task).items():
                self._read(draft, name, reference, start)
        else:
            draft = self._light(id, op, node)
            for number, test in enumerate(decided):
                self._read(draft, f"test_{number}" if number else "test" if op != "items" else "over", _reference(test), start)
        if op != "test":
            draft.form["region"] = op
        draft.needs.update({t: soft for t, soft in self._waits(node, start).items() if t not in draft.needs})
        return draft

    def _fresh(self, wish: str) -> str:
        id = unique_name(wish, self._taken)
        self._taken.add(id)
        return id


# --- helpers --------------------------------------------------------------------------------------------------------------------------


def _reference(value: Expr | Test) -> Reference:
    assert isinstance(value, REFERENCES), f"not a reference: {value}"
    return value  # type: ignore[return-value]


def _leaf(value: Expr) -> Reference | ir.Const:
    return value if isinstance(value, ir.Const) else _reference(value)


def _natural(value: Expr) -> str:
    """A name for an input that holds the value."""
    match value:
        case ir.Output(task=task, name=name):
            return task if name == "out" else f"{task}_{name}"
        case ir.Param(name=name):
            return name
        case ir.Item() | ir.Carry() | ir.Result():
            return value.region
        case _:
            return "value"


def xcoms(origin: Origin | None) -> Iterator[tuple[XCom, bool]]:
    """The XComs in which a value is found; whether the task of each may have been skipped although all is well."""
    match origin:
        case From(xcom=xcom, each=each):
            yield xcom, each
        case Item(over=inner):
            yield from ((x, False) for x, _ in xcoms(inner))
        case Whole(value=inner):
            yield from xcoms(inner)
        case Repeat(value=inner, items=items):
            yield from xcoms(inner)
            yield items, False
        case ir.Param() | ir.Const() | None:
            return
