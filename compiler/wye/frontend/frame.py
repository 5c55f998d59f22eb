"""The state that lowering one pipeline's body shares: its names, its nodes, and the services of the project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from wye.diagnostics import Label, Span
from wye.frontend.annotations import Annotations
from wye.frontend.constants import Constants
from wye.frontend.declarations import Declarations, PipelineDeclaration
from wye.frontend.inference import value_type
from wye.frontend.project import Module, Project
from wye.ir.expressions import children
from wye.ir.model import Builtin, Const, DictDisplay, Display, Expr, Item, Method, Node, Output, Param, Pipeline, Result, Star
from wye.runtime.values import CannotTravel, decode, encode


@dataclass(frozen=True, slots=True)
class Bound:
    """What a local name stands for now. `owned`: the name has the only reference to its list or dict."""

    value: Expr
    span: Span
    owned: bool = False


@dataclass
class Services:
    """What every body of one compile uses."""

    project: Project
    annotations: Annotations
    constants: Constants
    declarations: Declarations
    pipelines: dict[str, Pipeline | None] = field(default_factory=dict)
    """Lowered pipelines by id; None while one is being lowered (a second visit is recursion)."""


@dataclass
class Frame:
    """One pipeline's body while it is lowered."""

    services: Services
    declaration: PipelineDeclaration
    local_names: frozenset[str]
    env: dict[str, Bound] = field(default_factory=dict)
    inner: list[dict[str, Any]] = field(default_factory=list)
    """Names bound inside the expression at hand (lambda parameters, comprehension targets) with their types, innermost last."""
    nodes: list[Node] = field(default_factory=list)
    pending: list[tuple[int, Expr]] = field(default_factory=list)
    """Expressions that were written on their own, with their place among the nodes: they must be evaluated even if nobody uses them."""
    conditional: int = 0
    """Above zero where an operand may not be evaluated (the right of `and`, an arm of a ternary, …)."""
    _ids: dict[str, int] = field(default_factory=dict)

    @property
    def module(self) -> Module:
        return self.declaration.definition.module

    def error(self, code: str, message: str, node: cst.CSTNode | Span, *, help: str | None = None, labels: Iterable[Label] = ()) -> Const:
        """Record a problem; the value stands in for what could not be lowered."""
        span = node if isinstance(node, Span) else self.module.span(node)
        self.services.project.diagnostics.error(code, message, span, help=help, labels=labels)
        return Const("null", "any", span)

    def fresh(self, name: str) -> str:
        """An id that no node of this pipeline has: `train`, `train_2`, …; in ASCII, which every platform takes."""
        name = "".join(c if c.isascii() else "_" for c in name)
        count = self._ids.get(name, 0)
        while True:
            count += 1
            candidate = name if count == 1 else f"{name}_{count}"
            if candidate == name or candidate not in self._ids:
                break
        self._ids[name] = count
        self._ids.setdefault(candidate, 1)
        return candidate

    def must(self, iterable: Expr) -> None:
        """What a loop that is unrolled goes over is evaluated even if its items are not used."""
        match iterable:
            case Display() | DictDisplay() | Builtin() | Method() | Star():
                for part in children(iterable):
                    self.must(part)
            case _ if not is_value(iterable):
                self.pending.append((len(self.nodes), iterable))

    def const(self, value: Any, node: cst.CSTNode | Span) -> Const:
        span = node if isinstance(node, Span) else self.module.span(node)
        try:
            return Const(encode(value), value_type(value), span)
        except CannotTravel as error:
            return self.error("WYE3002", f"this constant cannot travel: {error}", span)


def is_value(expr: Expr) -> bool:
    """Whether evaluating it can neither fail nor cost anything."""
    return isinstance(expr, Const | Param | Output | Item | Result)


def constant(expr: Expr) -> tuple[bool, Any]:
    """(True, value) when an expression is a compile-time value."""
    match expr:
        case Const(text=text):
            return True, decode(text)
        case Display(kind=kind, items=items) if not any(isinstance(i, Star) for i in items):
            values = [constant(i) for i in items]
            if all(ok for ok, _ in values):
                plain = [v for _, v in values]
                if kind == "set":
                    return False, None
                return True, plain if kind == "list" else tuple(plain)
        case DictDisplay(items=items) if all(k is not None for k, _ in items):
            pairs = [(constant(k), constant(v)) for k, v in items if k is not None]
            if all(k[0] and v[0] for k, v in pairs):
                return True, {k[1]: v[1] for k, v in pairs}
    return False, None


def items_of(frame: Frame, expr: Expr) -> Iterator[Expr] | None:
    """The items of a value whose length is known at compile time; None when only a run can tell."""
    match expr:
        case Display(kind="list" | "tuple", items=items):
            return None if any(isinstance(i, Star) for i in items) else iter(items)
        case DictDisplay(items=pairs):
            return None if any(k is None for k, _ in pairs) else iter([k for k, _ in pairs if k is not None])
        case Const(span=span):
            value = constant(expr)[1]
            if isinstance(value, list | tuple | dict | str):
                return (frame.const(v, span) for v in value)
    return None
