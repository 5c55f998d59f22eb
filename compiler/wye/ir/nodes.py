"""Helpers over nodes: a node in; its expressions, its blocks, what it depends on, or a rewritten copy, out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import assert_never

from wye.ir import model as ir
from wye.ir.expressions import Reference, key, references
from wye.ir.model import Block, Expr, Node


def expressions(node: Node) -> tuple[Expr, ...]:
    """The expressions that the node itself evaluates, in order; not those of its blocks."""
    match node:
        case ir.Call(bindings=bindings) | ir.SubPipeline(bindings=bindings):
            return tuple(e for _, e in bindings)
        case ir.Compute(value=value):
            return (value,)
        case ir.Fail(error=error, condition=condition):
            return (error,) if condition is None else (condition, error)
        case ir.If(condition=condition):
            return (condition,)
        case ir.Map(over=over):
            return (over,)
        case ir.For(over=over, carries=carries):
            return (over, *carries)
        case ir.While(carries=carries):
            return carries
        case ir.Try() | ir.Island():
            return ()
        case _:
            assert_never(node)


def certain_expressions(node: Node) -> tuple[Expr, ...]:
    """The expressions of a node that are evaluated whenever it runs."""
    if isinstance(node, ir.Fail) and node.condition is not None:
        return (node.condition,)
    return expressions(node)


def blocks(node: Node) -> tuple[Block, ...]:
    """The blocks inside a region, in order."""
    match node:
        case ir.Call() | ir.Compute() | ir.Fail() | ir.SubPipeline():
            return ()
        case ir.If(then=then, orelse=orelse):
            return then, orelse
        case ir.Map(body=body) | ir.For(body=body) | ir.Island(body=body):
            return (body,)
        case ir.While(condition=condition, body=body):
            return condition, body
        case ir.Try(body=body, handlers=handlers, orelse=otherwise, final=final):
            return (body, *(h.body for h in handlers), *(b for b in (otherwise, final) if b))
        case _:
            assert_never(node)


def inside(node: Node, block: Block) -> str:
    """What a block of a region is to the nodes in it."""
    if isinstance(node, ir.Try):
        if block is node.final:
            return "finally"
        return "try" if block is node.body or block is node.orelse else "except"
    return type(node).__name__.lower()


def rewritten(node: Node, expr: Callable[[Expr], Expr], block: Callable[[Block], Block] = lambda b: b) -> Node:
    """A copy with other expressions, and other blocks inside."""
    match node:
        case ir.Call() | ir.SubPipeline():
            return replace(node, bindings=tuple((name, expr(e)) for name, e in node.bindings))
        case ir.Compute():
            return replace(node, value=expr(node.value))
        case ir.Fail():
            return replace(node, error=expr(node.error), condition=None if node.condition is None else expr(node.condition))
        case ir.If():
            return replace(node, condition=expr(node.condition), then=block(node.then), orelse=block(node.orelse))
        case ir.Map():
            return replace(node, over=expr(node.over), body=block(node.body))
        case ir.For():
            return replace(node, over=expr(node.over), carries=tuple(map(expr, node.carries)), body=block(node.body))
        case ir.While():
            carries = tuple(map(expr, node.carries))
            return replace(node, carries=carries, condition=block(node.condition), body=block(node.body))
        case ir.Try():
            return replace(
                node,
                body=block(node.body),
                handlers=tuple(replace(h, body=block(h.body)) for h in node.handlers),
                orelse=node.orelse and block(node.orelse),
                final=node.final and block(node.final),
            )
        case ir.Island():
            return replace(node, body=block(node.body))
        case _:
            assert_never(node)


def is_ordered(node: Node) -> bool:
    """Whether the node keeps its place in program order: a call whose value nobody uses, a `raise`, a `try`, and what has such inside."""
    if isinstance(node, ir.Call | ir.SubPipeline):
        return node.ordered
    return isinstance(node, ir.Fail | ir.Try) or any(is_ordered(n) for b in blocks(node) for n in b.nodes)


def every(block: Block) -> Iterator[Node]:
    """All nodes of a block and of the blocks inside, parents first."""
    for node in block.nodes:
        yield node
        for inner in blocks(node):
            yield from every(inner)


def read(node: Node) -> Iterator[Reference]:
    """Every reference in the node and in the blocks inside it."""
    for expr in expressions(node):
        yield from references(expr)
    for block in blocks(node):
        for inner in block.nodes:
            yield from read(inner)
        for expr in block.yields:
            yield from references(expr)


def captures(node: Node) -> tuple[Reference, ...]:
    """What the node and the blocks inside it read from outside, each value once, in order."""
    inner = {n.id for b in blocks(node) for n in every(b)} | {node.id}
    found = {key(r): r for r in read(node) if source(r) not in inner}
    return tuple(found.values())


def arms(node: Node) -> tuple[tuple[Expr, ...], ...]:
    """The yields of each block that can give a region its results, in the order of the results."""
    match node:
        case ir.If(then=then, orelse=orelse):
            return then.yields, orelse.yields
        case ir.Map(body=body):
            return (body.yields,)
        case ir.For(carries=carries, body=body) | ir.While(carries=carries, body=body):
            return carries, body.yields
        case ir.Try(body=body, handlers=handlers, orelse=orelse, final=final):
            last = final.yields if final else ()
            return ((orelse or body).yields + last, *(h.body.yields + last for h in handlers))
        case ir.SubPipeline() | ir.Call() | ir.Compute() | ir.Fail() | ir.Island():
            return ()
        case _:
            assert_never(node)


def single(loop: ir.Map) -> bool:
    """Whether the body of a loop is one call, and what leaves it an output of that, the item, or always the same."""
    own = {loop.id, *(n.id for n in loop.body.nodes)}
    left = (isinstance(y, ir.Const) or (isinstance(y, ir.Output | ir.Item) and source(y) in own) for y in loop.body.yields)
    return len(loop.body.nodes) == 1 and isinstance(loop.body.nodes[0], ir.Call) and all(left)


def source(reference: Reference) -> str | None:
    """The id of the node that a reference reads from; None for a parameter of the pipeline."""
    match reference:
        case ir.Param():
            return None
        case ir.Output(task=task):
            return task
        case ir.Item(region=region) | ir.Carry(region=region) | ir.Result(region=region):
            return region
        case _:
            assert_never(reference)
