"""Comprehensions as written go in: pure ones come out as one expression; those that call a step per item, as one copy per item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import libcst as cst

from wye.frontend import inference
from wye.frontend.displays import dict_display, display
from wye.frontend.frame import constant
from wye.frontend.project import target_names
from wye.frontend.unrolling import limit, unroll
from wye.ir.model import Clause, Comprehension, Expr
from wye.runtime.types import Type

if TYPE_CHECKING:
    from wye.frontend.expressions import Expressions

Comp: TypeAlias = cst.ListComp | cst.SetComp | cst.DictComp | cst.GeneratorExp


class Comprehensions:
    """Lowers the comprehensions of one pipeline's body."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions, self._frame = expressions, expressions.frame

    def lower(self, node: Comp) -> Expr:
        if self._repeats_a_step(node):
            return self._unrolled(node)
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

    def _repeats_a_step(self, node: Comp) -> bool:
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

    def _unrolled(self, node: Comp) -> Expr:
        """A comprehension that calls steps, over a list known at compile time: one copy of the element per item."""
        pairs: list[tuple[Expr | None, Expr]] = []

        def clause(comp: cst.CompFor | None) -> None:
            if comp is None:
                key = self._expressions.plain(node.key) if isinstance(node, cst.DictComp) else None
                pairs.append((key, self._expressions.plain(node.value if isinstance(node, cst.DictComp) else node.elt)))
                return
            iterable, width = self._expressions.calls.iterable(comp.iter)
            self._frame.must(iterable)
            starts: list[int] = []
            for item in unroll(self._frame, self._expressions, iterable, comp.iter):
                starts.append(len(self._frame.nodes))
                scope: dict[str, Any] = {}
                self.bind_inner(comp.target, item, scope)
                self._frame.inner.append(scope)
                keep = True
                for test in comp.ifs:
                    known, value = constant(self._expressions.plain(test.test))
                    if not known:
                        self._frame.error("WYE1011", "a filter on a run-time value is not compiled yet", test, help="filter in a step")
                    keep = keep and bool(value)
                if keep:
                    clause(comp.inner_for_in)
                self._frame.inner.pop()
            limit(self._frame, starts, width)

        clause(node.for_in)
        span = self._frame.module.span(node)
        if isinstance(node, cst.DictComp):
            return dict_display(pairs, span)
        return display("set" if isinstance(node, cst.SetComp) else "list", [v for _, v in pairs], span)

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
