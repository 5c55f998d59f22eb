"""Makes tasks of what regions evaluate: conditions, what loops go over, and what leaves a block are references afterwards.

    if score(m) > 0.8:                %if_1_test = compute bool: %score > 0.8
        x = f() + 1           ->      %if_1 = if %if_1_test
    ...                               then: %f; %x = compute %f + 1; yield %x

A condition that has become a constant (a nested pipeline was called with one) is the arm taken.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from wye.ir import model as ir
from wye.ir.expressions import Key, Reference, constant, key, references, substitute
from wye.ir.model import Block, Expr, Node, Pipeline
from wye.ir.nodes import captures, every, rewritten, source
from wye.ir.settings import Settings
from wye.runtime.types import format_of


def settle(pipeline: Pipeline) -> Pipeline:
    settler = _Settler({n.id for n in every(pipeline.body)})
    return replace(pipeline, body=settler.block(pipeline.body, None))


class _Settler:
    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._known: dict[Key, Expr] = {}
        """Results of regions that dissolved."""
        self._instead: dict[str, tuple[str, ...]] = {}
        """What one waits for who waits for such a region."""

    def block(self, block: Block, names: Sequence[str] | None) -> Block:
        """`names`: what the yields are called; None for the pipeline's own block, whose yield stays as it is."""
        nodes: list[Node] = []
        for node in block.nodes:
            node = rewritten(node, self._expr)
            waits = (id for waited in node.after for id in self._instead.get(waited, (waited,)))
            nodes += self._node(replace(node, after=tuple(dict.fromkeys(waits))))
        yields = [self._expr(e) for e in block.yields]
        if names is not None:
            yields = [self._value(e, names[i] if i < len(names) else "value", nodes, ()) for i, e in enumerate(yields)]
        return Block(tuple(nodes), tuple(yields))

    def _expr(self, expr: Expr) -> Expr:
        return substitute(expr, lambda r: self._known.get(key(r)))

    def _node(self, node: Node) -> list[Node]:
        before: list[Node] = []
        match node:
            case ir.If():
                return self._if(node)
            case ir.Map(over=over):
                over = self._list(over, node, before)
                return [*before, replace(node, over=over, body=self.block(node.body, node.names))]
            case ir.For(over=over):
                over = self._list(over, node, before)
                carries = self._carries(node, before)
                return [*before, replace(node, over=over, carries=carries, body=self.block(node.body, node.names))]
            case ir.While():
                carries = self._carries(node, before)
                condition = self._condition(self.block(node.condition, None), node)
                return [*before, replace(node, carries=carries, condition=condition, body=self.block(node.body, node.names))]
            case ir.Try():
                first = len((node.orelse or node.body).yields)
                return [
                    replace(
                        node,
                        body=self.block(node.body, node.names),
                        handlers=tuple(replace(h, body=self.block(h.body, node.names)) for h in node.handlers),
                        orelse=self.block(node.orelse, node.names) if node.orelse else None,
                        final=self.block(node.final, node.names[first:]) if node.final else None,
                    )
                ]
            case _:
                return [node]

    def _if(self, node: ir.If) -> list[Node]:
        condition, then, orelse = node.condition, node.then, node.orelse
        while isinstance(condition, ir.Unary) and condition.op == "not":
            condition, then, orelse = condition.operand, orelse, then
        known = _truth(condition)
        if known is not None:
            arm = self.block(then if known else orelse, node.names)
            for i, value in enumerate(arm.yields):
                self._known["result", node.id, i] = value
            waited = {id for n in arm.nodes for id in (*n.after, *(source(r) for r in captures(n)))}
            self._instead[node.id] = tuple(n.id for n in arm.nodes if n.id not in waited) or node.after
            return [_later(n, node.after) for n in arm.nodes]
        before: list[Node] = []
        if not (isinstance(condition, Reference) and condition.type == "bool" and _format(condition) == "json"):
            test = condition if condition.type == "bool" else ir.Builtin("bool", (condition,), (), "bool", condition.span)
            condition = self._task(f"{node.id}_test", test, before, node.after)
        arms = self.block(then, node.names), self.block(orelse, node.names)
        return [*before, replace(node, condition=condition, then=arms[0], orelse=arms[1])]

    def _condition(self, block: Block, node: ir.While) -> Block:
        """A `while`'s condition as a bool that travels."""
        (value,) = block.yields
        nodes = list(block.nodes)
        known = _truth(value)
        if known is not None:
            value = ir.Const("true" if known else "false", "bool", value.span)
        elif not (isinstance(value, Reference) and value.type == "bool" and _format(value) == "json"):
            test = value if value.type == "bool" else ir.Builtin("bool", (value,), (), "bool", value.span)
            value = self._task(f"{node.id}_test", test, nodes, ())
        return Block(tuple(nodes), (value,))

    def _list(self, over: Expr, node: ir.Map | ir.For, before: list[Node]) -> Expr:
        if isinstance(over, Reference) and (_format(over).endswith("*") or (_format(over) == "json" and _is_list(over))):
            return over
        return self._task(f"{node.id}_items", over, before, node.after)

    def _carries(self, node: ir.For | ir.While, before: list[Node]) -> tuple[Expr, ...]:
        names = [*node.names, *["value"] * len(node.carries)]
        return tuple(self._value(e, names[i], before, node.after) for i, e in enumerate(node.carries))

    def _value(self, value: Expr, name: str, nodes: list[Node], after: Sequence[str]) -> Expr:
        """A value that leaves a block: a constant, or a reference to one value."""
        value = _folded(value)
        if isinstance(value, ir.Const) or (isinstance(value, Reference) and not _format(value).endswith("*")):
            return value
        return self._task(name, value, nodes, after)

    def _task(self, wish: str, value: Expr, nodes: list[Node], after: Sequence[str]) -> ir.Output:
        direct = {source(r) for r in references(value)}
        waits = tuple(a for a in after if a not in direct)
        node = ir.Compute(self._fresh(wish), value, cast(ir.Format, format_of(value.type)), value.type, Settings(), None, waits, value.span)
        nodes.append(node)
        return ir.Output(node.id, "out", node.type, node.format, value.span)

    def _fresh(self, wish: str) -> str:
        wish = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in wish) or "value"
        id, n = wish, 1
        while id in self._taken:
            n += 1
            id = f"{wish}_{n}"
        self._taken.add(id)
        return id


def _format(reference: Reference) -> str:
    return "json" if isinstance(reference, ir.Param) else reference.format


def _is_list(value: Expr) -> bool:
    return isinstance(value.type, tuple) and value.type[0] == "list"


def _truth(condition: Expr) -> bool | None:
    """The truth of a constant of a JSON kind; None when only a run can tell."""
    if not isinstance(condition, ir.Const):
        return None
    value = constant(condition)
    tagged = isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$")
    return None if tagged else bool(value)


def _folded(value: Expr) -> Expr:
    """A list or tuple of constants as one."""
    if not isinstance(value, ir.Display) or value.kind == "set" or not all(isinstance(i, ir.Const) for i in value.items):
        return value
    items = [constant(i) for i in value.items if isinstance(i, ir.Const)]
    return ir.Const(json.dumps(items if value.kind == "list" else {"$tuple": items}), value.type, value.span)


def _later(node: Node, after: tuple[str, ...]) -> Node:
    return replace(node, after=tuple(dict.fromkeys([*node.after, *after])))
