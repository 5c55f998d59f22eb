"""A pipeline's function in; whether every name that it reads is certainly bound there, by the rules of the language, out."""

from __future__ import annotations

import ast
from collections.abc import Iterable


def certainly_bound(function: ast.FunctionDef) -> bool:
    """Nothing is read that some path may not have bound, or that a `try` may have bound or not."""
    return _Bound(function).sound


class _Bound:
    def __init__(self, function: ast.FunctionDef) -> None:
        parameters = {a.arg for a in function.args.args}
        self.locals = parameters | _assigned(function.body)
        self.sound = True
        self.block(function.body, set(parameters))

    def block(self, body: Iterable[ast.stmt], bound: set[str]) -> set[str] | None:
        """What is bound at the end; None where that is never reached."""
        now: set[str] | None = bound
        for statement in body:
            if now is None:
                return None
            now = self.statement(statement, now)
        return now

    def statement(self, node: ast.stmt, bound: set[str]) -> set[str] | None:
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                after = self.read(test, bound)
                return _both(self.block(body, set(after)), self.block(orelse, set(after)))
            case ast.For(target=target, iter=iter, body=body):
                after = self.read(iter, bound)
                self.block(body, after | _assigned([ast.Assign([target], ast.Constant(1))]))
                return after
            case ast.While(test=test, body=body):
                after = self.read(test, bound)
                self.block(body, set(after))
                return after
            case ast.Try():
                return self.attempt(node, bound)
            case ast.Return() | ast.Raise() | ast.Break() | ast.Continue():
                self.read(node, bound)
                return None
            case ast.AugAssign(target=ast.Name(id=name)):
                self.sound = self.sound and name in bound
                return self.read(node.value, bound)
            case _:
                return self.read(node, bound) | _assigned([node])

    def attempt(self, node: ast.Try, bound: set[str]) -> set[str] | None:
        tried = self.block(node.body, set(bound))
        before = bound - _assigned(node.body)
        arms = [self.block(h.body, set(before)) for h in node.handlers]
        arms.append(None if tried is None else self.block(node.orelse, tried))
        rest = [s for h in node.handlers for s in h.body]
        last = self.block(node.finalbody, before - _assigned(rest) - _assigned(node.orelse))
        ends: set[str] | None = None
        for arm in arms:
            ends = _both(ends, arm)
        return None if last is None or ends is None else ends | _assigned(node.finalbody) & last

    def read(self, node: ast.AST, bound: set[str]) -> set[str]:
        """What is bound after an expression, of which every name must be."""
        inner = {n.id for c in ast.walk(node) if isinstance(c, ast.comprehension) for n in ast.walk(c.target) if isinstance(n, ast.Name)}
        made = {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr) and isinstance(n.target, ast.Name)}
        for name in ast.walk(node):
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load) and name.id in self.locals - inner - made:
                self.sound = self.sound and name.id in bound
        return bound | made


def _both(a: set[str] | None, b: set[str] | None) -> set[str] | None:
    return b if a is None else a if b is None else a & b


def _assigned(body: Iterable[ast.stmt]) -> set[str]:
    comprehensions = (ast.comprehension,)
    found: set[str] = set()
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, comprehensions):
            stack += [node.iter, *node.ifs]
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        # A mutation of a list or dict that a name owns is a new value of the name.
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            found.add(node.value.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in ("append", "extend", "update"):
            found.add(node.value.id)
        stack += ast.iter_child_nodes(node)
    return found
