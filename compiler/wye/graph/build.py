"""The IR as the front end makes it (nested pipelines still whole, program order explicit) in; the boxes and arrows of its picture out.

A region becomes a box with its blocks inside, a call of a pipeline a box with that pipeline inside; `else: if …` becomes one more arm,
as `elif` reads. What a block inside a region reads from outside has its arrow from there to the very task that reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from wye.graph.model import Arm, Edge, Graph, Item, Region, RegionKind, Task
from wye.graph.words import Lines, Phrase, Words, printed
from wye.ir import model as ir
from wye.ir.expressions import references
from wye.ir.model import Block, Expr, Node, Pipeline
from wye.ir.nodes import blocks, every, expressions, read, source
from wye.ir.printer import unique_name
from wye.ir.text import expression
from wye.runtime.types import show as show_type


def build(pipeline: Pipeline, lines: Lines) -> Graph:
    """The picture of a pipeline. `lines` gives the source files, so that conditions read as they were written."""
    builder = _Builder(pipeline, Words(lines))
    items = builder.pipeline(pipeline, "")
    return Graph(pipeline.name, signature(pipeline), items, builder.edges(), pipeline.span)


def signature(pipeline: Pipeline) -> str:
    """`churn(lr: float = 0.1) -> float`."""
    parameters = []
    for p in pipeline.parameters:
        declared = "" if p.type == "any" else f": {show_type(p.type)}"
        equals = " = " if declared else "="
        parameters.append(
            p.name + declared + (f"{equals}{expression(p.default)}" if p.default else f"{equals}ScheduledTime()" * p.scheduled)
        )
    result = "" if pipeline.type == "any" else f" -> {show_type(pipeline.type)}"
    return f"{pipeline.name}({', '.join(parameters)}){result}"


class _Builder:
    def __init__(self, pipeline: Pipeline, words: Words) -> None:
        self._words = words
        self._pipelines = {p.id: p for p in pipeline.pipelines}
        self._names = {s.id: s.name for p in (pipeline, *pipeline.pipelines) for s in p.steps}
        self._edges: dict[tuple[str, str], bool] = {}
        self._drawn_as: dict[str, str] = {}  # an `if` that is an arm of the one around it; a loop's list that is part of its heading
        self._inside: dict[str, str] = {}  # by box: the region around it
        self._loops: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {}  # by loop: its variables, and what its body changes
        self._read_too: dict[str, list[str]] = {}  # by region: names that only its folded expressions read

    def edges(self) -> tuple[Edge, ...]:
        return tuple(Edge(source, target, data) for (source, target), data in self._edges.items())

    def pipeline(self, pipeline: Pipeline, prefix: str) -> tuple[Item, ...]:
        """The boxes of a pipeline's body, and one for what it returns."""
        outer, self._loops = self._loops, {}
        self._fold(pipeline, prefix)
        items = self._block(pipeline.body, prefix)
        self._loops = outer
        handler = pipeline.on_failure
        last: tuple[Item, ...] = ()
        if handler:
            id = unique_name("on_failure_", {n.id for n in every(pipeline.body)})
            last = (Task(prefix + id, "step", f"on failure: {self._names[handler.step]}", "", (), handler.span),)
        if not pipeline.body.yields:
            return (*items, *last)
        (value,) = pipeline.body.yields
        inside = {n.id for n in every(pipeline.body)}
        id = unique_name("return_", inside)
        self._read(prefix + id, (value,), prefix)
        text, span = self._words.returned(pipeline) or ("", pipeline.span)
        return (*items, Task(prefix + id, "return", "return", text, self._named((value,), ()), span), *last)

    def _fold(self, pipeline: Pipeline, prefix: str) -> None:
        """Tasks that nobody wrote become part of what they were made for: an expression that the heading of a region is the first to
        read (its list, its condition) is drawn as that region."""
        for block in (pipeline.body, *(b for n in every(pipeline.body) for b in blocks(n))):
            first: dict[str, Node] = {}  # who is the first to read a node of this block
            for node in reversed(block.nodes):
                reader = first.get(node.id)
                heading = {source(r) for e in expressions(reader) for r in references(e)} if reader else set()
                part = isinstance(node, ir.Compute) and node.id in heading
                if part and reader and node.id not in reader.after and (blocks(reader) or prefix + reader.id in self._drawn_as):
                    self._drawn_as[prefix + node.id] = prefix + reader.id
                first |= {id: node for id in {source(r) for r in read(node)} | set(node.after) if id}

    def _block(self, block: Block, prefix: str, around: str | None = None) -> tuple[Item, ...]:
        found = []
        for node in block.nodes:
            id = prefix + node.id
            if around:
                self._inside[id] = around
            if id in self._drawn_as:
                self._read(id, expressions(node), prefix)
                self._wait(id, node, prefix)
                self._read_too.setdefault(self._box(id), []).extend(self._named(expressions(node), ()))
            else:
                found.append(self._node(node, prefix))
        return tuple(found)

    def _node(self, node: Node, prefix: str) -> Item:
        id = prefix + node.id
        self._read(id, expressions(node), prefix)
        self._wait(id, node, prefix)
        match node:
            case ir.Call():
                detail, names = self._arguments(node)
                return Task(id, "step", self._call(node), detail, names, node.span)
            case ir.Compute():
                unwritten = Phrase(f"{node.id} = {printed(node.value)}", ())
                written, name = self._words.statement(node.span) or (unwritten, node.id)
                return Task(id, "expression", name or "", written.text, self._named((node.value,), written.names), node.span)
            case ir.Fail():
                failure = self._words.failure(node)
                word, _, rest = failure.text.partition(" ")
                return Task(id, "raise", word, rest, self._named(expressions(node), failure.names), node.span)
            case ir.SubPipeline():
                return self._nested(node, id)
            case ir.If():
                arms, names = self._arms(node, id, prefix, "if")
                return Region(id, "if", "", self._heading(id, names), arms, node.span)
            case ir.Map(concurrency=most):
                return self._loop(node, "map", f"at most {most} at a time" if most else "in parallel", prefix)
            case ir.For():
                return self._loop(node, "for", "in order", prefix)
            case ir.While():
                return self._while(node, id, prefix)
            case ir.Try():
                return self._try(node, id, prefix)
            case ir.Island():
                arm = Arm("in one task", self._block(node.body, prefix, id))
                return Region(id, "island", node.reason, (), (arm,), node.span)
            case _:
                assert_never(node)

    # --- tasks ----------------------------------------------------------------------------------------------------------------

    def _call(self, node: ir.Call) -> str:
        """The task's own name; with the step's, when the name does not begin with it."""
        name = self._names.get(node.step, node.step)
        return node.id if node.id.startswith(name) else f"{node.id}: {name}"

    def _arguments(self, node: ir.Call | ir.SubPipeline) -> tuple[str, tuple[str, ...]]:
        """`rows, lr=lr / 2`, and the names of what they read that has no box. Of a variable that is known when it compiles, the value."""
        written = self._words.arguments(node.span)
        if written is None or len(written) != len(node.bindings):
            texts = [(name, printed(e)) for name, e in node.bindings]
            return ", ".join(text if text == name else f"{name}={text}" for name, text in texts), self._named(
                (e for _, e in node.bindings), ()
            )
        shown = []
        names: list[str] = []
        for argument, (name, expr) in zip(written, node.bindings):
            value = expr
            while isinstance(value, ir.Cast):
                value = value.value
            if isinstance(value, ir.Const) and argument.value.names:
                shown.append(f"{name}={printed(value)}")
            else:
                shown.append(argument.value.text if argument.keyword is None else f"{argument.keyword}={argument.value.text}")
            names += self._named((expr,), argument.value.names)
        return ", ".join(shown), tuple(dict.fromkeys(names))

    # --- regions --------------------------------------------------------------------------------------------------------------

    def _arms(self, node: ir.If, id: str, prefix: str, word: str) -> tuple[tuple[Arm, ...], tuple[str, ...]]:
        """The arms, and the names that their conditions read."""
        condition = self._words.condition(node)
        names = self._named((node.condition,), condition.names)
        then = Arm(f"{word} {condition.text}", self._block(node.then, prefix, id), None if word == "if" else node.span)
        match node.orelse.nodes:
            case ():
                return (then,), names
            case (ir.If(after=()) as inner,):
                self._inside[prefix + inner.id] = id
                self._drawn_as[prefix + inner.id] = id
                self._read(id, (inner.condition,), prefix)
                arms, more = self._arms(inner, id, prefix, "elif")
                return (then, *arms), tuple(dict.fromkeys([*names, *more]))
            case _:
                return (then, Arm("else", self._block(node.orelse, prefix, id))), names

    def _loop(self, node: ir.Map | ir.For, kind: RegionKind, how: str, prefix: str) -> Region:
        loop = self._words.loop(node)
        self._loops[node.id] = loop.targets, loop.carried
        id = prefix + node.id
        names = self._named(expressions(node), tuple(sorted(loop.carried)))
        return Region(id, kind, how, self._heading(id, names), (Arm(loop.title, self._block(node.body, prefix, id)),), node.span)

    def _while(self, node: ir.While, id: str, prefix: str) -> Region:
        condition, carried = self._words.repeated(node)
        self._loops[node.id] = (), carried
        title = f"while {condition.text}"
        first, body = self._block(node.condition, prefix, id), self._block(node.body, prefix, id)
        self._read(id, node.condition.yields, prefix, but={n.id for n in every(node.condition)} | {node.id})
        arms = (Arm(title, first), Arm("do", body)) if first else (Arm(title, body),)
        names = self._heading(id, self._named(node.carries, tuple(sorted(carried))))
        return Region(id, "while", "in order", names, arms, node.span)

    def _heading(self, id: str, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self._read_too.get(id, []), *names]))

    def _try(self, node: ir.Try, id: str, prefix: str) -> Region:
        arms = [Arm("try", self._block(node.body, prefix, id))]
        for handler in node.handlers:
            types = ", ".join(t.rsplit(":", 1)[-1] for t in handler.types)
            arms.append(Arm(f"except {types}".rstrip(), self._block(handler.body, prefix, id), handler.span))
        if node.orelse:
            arms.append(Arm("else", self._block(node.orelse, prefix, id)))
        if node.final:
            arms.append(Arm("finally", self._block(node.final, prefix, id)))
        return Region(id, "try", "", (), tuple(a for a in arms if a.items or a.title not in ("else", "finally")), node.span)

    def _nested(self, node: ir.SubPipeline, id: str) -> Region:
        callee = self._pipelines[node.pipeline]
        detail, names = self._arguments(node)
        name = node.id if node.id.startswith(callee.name) else f"{node.id}: {callee.name}"
        return Region(id, "pipeline", "pipeline", names, (Arm(f"{name}({detail})", self.pipeline(callee, f"{id}/")),), node.span)

    # --- arrows ---------------------------------------------------------------------------------------------------------------

    def _read(self, target: str, exprs: Iterable[Expr], prefix: str, but: Iterable[str] = ()) -> None:
        """Arrows to `target` from what the expressions read; none from a region to what stands inside it."""
        for reference in (r for e in exprs for r in references(e)):
            if isinstance(reference, ir.Output | ir.Result) and (id := source(reference)) and id not in but:
                self._edge(prefix + id, target, True)

    def _wait(self, target: str, node: Node, prefix: str) -> None:
        for id in node.after:
            self._edge(prefix + id, target, False)

    def _edge(self, start: str, target: str, data: bool) -> None:
        """One arrow between two boxes: where there is data, that it also waits says nothing more. None to what stands inside the other."""
        start, target = self._box(start), self._box(target)
        around: str | None = target
        while around:
            if around == start:
                return
            around = self._inside.get(around)
        self._edges[start, target] = self._edges.get((start, target), False) or data

    def _box(self, id: str) -> str:
        while id in self._drawn_as:
            id = self._drawn_as[id]
        return id

    def _named(self, exprs: Iterable[Expr], written: tuple[str, ...]) -> tuple[str, ...]:
        """What the expressions read that no box makes. `written` are the variables that stand there in the source."""
        found: list[str] = []
        for reference in (r for e in exprs for r in references(e)):
            match reference:
                case ir.Param(name=name):
                    found.append(name)
                case ir.Item(region=region):
                    targets = self._loops.get(region, (("item",), frozenset()))[0]
                    found += [n for n in targets if n in written] or targets
                case ir.Carry(region=region):
                    changed = self._loops.get(region, ((), frozenset()))[1]
                    found += [n for n in written if n in changed] or ["carried"]
                case _:
                    pass
        return tuple(dict.fromkeys(found))
