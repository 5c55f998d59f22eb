"""A pipeline's blocks in; the tasks that stand for them on Airflow, each with what it reads and what it waits for, out.

    %c = compute …, %if_1 = if %c       if_1        @task.branch, evaluates %c
      then: %a; yield %a           ->   a           after if_1
      else: yield 0                     if_1_join   a's value or 0; none_failed_min_one_success
    use(%if_1.result[0])                use         reads if_1_join

A run of Airflow fails when a task fails or cannot start that nothing follows. So the first task of a region (its branch, its list of items)
waits for all that the region reads: else what a branch skips would hide that a task before it failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from wye.ir import model as ir
from wye.ir.expressions import REFERENCES, Key, Reference, key, references
from wye.ir.json import VERSION, Task, inputs, source_json, task_file
from wye.ir.model import Block, Expr
from wye.ir.nodes import arms, blocks, captures, every, expressions, source
from wye.ir.printer import type_json, unique_name

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
    wanted: bool | None = None


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
        self._taken = {n.id for n in every(pipeline.body)}
        self._exits: dict[str, Needs] = {}
        self._origins: dict[Key, Origin] = {}
        self._used = _used(pipeline.body)
        self._absorbed = _absorbed(pipeline.body)
        self._block(pipeline.body, Scope())

    # --- blocks and tasks ---------------------------------------------------------------------------------------------------------

    def _block(self, block: Block, scope: Scope) -> Needs:
        """Make the tasks of a block. Those of them that nothing in it waits for."""
        start = len(self.drafts)
        absorbed = {c.id for c in self._absorbed.values()}
        read = {id for node in block.nodes if _makes_tasks(node) for id in self._before(node)}
        for node in block.nodes:
            match node:
                case ir.Compute(id=id) if id in absorbed:
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
        taken = self._absorbed.get(node.id)
        return tuple(dict.fromkeys([*found, *(self._before(taken) if taken else ())]))

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

    def _light(self, wish: str, op: str, node: ir.Node) -> Draft:
        """A task that runs in Airflow's own process."""
        id = wish if wish == node.id else unique_name(wish, self._taken)
        self._taken.add(id)
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
        if not (node.then.nodes or node.orelse.nodes):
            return self._guarded_if(node, scope, start)
        branch = self._entry(node.id, "branch", node, "condition", node.condition, start)
        self._add(branch, scope, start)
        first, ends = len(self.drafts), Needs()
        for block, wanted in ((node.then, True), (node.orelse, False)):
            made = self._block(block, Scope(None, (Guard(gate=branch.id, wanted=wanted),), ((branch.id, False),)))
            ends.update((t, True) for t in made)
            if not made:
                ends[branch.id] = False
        self._join(node, branch.id, first, ends, scope, start)

    def _guarded_if(self, node: ir.If, scope: Scope, start: int) -> None:
        """In a mapped group no branch operator is right on all versions: the first tasks of an arm look at the condition themselves."""
        waits = self._waits(node, start)
        origin = self._origin(_reference(node.condition))
        first, ends = len(self.drafts), Needs()
        for block, wanted in ((node.then, True), (node.orelse, False)):
            guards = (*scope.guards, Guard(condition=origin, wanted=wanted))
            made = self._block(block, Scope(scope.map, guards, tuple((waits or dict(scope.waits)).items())))
            ends.update((t, True) for t in made)
        self._join(node, None, first, ends or waits, scope, start)

    def _join(self, node: ir.If, gate: str | None, first: int, ends: Needs, scope: Scope, start: int) -> None:
        """The task that gives the values of the arm taken. It waits for the last tasks of both."""
        self._exits[node.id] = ends
        results = self._results(node, len(node.then.yields))
        if not results:
            return
        join = self._light(f"{node.id}_join", "join", node)
        if gate:
            join.form["gate"] = gate
        else:
            self._read(join, "condition", _reference(node.condition), start)
        for n in results:
            output = {"name": f"r{n}"}
            for arm, value in (("true", node.then.yields[n]), ("false", node.orelse.yields[n])):
                output[arm] = name = unique_name(_natural(value), join.inputs)
                self._read(join, name, _leaf(value), start)
            join.form["outputs"].append(output)
            self._origins[("result", node.id, n)] = From(XCom(join.id), f"r{n}")
        join.needs = {t: soft or self._place[t] >= first for t, soft in join.needs.items()}
        join.needs |= ends
        self._exits[node.id] = {self._add(join, scope, start).id: False}

    # --- map ----------------------------------------------------------------------------------------------------------------------

    def _map(self, node: ir.Map, scope: Scope, start: int) -> None:
        """A task that lists the items, and the body's tasks, which expand over that list."""
        items = self._entry(unique_name(f"{node.id}_items", self._taken), "items", node, "over", node.over, start)
        self._taken.add(items.id)
        self.items[node.id] = self._add(items, scope, start).id
        pushed = node.id in self._absorbed
        over = From(XCom(items.id, "over"), "out") if pushed else self._origin(_reference(node.over))
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
        inner = scope
        if waits:
            gate = next(iter(waits)) if list(waits.values()) == [False] else None
            if gate is None:
                enter = self._light(f"{node.id}_enter", "enter", node)
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
        if not followed:
            verdict = self._light(f"{node.id}_verdict", "verdict", node)
            verdict.needs = ends
            ends = {self._add(verdict, scope, start).id: False}
        self._exits[node.id] = ends
        for n in self._results(node, len(values)):
            value = _leaf(values[n])
            self._origins[("result", node.id, n)] = value if isinstance(value, ir.Const) else self._origin(value)

    def _entry(self, id: str, op: str, node: ir.Node, name: str, value: Expr, start: int) -> Draft:
        """The first task of a region. It evaluates what the region decides on, if nothing else reads that, and waits for all that the
        region waits for."""
        taken = self._absorbed.get(node.id)
        if taken:
            draft = Draft(id, {**task_file(self.pipeline, taken), "id": id}, taken)
            for input, reference in inputs(taken).items():
                self._read(draft, input, reference, start)
        else:
            draft = self._light(id, op, node)
            self._read(draft, name, _reference(value), start)
        draft.form["region"] = op
        draft.needs.update({t: soft for t, soft in self._waits(node, start).items() if t not in draft.needs})
        return draft


