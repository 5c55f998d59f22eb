"""What the iterations of a map leave goes in; what the names stand for after it, as expressions over its results, comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from wye.diagnostics import Span
from wye.frontend import inference
from wye.frontend.displays import dict_display, display
from wye.frontend.frame import Frame
from wye.frontend.regions import boolean, travels
from wye.ir.expressions import Key, Reference, key, rewrite, substitute, walk
from wye.ir.model import (
    Builtin,
    Clause,
    Comprehension,
    DictDisplay,
    Display,
    Expr,
    Format,
    Index,
    Item,
    Lambda,
    Local,
    Method,
    Result,
    Select,
    Star,
)  # fmt: skip
from wye.ir.nodes import source
from wye.runtime.types import Type


@dataclass(slots=True)
class Carried:
    """A name that an iteration may find as an earlier one left it."""

    name: str
    initial: Expr
    span: Span
    type: Type
    format: Format
    owned: bool
    was_owned: bool = False
    """Before the loop; `owned`: before every iteration."""
    maybe: str | None = None
    """An iteration may leave it unbound, or nobody knows with which value: why."""


@dataclass(slots=True)
class Leaves:
    """What a loop's expressions read of one iteration: it becomes the results of the map, and a name in the expression outside."""

    frame: Frame
    region: str
    over: Expr
    inner: frozenset[str]
    found: dict[Key, tuple[Reference, str]] = field(default_factory=dict)

    def outside(self, value: Expr, also: Callable[[Reference], Expr | None] = lambda r: None) -> Expr:
        def local(r: Reference) -> Expr | None:
            item = isinstance(r, Item) and r.region == self.region
            if not item and source(r) not in self.inner:
                return also(r)
            if key(r) not in self.found:
                self.found[key(r)] = (r, self.frame.local())
            return Local(self.found[key(r)][1], r.type, r.span)

        return substitute(value, local)

    def yields(self) -> list[Reference]:
        return [r for r, _ in self.found.values() if not isinstance(r, Item) or r.region != self.region]

    def columns(self, values: Sequence[Expr]) -> tuple[str, Expr]:
        """The names of these leaves as a comprehension's target, and what goes over their values, one iteration's after the other's."""
        used = {e.name for v in values for e in _walk_locals(v)}
        results = {key(r): i for i, r in enumerate(self.yields())}
        chosen = [(r, name) for r, name in self.found.values() if name in used]
        lists: list[Expr] = []
        for r, _ in chosen:
            lists.append(self.result(results[key(r)], r) if key(r) in results else self.over)
        if not chosen:
            return "_", self.over
        if len(chosen) == 1:
            return chosen[0][1], lists[0]
        type_: Type = ("list", ("tuple", *(r.type for r, _ in chosen)))
        return ", ".join(name for _, name in chosen), Builtin("zip", tuple(lists), (), type_, self.over.span)

    def result(self, index: int, leaf: Reference) -> Result:
        return Result(self.region, index, ("list", leaf.type), cast(Format, travels(leaf) + "*"), leaf.span)


