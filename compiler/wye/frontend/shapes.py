"""The shapes of statements, as written: where they can be left, what they change, what a loop goes over. No names are resolved here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import libcst as cst

from wye.frontend import inference
from wye.frontend.project import SMALL_STATEMENTS, bound_names, statements


def parts(source: cst.BaseExpression, count: int) -> list[cst.BaseExpression]:
    """What is written for each item of an unpacking, where that stands there one by one."""
    literal = isinstance(source, cst.Tuple | cst.List) and len(source.elements) == count
    if literal and not any(isinstance(e, cst.StarredElement) for e in source.elements):  # type: ignore[attr-defined]
        return [e.value for e in source.elements]  # type: ignore[attr-defined]
    return [source] * count


def otherwise(node: cst.If) -> Sequence[Any]:
    if node.orelse is None:
        return ()
    return (node.orelse,) if isinstance(node.orelse, cst.If) else list(node.orelse.body.body)


def leaves_always(body: Sequence[Any]) -> bool:
    """Whether statements end with a `return`, `break` or `continue` on every path."""
    if not body:
        return False
    last = body[-1]
    if isinstance(last, SMALL_STATEMENTS):
        return isinstance(last.body[-1], cst.Return | cst.Break | cst.Continue) if last.body else False
    if isinstance(last, cst.If):
        return leaves_always(last.body.body) and leaves_always(otherwise(last))
    return isinstance(last, cst.Return | cst.Break | cst.Continue)


def can_leave(body: Sequence[Any]) -> bool:
    """Whether a loop's body has a `break` of its own or a `return`, on a condition."""
    for node in body:
        for inner in node.body if isinstance(node, SMALL_STATEMENTS) else (node,):
            if isinstance(inner, cst.Return | cst.Break):
                return True
            if isinstance(inner, cst.For | cst.While):
                if any(isinstance(s, cst.Return) for s in statements([inner])):
                    return True
            elif isinstance(inner, cst.If | cst.Try) and can_leave([s for b in _suites(inner) for s in b.body]):
                return True
    return False


def _suites(node: cst.CSTNode) -> Iterator[cst.BaseSuite]:
    for child in node.children:
        if isinstance(child, cst.BaseSuite):
            yield child
        elif isinstance(child, cst.If):
            yield from _suites(child)
        elif isinstance(child, cst.Else | cst.Finally | cst.ExceptHandler):
            yield child.body


def received(body: Sequence[cst.BaseStatement | cst.BaseSmallStatement]) -> dict[str, int]:
    """The names that statements append to, extend, update or store into, with how often they do."""
    found: dict[str, int] = {}
    for statement in statements(body):
        name: cst.BaseExpression | None = None
        if isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Call) and isinstance(statement.value.func, cst.Attribute):
            func = statement.value.func
            name = func.value if func.attr.value in ("append", "extend", "update") else None
        elif isinstance(statement, cst.AugAssign) and isinstance(statement.operator, cst.AddAssign):
            name = statement.target
        elif isinstance(statement, cst.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0].target, cst.Subscript):
            name = statement.targets[0].target.value
        if isinstance(name, cst.Name):
            found[name.value] = found.get(name.value, 0) + 1
    return found


def changed_under(node: cst.For) -> set[str]:
    """The names whose list or dict a loop's body changes so that a loop over it would notice. It does not notice a new value of its key."""
    body = node.body.body
    changed = received(body)
    target = node.target
    if isinstance(target, cst.Tuple) and isinstance(node.iter, cst.Call) and len(target.elements) == 2:
        target = target.elements[0].value  # type: ignore[assignment]
    inside = list(statements(body))
    if isinstance(target, cst.Name) and target.value not in {n for s in inside for n in (*bound_names(s), *walrus_names(s))}:
        for statement in inside:
            store = statement.targets[0].target if isinstance(statement, cst.Assign) and len(statement.targets) == 1 else None
            if isinstance(store, cst.Subscript) and isinstance(store.value, cst.Name) and _at_key(store, target.value):
                changed[store.value.value] -= 1
    return {n for n, count in changed.items() if count}


def _at_key(store: cst.Subscript, key: str) -> bool:
    index = store.slice[0].slice
    return len(store.slice) == 1 and isinstance(index, cst.Index) and isinstance(index.value, cst.Name) and index.value.value == key


def gone_over(node: cst.BaseExpression) -> Iterator[cst.Name]:
    """The names whose own list or dict a loop over this expression goes over."""
    if isinstance(node, cst.Name):
        yield node
    elif isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in inference.VIEWS:
        yield from gone_over(node.func.value)
    elif isinstance(node, cst.Call) and isinstance(node.func, cst.Name | cst.Attribute):
        name = node.func.value if isinstance(node.func, cst.Name) else node.func.attr.value
        if name == "each" or name in inference.ITERATORS:
            for arg in node.args:
                yield from gone_over(arg.value)


def changes(node: cst.For | cst.While) -> tuple[tuple[str, ...], frozenset[str]]:
    """The names that a loop may change, and those of them that it only appends to or stores into."""
    suite = node.body.body
    into = received(suite)
    counter = _Uses(set(into))
    for statement in suite:
        statement.visit(counter)
    assigned = [n for s in statements([node]) for n in (*bound_names(s), *walrus_names(s))]
    only = frozenset(n for n, count in into.items() if counter.counts.get(n) == count)
    return tuple(dict.fromkeys([*assigned, *into])), only


def walrus_names(node: cst.CSTNode) -> Iterator[str]:
    """Names bound by `:=` in a statement's own expressions, or in an expression."""
    walrus = Walrus()
    node.visit(walrus)
    yield from walrus.names


class _Uses(cst.CSTVisitor):
    """Counts how often each of some names stands in the source."""

    def __init__(self, names: set[str]) -> None:
        self._names = names
        self.counts: dict[str, int] = {}

    def visit_Name(self, node: cst.Name) -> None:
        if node.value in self._names:
            self.counts[node.value] = self.counts.get(node.value, 0) + 1

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)  # not the attribute's name
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)  # not the keyword
        return False


class Walrus(cst.CSTVisitor):
    """Names bound by `:=` in the function itself."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        if isinstance(node.target, cst.Name):
            self.names[node.target.value] = None

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False
