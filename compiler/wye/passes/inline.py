"""Replaces each nested pipeline by its nodes.

    prep = prepare(path=url)                     prep_load  = load(path=url)
    train(rows=prep)                     ->      prep_clean = clean(rows=prep_load.out)
                                                 train(rows=prep_clean.out)
    pipeline prepare(path: str) -> list:
        raw = load(path)
        return clean(raw)

Parameters become what is bound to them, checked as the declared type, as at every call; the result becomes what the pipeline returns,
checked likewise. A `ScheduledTime()` that nobody gave becomes a parameter of the whole.
What the nested call waits for, each of its nodes waits for; what waits for the nested call waits for all of them; what reads
its result waits for the ordered calls in it.
A binding or a result that might raise, and that nothing else evaluates, becomes a task, so that it still raises; a large one too, so
that using it twice does not double the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from wye.diagnostics import Span
from wye.ir import model as ir
from wye.ir.expressions import Key, Reference, constant, key, raises, references, rewrite, size, substitute
from wye.ir.model import Block, Expr, Node, Pipeline
from wye.ir.nodes import captures, certain_expressions, every, is_ordered, rewritten, source
from wye.ir.printer import unique_name
from wye.ir.settings import Settings
from wye.runtime.types import Type, format_of

LARGEST = 60
"""An expression of more nodes is not copied to its uses."""


def inline(pipeline: Pipeline) -> Pipeline:
    nested = {p.id: p for p in pipeline.pipelines}
    if not nested:
        return pipeline
    inliner = _Inliner(nested, {n.id for n in every(pipeline.body)}, unique_name("scheduled_time", {p.name for p in pipeline.parameters}))
    body, _ = inliner.block(pipeline.body, lambda r: None, lambda id: id)
    more = (ir.Parameter(inliner.scheduled, "datetime", None, inliner.asked, scheduled=True),) if inliner.asked else ()
    steps = {s.id: s for p in (pipeline, *pipeline.pipelines) for s in p.steps}
    programs = {x.id: x for p in (pipeline, *pipeline.pipelines) for x in p.programs}
    return replace(
        pipeline, parameters=pipeline.parameters + more, body=body, steps=tuple(steps.values()), programs=tuple(programs.values())
    )


@dataclass(frozen=True, slots=True)
class _Gate:
    """The latest ordered call before a nested pipeline's `return`: who reads the result waits for `waits`, unless it reads one of
    `covered`, which wait for it already. (A check inside a nested pipeline holds back what uses its result, as Python does.)"""

    waits: tuple[str, ...]
    covered: frozenset[str]


class _Inliner:
    def __init__(self, pipelines: dict[str, Pipeline], taken: set[str], scheduled: str) -> None:
        self._pipelines = pipelines
        self._taken = taken
        self.scheduled = scheduled
        """The parameter of the whole that is its scheduled time, when nested pipelines ask for that; `asked` is where one does."""
        self.asked: Span | None = None

    def block(
        self,
        block: Block,
        outer: Callable[[Reference], Expr | None],
        name: Callable[[str], str],
        results: dict[Key, Expr] | None = None,
    ) -> tuple[Block, tuple[_Gate, ...]]:
        """The block with its nested pipelines replaced, and the gates of its yields. `outer` gives what references to outside stand for,
        `name` the new ids. `results` is filled with what the nested pipelines of the block return."""
        results = {} if results is None else results
        gates: dict[str, tuple[_Gate, ...]] = {}
        exits: dict[str, tuple[str, ...]] = {}  # what one waits for who waits for them
        own = {n.id: name(n.id) for n in every(block)}  # the new ids, of the blocks inside as well
        used = _certain(block)

        def value(r: Reference) -> Expr | None:
            if key(r) in results:
                return results[key(r)]
            if (id := source(r)) in own:
                return _renamed(r, own[id]) if id and own[id] != id else None
            return outer(r)

        def expr(e: Expr) -> Expr:
            return fold_items(substitute(e, value))

        def after(node: Node, direct: set[str]) -> tuple[str, ...]:
            waits = [x for id in node.after for x in exits.get(id, (own.get(id, id),))]
            for gate in (g for r in captures(node) for g in gates.get(source(r) or "", ())):
                waits += gate.waits if gate.covered.isdisjoint(direct) else ()
            return tuple(dict.fromkeys(id for id in waits if id not in direct))

        nodes: list[Node] = []
        barrier: tuple[str, ...] = ()
        since = 0
        for node in block.nodes:
            if isinstance(node, ir.SubPipeline):
                bindings = {n: expr(e) for n, e in node.bindings}
                waits = after(node, set())
                wanted = ("result", node.id, 0) in used
                inner, result, gates[node.id] = self._expand(replace(node, id=own[node.id]), bindings, waits, wanted)
                results["result", node.id, 0] = result
                exits[node.id] = _sinks(inner) or tuple(dict.fromkeys([*waits, *(id for e in bindings.values() for id in _tasks(e))]))
                nodes.extend(inner)
            else:
                moved = rewritten(node, expr, self._inside(node, value, own))
                nodes.append(replace(moved, id=own[node.id], after=after(node, {id for r in captures(moved) if (id := source(r))})))
            if is_ordered(node):
                barrier, since = exits.get(node.id, (own[node.id],)), len(nodes)
        found = [g for e in block.yields for r in references(e) for g in gates.get(source(r) or "", ())]
        if barrier:
            found.append(_Gate(barrier, frozenset(n.id for n in nodes[since:])))
        return Block(tuple(nodes), tuple(expr(e) for e in block.yields)), tuple(dict.fromkeys(found))

    def _inside(self, node: Node, outer: Callable[[Reference], Expr | None], own: dict[str, str]) -> Callable[[Block], Block]:
        """What becomes of a region's blocks. What nested pipelines in the body of a `try` return, its `else` may read."""
        made: dict[Key, Expr] = {}

        def inner(b: Block) -> Block:
            shares = isinstance(node, ir.Try) and (b is node.body or b is node.orelse)
            return self.block(b, lambda r: made.get(key(r)) or outer(r), own.__getitem__, made if shares else None)[0]

        return inner

    def _expand(
        self, call: ir.SubPipeline, given: dict[str, Expr], waits: tuple[str, ...], wanted: bool
    ) -> tuple[tuple[Node, ...], Expr, tuple[_Gate, ...]]:
        """The nodes of one call of a pipeline, what it returns, and the gates of that."""
        callee = self._pipelines[call.pipeline]
        nodes: list[Node] = []
        used = _certain(callee.body)
        values: dict[Key, Expr] = {}
        for p in callee.parameters:
            value = given.get(p.name, p.default)
            if value is None and p.scheduled:
                self.asked = self.asked or p.span
                value = ir.Param(self.scheduled, p.type, p.span)
            assert value is not None, f"{call.id}: no value for {p.name}"
            value = checked(value, p.type)
            if size(value) > LARGEST or (("param", p.name) not in used and raises(value)):
                value = self._compute(nodes, f"{call.id}_{p.name}", value, ())
            values["param", p.name] = value
        body, gates = self.block(callee.body, lambda r: values.get(key(r)), lambda id: self._fresh(f"{call.id}_{id}"))
        nodes.extend(body.nodes)
        result = checked(body.yields[0], callee.type) if body.yields else ir.Const("null", "none", call.span)
        if size(result) > LARGEST or (not wanted and raises(result)):
            reads = set(_tasks(result))
            result = self._compute(nodes, f"{call.id}_result", result, [id for g in gates if g.covered.isdisjoint(reads) for id in g.waits])
            gates = ()
        return _waiting(nodes, waits), result, gates

    def _compute(self, nodes: list[Node], id: str, value: Expr, after: Iterable[str]) -> Expr:
        format = format_of(value.type)
        node = ir.Compute(self._fresh(id), value, format, value.type, Settings(), None, tuple(dict.fromkeys(after)), value.span)  # type: ignore[arg-type]
        nodes.append(node)
        return ir.Output(node.id, "out", value.type, node.format, value.span)

    def _fresh(self, wish: str) -> str:
        id, n = wish, 1
        while id in self._taken:
            n += 1
            id = f"{wish}_{n}"
        self._taken.add(id)
        return id