class Gather:
    """Makes these expressions for one pipeline's body."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame

    def fold(self, folded: list[Carried], steps: tuple[str, list[Expr]], leaves: Leaves, span: Span) -> list[tuple[str, Expr]]:
        if not folded:
            return []
        state, values = steps
        targets, columns = leaves.columns(values)
        names = [] if targets == "_" else targets.split(", ")
        item = self.frame.local()
        types = {name: r.type for r, name in leaves.found.values()}
        element = types[names[0]] if len(names) == 1 else ("tuple", *(types[n] for n in names))

        def renamed(value: Expr) -> Expr:
            local = Local(item, element, span)

            def change(e: Expr) -> Expr:
                if not isinstance(e, Local) or e.name not in names:
                    return e
                if len(names) == 1:
                    return replace(local, type=e.type)
                return Index(local, self.frame.const(names.index(e.name), span), e.type, span)

            return rewrite(value, change)

        values = [renamed(v) for v in values]
        one = len(folded) == 1
        types_ = tuple(c.type for c in folded)
        body = values[0] if one else display("tuple", values, span)
        start = folded[0].initial if one else display("tuple", [c.initial for c in folded], span)
        whole: Type = types_[0] if one else ("tuple", *types_)
        function = Lambda((state, item), body, "any", span)
        made = Builtin("_reduce", (function, columns, start), (), whole, span)
        if one:
            return [(folded[0].name, made)]
        task = self.frame.task(self.frame.work, len(self.frame.nodes), made, f"{leaves.region}_{folded[0].name}")
        return [(c.name, Index(task, self.frame.const(i, span), c.type, span)) for i, c in enumerate(folded)]

    def gathered(self, before: Expr, contribution: Expr, leaves: Leaves, span: Span) -> Expr:
        """A list or dict after a loop that added to it in every iteration."""
        targets, columns = leaves.columns([contribution])
        if isinstance(contribution, Display) and len(contribution.items) == 1 and not isinstance(contribution.items[0], Star):
            (item,) = contribution.items
            whole: Expr = columns
            if not (isinstance(item, Local) and item.name == targets):
                whole = Comprehension("list", None, item, (Clause(targets, columns, ()),), ("list", item.type), span)
            return self._continued(before, whole, span)
        if inference.kind_of(contribution.type) == "dict":
            if isinstance(contribution, DictDisplay) and len(contribution.items) == 1 and contribution.items[0][0] is not None:
                k, v = contribution.items[0]
                assert k is not None
                made = Comprehension("dict", k, v, (Clause(targets, columns, ()),), ("dict", k.type, v.type), span)
                return made if isinstance(before, DictDisplay) and not before.items else dict_display([(None, before), (None, made)], span)
            chunk, pair = self.frame.local(), contribution.type
            chunks = Comprehension("list", None, contribution, (Clause(targets, columns, ()),), ("list", pair), span)
            if isinstance(contribution, Local):
                chunks = columns  # type: ignore[assignment]
            kv = [self.frame.local(), self.frame.local()]
            types: tuple[Type, Type] = (pair[1], pair[2]) if isinstance(pair, tuple) and len(pair) == 3 else ("any", "any")
            items = Builtin("list", (_items(Local(chunk, pair, span), types),), (), ("list", ("tuple", *types)), span)
            clauses = (Clause(chunk, chunks, ()), Clause(", ".join(kv), items, ()))
            made = Comprehension("dict", Local(kv[0], types[0], span), Local(kv[1], types[1], span), clauses, ("dict", *types), span)
            return made if isinstance(before, DictDisplay) and not before.items else dict_display([(None, before), (None, made)], span)
        name = self.frame.local()
        element = inference.element(contribution.type)
        clauses = (Clause(targets, columns, ()), Clause(name, contribution, ()))
        if isinstance(contribution, Local) and contribution.name == targets:
            clauses = (Clause(targets, columns, ()), Clause(name, contribution, ()))
        flat = Comprehension("list", None, Local(name, element, span), clauses, ("list", element), span)
        return self._continued(before, flat, span)

    def _continued(self, before: Expr, more: Expr, span: Span) -> Expr:
        if isinstance(before, Display) and not before.items:
            return more
        head = before.items if isinstance(before, Display) and before.kind == "list" else (Star(before, before.type, span),)
        return display("list", [*head, Star(more, more.type, span)], span)

    def last(self, value: Expr, before: Expr, leaves: Leaves, span: Span) -> Expr:
        """A name that every iteration binds anew: the last one's value, or that from before when there was none."""
        targets, columns = leaves.columns([value])
        whole: Expr = columns
        if not (isinstance(value, Local) and value.name == targets):
            whole = Comprehension("list", None, value, (Clause(targets, columns, ()),), ("list", value.type), span)
        last = Index(whole, self.frame.const(-1, span), value.type, span)
        return Select(boolean(_told_by(columns)), last, before, inference.join(value.type, before.type), span)


def _told_by(columns: Expr) -> Expr:
    """What tells whether there was an iteration: one of the zipped lists is enough."""
    return columns.args[0] if isinstance(columns, Builtin) and columns.name == "zip" else columns


def _items(value: Expr, types: tuple[Type, Type]) -> Expr:
    return Method(value, "items", (), (), ("list", ("tuple", *types)), value.span)


def _walk_locals(value: Expr) -> Iterable[Local]:
    return (e for e in walk(value) if isinstance(e, Local))
