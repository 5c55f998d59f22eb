"""Comprehensions as written go in: pure ones come out as one expression; those that call a step for their items, as loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import libcst as cst

from wye.frontend import inference
from wye.frontend.displays import dict_display, display
from wye.frontend.frame import constant
from wye.frontend.loops import Loop
from wye.frontend.project import target_names
from wye.frontend.unrolling import MAX_UNROLLED, known_items, limit
from wye.ir.model import Builtin, Clause, Comprehension, DictDisplay, Display, Expr, Star
from wye.runtime.types import Type

if TYPE_CHECKING:
    from wye.frontend.expressions import Expressions

Comp: TypeAlias = cst.ListComp | cst.SetComp | cst.DictComp | cst.GeneratorExp


class Comprehensions:
    """Lowers the comprehensions of one pipeline's body."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions, self._frame = expressions, expressions.frame

    def lower(self, node: Comp) -> Expr:
        if self.repeats_a_step(node):
            return self._repeated(node)
        clauses: list[Clause] = []
        scopes = 0
        comp: cst.CompFor | None = node.for_in
        while comp is not None:
            if comp.asynchronous:
                self._frame.error("WYE1010", "`async for` is not part of a pipeline", comp)
            self._frame.conditional += bool(clauses)
            iterable = self._expressions.lower(comp.iter)
            self._frame.conditional -= bool(clauses)
            self._expressions.iterable(iterable, comp.iter)
            self._frame.inner.append(self._targets(comp.target, inference.element(iterable.type)))
            scopes += 1
            self._frame.conditional += 1
            conditions = tuple(self._expressions.plain(c.test) for c in comp.ifs)
            self._frame.conditional -= 1
            clauses.append(Clause(_target_text(comp.target), iterable, conditions))
            comp = comp.inner_for_in
        self._frame.conditional += 1
        key = self._expressions.plain(node.key) if isinstance(node, cst.DictComp) else None
        element = self._expressions.plain(node.value if isinstance(node, cst.DictComp) else node.elt)
        self._frame.conditional -= 1
        del self._frame.inner[-scopes:]
        kind: Literal["list", "set", "dict", "generator"]
        type_: Type
        if isinstance(node, cst.DictComp):
            assert key is not None
            kind, type_ = "dict", ("dict", key.type, element.type)
        elif isinstance(node, cst.SetComp):
            kind, type_ = "set", ("set", element.type)
        else:
            kind, type_ = "generator" if isinstance(node, cst.GeneratorExp) else "list", ("list", element.type)
        return Comprehension(kind, key, element, tuple(clauses), type_, self._frame.module.span(node))

    def repeats_a_step(self, node: Comp) -> bool:
        """Whether a step is called once per item: anywhere but in the first iterable, which is evaluated once."""
        parts: list[cst.CSTNode] = [node.key, node.value] if isinstance(node, cst.DictComp) else [node.elt]
        comp: cst.CompFor | None = node.for_in
        while comp is not None:
            parts += [*comp.ifs, *([comp.iter] if comp is not node.for_in else [])]
            comp = comp.inner_for_in
        return any(self._expressions.calls.calls_a_step(p) for p in parts)

    def _targets(self, target: cst.BaseAssignTargetExpression, element: Type) -> dict[str, Any]:
        if isinstance(target, cst.Name):
            return {target.value: element}
        if (
            isinstance(target, cst.Tuple | cst.List)
            and isinstance(element, tuple)
            and element[0] == "tuple"
            and len(element) - 1 == len(target.elements)
        ):
            scope: dict[str, Any] = {}
            for inner, t in zip(target.elements, element[1:]):
                if isinstance(inner.value, cst.Name | cst.Tuple | cst.List):
                    scope |= self._targets(inner.value, t)
            return scope
        if not isinstance(target, cst.Tuple | cst.List):
            self._frame.error("WYE1017", "a comprehension binds plain names only", target)
        return dict.fromkeys(target_names(target), "any")

    def _repeated(self, node: Comp) -> Expr:
        """A comprehension that calls a step for its items: a loop that adds to a list or dict of its own."""
        frame, span = self._frame, self._frame.module.span(node)
        name = f" items {len(frame.env)}"
        frame.bind(name, dict_display([], span) if isinstance(node, cst.DictComp) else display("list", [], span), span, owned=True)
        self._clause(node, node.for_in, name)
        value = frame.env.pop(name).value
        if not isinstance(node, cst.SetComp):
            return value
        if isinstance(value, Display) and not any(isinstance(i, Star) for i in value.items):
            return display("set", value.items, span)
        return Builtin("set", (value,), (), ("set", inference.element(value.type)), span)

    def _clause(self, node: Comp, comp: cst.CompFor | None, name: str) -> None:
        frame = self._frame
        if comp is None:
            self._add(node, name)
            return
        if comp.asynchronous:
            frame.error("WYE1010", "`async for` is not part of a pipeline", comp)
        iterable, width = self._expressions.calls.iterable(comp.iter)
        frame.must(iterable)
        self._expressions.iterable(iterable, comp.iter)

        def bind(item: Expr) -> None:
            scope: dict[str, Any] = {}
            self.bind_inner(comp.target, item, scope)
            frame.inner.append(scope)

        def body() -> None:
            self._filtered(comp.ifs, lambda: self._clause(node, comp.inner_for_in, name))
            frame.inner.pop()

        found = known_items(frame, iterable)
        items = found if found is None or isinstance(found, Sequence) else list(found)
        if items is None or len(items) > MAX_UNROLLED:
            span = frame.module.span(comp)
            self._expressions.loops.over_items(iterable, width, Loop(span, bind, body, (name,), frozenset({name})))
            return
        starts: list[int] = []
        for item in items:
            starts.append(len(frame.nodes))
            bind(item)
            body()
        limit(frame, starts, width)

    def _filtered(self, tests: Sequence[cst.CompIf], then: Callable[[], None]) -> None:
        if not tests:
            then()
            return
        condition = self._expressions.plain(tests[0].test)
        known, value = constant(condition)
        if known:
            if value:
                self._filtered(tests[1:], then)
            return
        span = self._frame.module.span(tests[0].test)
        self._expressions.regions.branch(condition, lambda: self._filtered(tests[1:], then), lambda: None, span)

    def _add(self, node: Comp, name: str) -> None:
        frame, span = self._frame, self._frame.module.span(node)
        if isinstance(node, cst.DictComp):
            pair = (self._expressions.plain(node.key), self._expressions.plain(node.value))
            before = frame.read(name)
            pairs = before.items if isinstance(before, DictDisplay) else ((None, before),)
            new: Expr = dict_display([*pairs, pair], span)
        else:
            item = self._expressions.plain(node.elt)
            before = frame.read(name)
            items = before.items if isinstance(before, Display) else (Star(before, before.type, span),)
            new = display("list", [*items, item], span)
        frame.pend(new)
        frame.bind(name, new, span, owned=True)

    def bind_inner(self, target: cst.BaseExpression, value: Expr, scope: dict[str, Any]) -> None:
        if isinstance(target, cst.Name):
            scope[target.value] = value
        elif isinstance(target, cst.Tuple | cst.List):
            for element, item in zip(target.elements, self._expressions.unpack(value, target)):
                self.bind_inner(element.value, item, scope)
        else:
            self._frame.error("WYE1017", "a comprehension binds plain names only", target)


def _target_text(target: cst.CSTNode) -> str:
    if isinstance(target, cst.Name):
        return target.value
    if isinstance(target, cst.StarredElement):
        return "*" + _target_text(target.value)
    if isinstance(target, cst.Tuple | cst.List):
        inner = ", ".join(
            f"({_target_text(e.value)})"
            if isinstance(e.value, cst.Tuple | cst.List)
            else _target_text(e if isinstance(e, cst.StarredElement) else e.value)
            for e in target.elements
        )
        return inner + ("," if len(target.elements) == 1 else "")
    return "_"