def _certain(block: Block) -> set[Key]:
    """What is read whenever the block runs to its end: not what only a region inside reads. (What may raise is a cast by then, and a cast
    is evaluated even where the expression around it would not reach it.)"""
    roots = [*(e for n in block.nodes for e in certain_expressions(n)), *block.yields]
    return {key(r) for e in roots for r in references(e)}


def checked(value: Expr, t: Type) -> Expr:
    """The value as the declared type. A cast is needed unless the types say that it changes nothing and cannot fail."""
    plain = isinstance(value, ir.Const | Reference)
    if value.type == t and (plain or not raises(value)):
        return value
    if t == "any" and plain:
        return value
    items = value.items if isinstance(value, ir.Display) and value.kind == "tuple" else ()
    types = ("any",) * len(items) if t == "any" else t[1:] if t[0] == "tuple" else ()
    if items and len(types) == len(items) and not any(isinstance(i, ir.Star) for i in items):
        # item by item, so that one item can be taken out again
        return ir.Display("tuple", tuple(checked(i, a) for i, a in zip(items, types)), value.type if t == "any" else t, value.span)
    return ir.Cast(value, t, value.span)


def fold_items(expr: Expr) -> Expr:
    """`(a, b)[0]` is `a`, when `b` cannot raise: reading one of several results does not need the others."""
    return rewrite(expr, _fold_item)


def _fold_item(expr: Expr) -> Expr:
    match expr:
        case ir.Index(value=ir.Display(kind="tuple", items=items), index=ir.Const() as index):
            count = len(items)
        case ir.Index(value=ir.Unpack(value=ir.Display(kind="tuple", items=items), count=count, star=None), index=ir.Const() as index):
            pass
        case _:
            return expr
    at = constant(index)
    if type(at) is not int or not 0 <= at < count or count != len(items):
        return expr
    if any(isinstance(i, ir.Star) or (n != at and raises(i)) for n, i in enumerate(items)):
        return expr
    return items[at]


def _renamed(r: Reference, id: str) -> Expr:
    if isinstance(r, ir.Output):
        return replace(r, task=id)
    assert not isinstance(r, ir.Param)
    return replace(r, region=id)


def _tasks(expr: Expr) -> list[str]:
    return [id for r in references(expr) if isinstance(r, ir.Output | ir.Result) and (id := source(r))]


def _waiting(nodes: list[Node], waits: tuple[str, ...]) -> tuple[Node, ...]:
    """The nodes, of which those that wait for no other of them wait for `waits`."""
    if not waits:
        return tuple(nodes)
    ids = {n.id for n in nodes}
    result: list[Node] = []
    for node in nodes:
        direct = {id for r in captures(node) if (id := source(r))}
        if ids.isdisjoint(direct) and ids.isdisjoint(node.after):
            node = replace(node, after=tuple(dict.fromkeys([*node.after, *(id for id in waits if id not in direct)])))
        result.append(node)
    return tuple(result)


def _sinks(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """The nodes that no other of them waits for."""
    waited = {id for n in nodes for r in captures(n) if (id := source(r))} | {id for n in nodes for id in n.after}
    return tuple(n.id for n in nodes if n.id not in waited)
