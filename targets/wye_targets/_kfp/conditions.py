"""A condition in; a CEL expression over a task's inputs that is true exactly where Python's is, or None, out.

Between tasks a value is its wire text, which two equal values of one of these types share, and no other value of the type has:
equality is equality of texts. For the order of numbers, the task that makes one gives it in KFP's own type too, cut to what a double can
hold: beyond all constants that are taken here. A run parameter is in KFP's own type. Each row has a test against Python at its boundaries.
A constant is taken only if its text is of plain characters: kfp.local replaces operators in a condition also where they stand in
a string. Everything else is a predicate task, whose output is the text `true` or `false`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from wye.ir import model as ir
from wye.ir.expressions import Reference, constant
from wye.ir.model import Expr
from wye.runtime.types import Type
from wye.runtime.values import wire
from wye_targets._kfp.adapter import EXACT
from wye_targets._kfp.dags import TEXT, Kind

Order = Literal["", "low", "high"]
Operand = Callable[[Reference, Order], tuple[str, Kind] | None]
"""The CEL text of a value, and how it travels; None when it is no parameter. `low`, `high`: as a number that a comparison with a constant
finds where the value is: with NaN, which no comparison holds for, below or above all constants."""
_PLAIN = re.compile(r"(?!.*pipelinechannel)[A-Za-z0-9_.:/+@-]*")
_FALSE = {"none": ("null",), "bool": ("false",), "int": ("0",), "float": ("0.0", "-0.0"), "str": ('""',), "list": ("[]",), "dict": ("{}",)}
"""The texts of the values that are not true, by type."""
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Cel:
    """An expression; `op` is what it consists of, if more than one comparison."""

    text: str
    op: str = ""


def express(expr: Expr, operand: Operand) -> Cel | None:
    """Whether a value is true."""
    match expr:
        case ir.Cast(value=value, type="bool") if value.type == "bool":
            return express(value, operand)
        case ir.Builtin(name="bool", args=(value,), keywords=()):
            return express(value, operand)
        case ir.Unary(op="not", operand=value):
            inner = express(value, operand)
            return inner and negated(inner)
        case ir.Logical(op=op, operands=operands):
            return joined("&&" if op == "and" else "||", [express(e, operand) for e in operands])
        case ir.Compare(first=first, rest=rest):
            left = (first, *(e for _, e in rest))
            return joined("&&", [_compared(a, op, b, operand) for a, (op, b) in zip(left, rest)])
        case ir.Param() | ir.Output() | ir.Item() | ir.Carry() | ir.Result():
            return _truth(expr, operand)
        case _:
            return None


def known(value: Expr) -> bool:
    """Whether it is one of the conditions that the service itself evaluates: as `regions` decides, from the declared types alone."""

    def operand(reference: Reference, order: Order) -> tuple[str, Kind] | None:
        kind = {"bool": "BOOLEAN", "int": "NUMBER_INTEGER", "float": "NUMBER_DOUBLE"}.get(str(reference.type))
        if isinstance(reference, ir.Param) or order:
            return ("", Kind(kind, "value")) if kind and isinstance(reference, ir.Param | ir.Output) else None
        return ("", TEXT) if reference.format == "json" else None

    return express(value, operand) is not None


def negated(condition: Cel) -> Cel:
    return Cel(f"!({condition.text})")


def joined(op: str, parts: Sequence[Cel | None]) -> Cel | None:
    """All (`&&`) or any (`||`) of them; None when one is."""
    found = [p for p in parts if p]
    if len(found) < len(parts):
        return None
    if len(found) == 1:
        return found[0]
    return Cel(f" {op} ".join(p.text if p.op in ("", op) else f"({p.text})" for p in found), op)


def _truth(value: Reference, operand: Operand) -> Cel | None:
    found = operand(value, "")
    if found is None:
        return None
    text, kind = found
    match kind.how, kind.parameter:
        case "value", "BOOLEAN":
            return Cel(f"{text} == true")
        case "value", "NUMBER_INTEGER":
            return Cel(f"int({text}) != 0")
        case "value", "NUMBER_DOUBLE":
            return Cel(f"{text} != 0.0")
        case "text", _:
            if value.type == "bool":
                return Cel(f"{text} == 'true'")
            heads = _heads(value.type)
            if not heads <= _FALSE.keys():
                return None
            return joined("&&", [Cel(f"{text} != {_quoted(t)}") for h in sorted(heads) for t in _FALSE[h]])
        case _:
            return None


def _compared(left: Expr, op: str, right: Expr, operand: Operand) -> Cel | None:
    """One comparison of a value with a constant."""
    if isinstance(left, ir.Const) and isinstance(right, Reference) and op in (*_MIRRORED, "==", "!="):
        return _compared(right, _MIRRORED.get(op, op), left, operand)
    found = operand(left, "") if isinstance(left, Reference) else None
    if found is None or not isinstance(left, Reference):
        return None
    text, kind = found
    if op in ("in", "not in"):
        options = _options(right)
        inside = joined("||", [_equal(text, kind, left.type, c) for c in options]) if options else None
        return inside and (inside if op == "in" else negated(inside))
    if not isinstance(right, ir.Const):
        return None
    value = constant(right)
    if kind.how == "text" and (op in _MIRRORED or (left.type == "float" and op in ("==", "!="))):
        number = _number(value) and operand(left, "high" if op in ("<", "<=") else "low")
        return _ordered(*number, op, value) if number else None
    if op in _MIRRORED:
        return _ordered(text, kind, op, value)
    if op in ("is", "is not") and not (value is None or isinstance(value, bool)):
        return None
    equal = _equal(text, kind, left.type, value)
    return equal and (equal if op in ("==", "is") else Cel(equal.text.replace(" == ", " != ", 1)))


def _options(expr: Expr) -> list[Any] | None:
    if isinstance(expr, ir.Display) and expr.kind in ("list", "tuple") and all(isinstance(i, ir.Const) for i in expr.items):
        return [constant(i) for i in expr.items if isinstance(i, ir.Const)]
    if isinstance(expr, ir.Const):
        value = constant(expr)
        if isinstance(value, dict) and list(value) == ["$tuple"]:
            value = value["$tuple"]
        return value if isinstance(value, list) else None
    return None


def _equal(text: str, kind: Kind, t: Type, value: Any) -> Cel | None:
    """Only where the types are the same: `1 == True`, `1 == 1.0` are true in Python, and their texts differ."""
    name = "none" if value is None else type(value).__name__
    if kind.how == "value" and kind.parameter == "BOOLEAN":
        return Cel(f"{text} == {'true' if value else 'false'}") if name == "bool" else None
    if kind.how == "value":
        return _ordered(text, kind, "==", value)
    if kind.how != "text" or name not in ("none", "bool", "int", "str"):
        return None
    if name != "none" and not _heads(t) <= {name, "none"}:
        return None
    if name == "str" and not _PLAIN.fullmatch(value):
        return None
    return Cel(f"{text} == {_quoted(wire(value))}")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= EXACT


def _ordered(text: str, kind: Kind, op: str, value: Any) -> Cel | None:
    """A number in KFP's own type is a double: a constant that is one exactly."""
    match kind.parameter, value:
        case _ if kind.how != "value" or not _number(value):
            return None
        case "NUMBER_INTEGER", int():
            return Cel(f"int({text}) {op} {value}")
        case "NUMBER_DOUBLE", _:
            return Cel(f"{text} {op} {float(value)!r}")
        case _:
            return None


def _heads(t: Type) -> set[str]:
    """The types that a value may have."""
    if isinstance(t, str):
        return {t}
    if t[0] == "union":
        return {h for member in t[1:] for h in _heads(member)}
    if t[0] == "literal":
        return {"none" if v is None else type(v).__name__ for v in t[1:]}
    return {str(t[0])}


def _quoted(text: str) -> str:
    """A CEL string of plain characters, quotes and brackets."""
    assert "'" not in text, f"no constant of a condition: {text}"
    assert "\\" not in text, f"no constant of a condition: {text}"
    return f"'{text}'"
