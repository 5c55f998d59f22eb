"""Loops over what is known at compile time: an iterable goes in, its items come out, one copy of the loop's body for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from wye.diagnostics import Span
from wye.frontend.displays import display
from wye.frontend.frame import Frame, constant, items_of, pairs_of
from wye.ir.model import Builtin, Expr, Method, Node

MAX_UNROLLED = 64


def known_items(frame: Frame, value: Expr) -> Iterable[Expr] | None:
    span = value.span
    match value:
        case Builtin(name="range", args=args, keywords=()):
            bounds = [constant(a) for a in args]
            if all(known and type(v) is int for known, v in bounds) and bounds:
                try:
                    numbers = range(*(v for _, v in bounds))
                except (TypeError, ValueError):
                    return None
                return _Consts(frame, numbers, span)
        case Builtin(name="enumerate", args=(inner, *rest), keywords=keywords):
            start = constant(rest[0] if rest else dict(keywords)["start"]) if rest or keywords else (True, 0)
            items = known_items(frame, inner)
            if items is not None and start[0] and type(start[1]) is int:
                return [display("tuple", [frame.const(i, span), item], span) for i, item in enumerate(items, start[1])]
        case Builtin(name="zip", args=args, keywords=()):
            columns = [known_items(frame, a) for a in args]
            if all(c is not None for c in columns):
                return [display("tuple", row, span) for row in zip(*(c for c in columns if c is not None))]
        case Builtin(name="reversed", args=(inner,)):
            items = known_items(frame, inner)
            return list(items)[::-1] if items is not None else None
        case Builtin(name="sorted", args=(inner,), keywords=()):
            known, plain = constant(inner)
            plain = plain if isinstance(plain, list | tuple | dict | str) else (None,)  # what else there is, a run looks at
            if known and (all(type(v) is str for v in plain) or all(type(v) is int for v in plain)):
                return [frame.const(v, span) for v in sorted(plain)]
        case Method(value=inner, name="items" | "keys" | "values" as name, args=()):
            pairs = pairs_of(frame, inner)
            if pairs is not None:
                if name == "items":
                    return [display("tuple", pair, span) for pair in pairs]
                return [k if name == "keys" else v for k, v in pairs]
        case _:
            return items_of(frame, value)
    return None


def limit(frame: Frame, starts: Sequence[int], width: int | None) -> None:
    """Keep at most `width` unrolled iterations running: each waits for the one `width` before it. `starts` are node counts."""
    if width is None:
        return
    nodes = frame.nodes
    bounds = [*starts, len(nodes)]
    for i in range(width, len(starts)):
        before = tuple(n.id for n in nodes[bounds[i - width] : bounds[i - width + 1]])
        for k in range(bounds[i], bounds[i + 1]):
            nodes[k] = with_after(nodes[k], before)


class _Consts(Sequence[Expr]):
    """The items of a range, made when they are read: a range may be huge."""

    def __init__(self, frame: Frame, numbers: range, span: Span) -> None:
        self._frame, self._numbers, self._span = frame, numbers, span

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return _Consts(self._frame, self._numbers[index], self._span)
        return self._frame.const(self._numbers[index], self._span)


def with_after(node: Node, ids: tuple[str, ...]) -> Node:
    return replace(node, after=tuple(dict.fromkeys((*node.after, *ids))))
