"""A block in; the same without results that nobody reads, and without the expressions that were tasks for these alone, out.

    %if_1 = if %a            %if_1 = if %a
    then: %f; yield %f       then: %f
    else: yield 0       ->   else:

A call is never removed, nor what can raise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wye.ir import model as ir
from wye.ir.expressions import Reference, raises, references, rewrite
from wye.ir.model import Block, Call, Expr, Node, SubPipeline
from wye.ir.nodes import arms, blocks, every, expressions, read, rewritten, source


def prune(block: Block) -> Block:
    while True:
        used, tasks = _used(block)
        kept = {n.id: [i for i in range(len(arms(n)[0])) if (n.id, i) in used] for n in every(block) if arms(n)}
        dropped = {n.id for n in every(block) if isinstance(n, ir.Compute) and n.id not in tasks and not raises(n.value)}
        if not dropped and all(len(k) == len(arms(n)[0]) for n in every(block) if (k := kept.get(n.id)) is not None):
            return block
        block = _Pruner(kept, dropped).block(block)


def ordered(block: Block) -> Block:
    """With the calls whose value nobody uses marked: they keep program order."""
    used = {source(r) for n in every(block) for r in read(n)} | {source(r) for e in block.yields for r in references(e)}

    def mark(b: Block) -> Block:
        nodes = (rewritten(n, lambda e: e, mark) for n in b.nodes)
        return Block(tuple(replace(n, ordered=n.id not in used) if isinstance(n, Call | SubPipeline) else n for n in nodes), b.yields)

    return mark(block)


def _used(block: Block) -> tuple[set[tuple[str, int]], set[str]]:
    """The results that something reads, and the nodes that something reads.

    What a loop yields for a carry that only this yield reads does not count: else a carry would keep itself alive.
    """
    found: list[tuple[Reference, tuple[str, int] | None]] = []

    def visit(b: Block, owner: Node | None, whose: str) -> None:
        for node in b.nodes:
            found.extend((r, None) for e in _own(node) for r in references(e))
            if isinstance(node, ir.For | ir.While):
                found.extend((r, (node.id, i)) for i, e in enumerate(node.carries) for r in references(e))
            for inner in blocks(node):
                condition = isinstance(node, ir.While) and inner is node.condition
                visit(inner, None if condition else node, node.id)
        for i, e in enumerate(b.yields):
            mark = None if owner is None or isinstance(owner, ir.Island) else (owner.id, _place(owner, b, i))
            found.extend((r, mark) for r in references(e))

    visit(block, None, "")
    used: set[tuple[str, int]] = {(n.id, n.stop) for n in every(block) if isinstance(n, ir.For | ir.While) and n.stop is not None}
    used |= {(n.id, i) for n in every(block) for arm in arms(n) for i, e in enumerate(arm) if raises(e)}
    while True:
        more = {(r.region, r.index) for r, mark in found if isinstance(r, ir.Result | ir.Carry) and (mark is None or mark in used)} - used
        if not more:
            break
        used |= more
    return used, {s for r, mark in found if (mark is None or mark in used) and (s := source(r)) is not None}


def _own(node: Node) -> Iterable[Expr]:
    """The expressions that a node evaluates whatever becomes of its results."""
    if isinstance(node, ir.For):
        return (node.over,)
    return () if isinstance(node, ir.While) else expressions(node)


def _place(owner: Node, block: Block, index: int) -> int:
    """Which result the n-th yield of one of a region's blocks gives."""
    if isinstance(owner, ir.Try) and owner.final is block:
        return len((owner.orelse or owner.body).yields) + index
    return index


class _Pruner:
    def __init__(self, kept: dict[str, list[int]], dropped: set[str]) -> None:
        self._kept, self._dropped = kept, dropped
        self._index = {(id, old): new for id, olds in kept.items() for new, old in enumerate(olds)}

    def block(self, block: Block) -> Block:
        nodes = tuple(self._node(n) for n in block.nodes if n.id not in self._dropped)
        return Block(nodes, tuple(self._expr(e) for e in block.yields))

    def _expr(self, expr: Expr) -> Expr:
        def moved(e: Expr) -> Expr:
            if isinstance(e, ir.Result | ir.Carry) and e.region in self._kept:
                return replace(e, index=self._index.get((e.region, e.index), 0))
            return e

        return rewrite(expr, moved)

    def _node(self, node: Node) -> Node:
        if node.id in self._kept:
            node = _without(node, self._kept[node.id])
        return rewritten(node, self._expr, self.block)


def _without(node: Node, kept: list[int]) -> Node:
    """A region with only these results."""

    def chosen(block: Block, first: int = 0) -> Block:
        return replace(block, yields=tuple(y for i, y in enumerate(block.yields, first) if i in keep))

    keep = set(kept)
    names = tuple(n for i, n in enumerate(getattr(node, "names", ())) if i in keep)
    match node:
        case ir.If():
            return replace(node, then=chosen(node.then), orelse=chosen(node.orelse), names=names)
        case ir.Map():
            return replace(node, body=chosen(node.body), names=names)
        case ir.For() | ir.While():
            carries = tuple(c for i, c in enumerate(node.carries) if i in keep)
            stop = None if node.stop is None else kept.index(node.stop)
            return replace(node, carries=carries, body=chosen(node.body), stop=stop, names=names)
        case ir.Try():
            first = len((node.orelse or node.body).yields)
            return replace(
                node,
                body=node.body if node.orelse else chosen(node.body),
                handlers=tuple(replace(h, body=chosen(h.body)) for h in node.handlers),
                orelse=chosen(node.orelse) if node.orelse else None,
                final=chosen(node.final, first) if node.final else None,
                names=names,
            )
        case _:
            return node