# --- helpers --------------------------------------------------------------------------------------------------------------------------


def _reference(value: Expr) -> Reference:
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


def _makes_tasks(node: ir.Node) -> bool:
    return not isinstance(node, ir.If) or bool(node.then.nodes or node.orelse.nodes)


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


def _used(body: Block) -> set[Key]:
    """The results of regions that a task reads, or the pipeline returns."""
    nodes = {n.id: n for n in every(body)}
    work: list[Expr] = [*body.yields]
    for node in nodes.values():
        work += expressions(node)
        if isinstance(node, ir.Island):
            work += captures(node)
    found: set[Key] = set()
    while work:
        for reference in references(work.pop()):
            if isinstance(reference, ir.Result) and key(reference) not in found:
                found.add(key(reference))
                work += [arm[reference.index] for arm in arms(nodes[reference.region]) if reference.index < len(arm)]
    return found


def _absorbed(body: Block) -> dict[str, ir.Compute]:
    """The computation that the first task of a region does itself, by region: a condition, or a list, that nothing else reads."""
    nodes = list(every(body))
    yields = [e for n in nodes for b in blocks(n) for e in b.yields]
    count = Counter(key(r) for e in [*yields, *body.yields, *(e for n in nodes for e in expressions(n))] for r in references(e))
    waited = {id for n in nodes for id in n.after}
    found: dict[str, ir.Compute] = {}

    def look(block: Block, mapped: bool) -> None:
        computes = {n.id: n for n in block.nodes if isinstance(n, ir.Compute) and n.format == "json" and n.id not in waited}
        for node in block.nodes:
            value = node.over if isinstance(node, ir.Map) else node.condition if isinstance(node, ir.If) and not mapped else None
            if isinstance(value, ir.Output) and count[key(value)] == 1 and value.task in computes and _makes_tasks(node):
                found[node.id] = computes[value.task]
            for inner in () if isinstance(node, ir.Island) else blocks(node):
                look(inner, mapped or isinstance(node, ir.Map))

    look(body, False)
    return found
