"""The state that lowering one pipeline's body shares: its names, its nodes, and the services of the project."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import libcst as cst

from wye.diagnostics import Diagnostic, Label, Span
from wye.frontend.annotations import Annotations
from wye.frontend.constants import Constants
from wye.frontend.declarations import Declarations, PipelineDeclaration
from wye.frontend.inference import ITERATORS, SCALARS, VIEWS, value_type
from wye.frontend.project import Module, Project
from wye.ir.expressions import children, raises, raises_itself
from wye.ir.model import (
    Builtin,
    Carry,
    Comprehension,
    Compute,
    Const,
    DictDisplay,
    Display,
    Expr,
    Format,
    Item,
    Method,
    Node,
    Output,
    Param,
    Pipeline,
    Result,
    Star,
)  # fmt: skip
from wye.ir.settings import Settings
from wye.runtime.types import format_of
from wye.runtime.values import CannotTravel, decode, encode

RETURN, STOP, SKIP, VALUE = "return?", "stop?", "skip?", "return value"
"""What stands among a body's names for its exits: whether it has returned, has left the loop at hand (by `break` or `return`), has gone to
the next item, and what it returns. No identifiers, so no name of the user's is one of them."""
FLAGS = (RETURN, STOP, SKIP)


@dataclass(eq=False, slots=True)
class Work:
    """A block while it is lowered. `careful`: it stands inside a `try`, so what can raise is a task of its own, where it is written."""

    careful: bool = False
    nodes: list[Node] = field(default_factory=list)
    pending: list[tuple[int, Expr]] = field(default_factory=list)
    """Expressions that were written on their own, with their place among the nodes: they must be evaluated even if nobody uses them."""
    made: dict[int, tuple[int, Compute, Expr]] = field(default_factory=dict)
    """Expressions (by identity) that became tasks because a block inside reads them, with the place where they belong."""
    dead: bool = False
    """Its end is never reached: something in it always raises."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a local name stands for now. `owned`: the name has the only reference to its list or dict. `work` and `place` are where the
    value was made. `maybe`: some path does not bind it, and why; `lost`: those ways out of here on which it is not bound."""

    value: Expr
    span: Span
    owned: bool = False
    work: Work | None = None
    place: int = 0
    maybe: str | None = None
    lost: frozenset[str] = frozenset()


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
    works: list[Work] = field(default_factory=lambda: [Work()])
    """The blocks that are being lowered, innermost last."""
    conditional: int = 0
    """Above zero where an operand may not be evaluated (the right of `and`, an arm of a ternary, …)."""
    operands: int = 0
    """How many operands that may not be evaluated, and are blocks of their own, are around."""
    loops: int = 0
    """How many loops of this body are around."""
    watches: list[Watch] = field(default_factory=list)
    """The `try` statements around, outermost first."""
    reported: list[Diagnostic] = field(default_factory=list)
    """The problems that this body's lowering has recorded itself."""
    _ids: dict[str, int] = field(default_factory=dict)
    _locals: int = 0

    @property
    def work(self) -> Work:
        return self.works[-1]

    @property
    def nodes(self) -> list[Node]:
        return self.works[-1].nodes

    @property
    def pending(self) -> list[tuple[int, Expr]]:
        return self.works[-1].pending

    @property
    def module(self) -> Module:
        return self.declaration.definition.module

    def error(self, code: str, message: str, node: cst.CSTNode | Span, *, help: str | None = None, labels: Iterable[Label] = ()) -> Const:
        """Record a problem; the value stands in for what could not be lowered."""
        span = node if isinstance(node, Span) else self.module.span(node)
        self.reported.append(self.services.project.diagnostics.error(code, message, span, help=help, labels=labels))
        return Const("null", "any", span)

    def fresh(self, name: str) -> str:
        """An id that no node of this pipeline has: `train`, `train_2`, …; in ASCII, which every platform takes."""
        name = re.sub(r"[^A-Za-z0-9_]", "_", re.sub(r"\s+|\?", "", name)) or "value"
        count = self._ids.get(name, 0)
        while True:
            count += 1
            candidate = name if count == 1 else f"{name}_{count}"
            if candidate == name or candidate not in self._ids:
                break
        self._ids[name] = count
        self._ids.setdefault(candidate, 1)
        return candidate

    def region(self, kind: str) -> str:
        """An id for a region: `if_1`, `if_2`, …"""
        number = 1
        while f"{kind}_{number}" in self._ids:
            number += 1
        return self.fresh(f"{kind}_{number}")

    def local(self) -> str:
        """A name for use inside an expression that nothing in the module has."""
        while True:
            self._locals += 1
            if f"v{self._locals}" not in self.module.text:
                return f"v{self._locals}"

    def add(self, node: Node) -> None:
        """Append a task or a region to the block at hand."""
        self.note()
        self.nodes.append(node)

    def pend(self, expr: Expr) -> None:
        """Evaluate an expression here, even if nobody uses it."""
        if self.watches and raises(expr):
            self.note()
        self.pending.append((len(self.nodes), expr))

    def note(self) -> None:
        """Here something can raise: the `try` statements around learn what the names stand for."""
        for watch in self.watches:
            watch.note(self.env)

    def bind(self, name: str, value: Expr, span: Span, owned: bool = False) -> None:
        self.env[name] = Bound(value, span, owned, self.work, len(self.nodes))

    def read(self, name: str) -> Expr:
        """The value of a bound name as the block at hand may use it: what can raise is evaluated where it was written, not here."""
        bound = self.env[name]
        if bound.work is None or bound.work is self.work or is_value(bound.value) or not raises(bound.value):
            return bound.value
        return self.task(bound.work, bound.place, bound.value, name)

    def task(self, work: Work, place: int, value: Expr, name: str) -> Output:
        """The output of the task that evaluates an expression in its block, made when first asked for."""
        if id(value) not in work.made:
            work.made[id(value)] = (place, compute(self.fresh(name), value), value)
        made = work.made[id(value)][1]
        return Output(made.id, "out", made.type, made.format, value.span)

    def mark(self) -> Mark:
        """The state, to come back to when something is to be lowered again."""
        works = [(w, len(w.nodes), len(w.pending), dict(w.made)) for w in self.works]
        watches = [w.copy() for w in self.watches]
        return Mark(dict(self.env), len(self.inner), works, watches, len(self.reported), dict(self._ids), self._locals)

    def back(self, mark: Mark) -> None:
        self.env = dict(mark.env)
        del self.inner[mark.inner :]
        for work, nodes, pending, made in mark.works:
            del work.nodes[nodes:]
            del work.pending[pending:]
            work.made = dict(made)
        for watch, seen in zip(self.watches, mark.watches):
            watch.seen, watch.points = {name: list(known) for name, known in seen[0].items()}, seen[1]
        for found in self.reported[mark.reported :]:
            self.services.project.diagnostics.withdraw(found)
        del self.reported[mark.reported :]
        self._ids, self._locals = dict(mark.ids), mark.locals

    def must(self, iterable: Expr, item: bool = False) -> None:
        """What a loop that is unrolled goes over is evaluated even if its items are not used: what dissolves there (`known_items`), part by
        part; of an `item` only what it is a display of, for it may be unpacked."""
        match iterable:
            case Display() | DictDisplay() | Star():
                for part in children(iterable):
                    self.must(part, True)
                if item and not isinstance(iterable, Star) and raises_itself(iterable):  # what cannot be hashed
                    self.pend(iterable)
            case Builtin() | Method() if not item and _dissolves(iterable):
                for part in children(iterable):
                    self.must(part)
            case _ if not is_value(iterable):
                self.pend(iterable)

    def const(self, value: Any, node: cst.CSTNode | Span) -> Const:
        span = node if isinstance(node, Span) else self.module.span(node)
        try:
            return Const(encode(value), value_type(value), span)
        except CannotTravel as error:
            return self.error("WYE3002", f"this constant cannot travel: {error}", span)


