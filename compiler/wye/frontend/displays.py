"""Items go in, list, tuple, set and dict displays with their static types come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from wye.diagnostics import Span
from wye.frontend import inference
from wye.ir.model import DictDisplay, Display, Expr, Star
from wye.runtime.types import Type


def display(kind: Literal["list", "tuple", "set"], items: Sequence[Expr], span: Span) -> Display:
    types = [inference.element(i.type) if isinstance(i, Star) else i.type for i in items]
    if kind == "tuple":
        starred = any(isinstance(i, Star) for i in items)
        type_: Type = ("tuple*", inference.join(*types)) if starred else ("tuple", *types)
    else:
        type_ = (kind, inference.join(*types) if types else "json")
    return Display(kind, tuple(items), type_, span)


def dict_display(pairs: Sequence[tuple[Expr | None, Expr]], span: Span) -> DictDisplay:
    values = [v.type if k is not None else (v.type[2] if isinstance(v.type, tuple) and v.type[0] == "dict" else "any") for k, v in pairs]
    keys = [k.type if k is not None else (v.type[1] if isinstance(v.type, tuple) and v.type[0] == "dict" else "any") for k, v in pairs]
    return DictDisplay(tuple(pairs), ("dict", inference.join(*keys), inference.join(*values)) if pairs else ("dict", "json", "json"), span)