@dataclass(eq=False, slots=True)
class Watch:
    """What each name stood for wherever something inside a `try` can raise; None: it was not bound there."""

    seen: dict[str, list[Bound | None]] = field(default_factory=dict)
    points: int = 0

    def note(self, env: dict[str, Bound]) -> None:
        for name, bound in env.items():
            known = self.seen.setdefault(name, [None] if self.points else [])
            if not any(k is not None and k.value is bound.value and k.maybe == bound.maybe for k in known):
                known.append(bound)
        for name, known in self.seen.items():
            if name not in env and None not in known:
                known.append(None)
        self.points += 1

    def copy(self) -> tuple[dict[str, list[Bound | None]], int]:
        return {name: list(known) for name, known in self.seen.items()}, self.points


@dataclass(frozen=True, slots=True)
class Mark:
    """A state of a frame."""

    env: dict[str, Bound]
    inner: int
    works: list[tuple[Work, int, int, dict[int, tuple[int, Compute, Expr]]]]
    watches: list[tuple[dict[str, list[Bound | None]], int]]
    reported: int
    ids: dict[str, int]
    locals: int


def compute(id: str, value: Expr, format: Format | None = None) -> Compute:
    """An expression as a task. What can be iterated over only once is a list there."""
    if isinstance(value, Comprehension) and value.kind == "generator":
        value = replace(value, kind="list")
    elif (isinstance(value, Builtin) and value.name in ITERATORS) or (isinstance(value, Method) and value.name in VIEWS and not value.args):
        value = Builtin("list", (value,), (), value.type, value.span)
    return Compute(id, value, format or format_of(value.type), value.type, Settings(), None, (), value.span)  # type: ignore[arg-type]


def _dissolves(iterable: Expr) -> bool:
    """Whether a loop that is unrolled may see through it."""
    match iterable:
        case Builtin(name=name):
            return name in {*ITERATORS, "range", "sorted"}
        case Method(name=name, args=args):
            return name in VIEWS and not args
        case _:
            return False


def is_value(expr: Expr) -> bool:
    """Whether evaluating it can neither fail nor cost anything."""
    return isinstance(expr, Const | Param | Output | Item | Carry | Result)


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
            if all(k[0] and v[0] and _hashable(k[1]) for k, v in pairs):
                return True, {k[1]: v[1] for k, v in pairs}
    return False, None


def _hashable(value: Any) -> bool:
    """Whether it can be a key: a tuple can when all in it can."""
    return all(map(_hashable, value)) if isinstance(value, tuple) else not isinstance(value, list | dict | set)


def items_of(frame: Frame, expr: Expr) -> Iterator[Expr] | None:
    """The items of a value whose length is known at compile time; None when only a run can tell."""
    match expr:
        case Display(kind="list" | "tuple", items=items):
            return None if any(isinstance(i, Star) for i in items) else iter(items)
        case DictDisplay():
            pairs = pairs_of(frame, expr)
            return None if pairs is None else iter([k for k, _ in pairs])
        case Const(span=span):
            value = constant(expr)[1]
            if isinstance(value, list | tuple | dict | str):
                return (frame.const(v, span) for v in value)
    return None


def pairs_of(frame: Frame, expr: Expr) -> list[tuple[Expr, Expr]] | None:
    """The items of a dict whose keys are known at compile time, as Python has them: of equal keys the first, with the value of the last.
    None when only a run can tell, or a value is overwritten whose evaluation may fail."""
    if isinstance(expr, DictDisplay):
        items = list(expr.items)
        if len(items) == 1 and items[0][0] is not None and items[0][0].type in SCALARS:
            return [(items[0][0], items[0][1])]
        found: dict[Any, tuple[Expr, Expr]] = {}
        for key, value in items:
            inner = pairs_of(frame, value) if key is None else [(key, value)]
            for k, v in inner if inner is not None else ():
                known, plain = constant(k)
                if not known or not _hashable(plain) or (plain in found and not is_value(found[plain][1])):
                    return None
                found[plain] = (found[plain][0] if plain in found else k, v)
            if inner is None:
                return None
        return list(found.values())
    known, plain = constant(expr)
    if known and isinstance(plain, dict):
        return [(frame.const(k, expr.span), frame.const(v, expr.span)) for k, v in plain.items()]
    return None
