"""Helpers over expressions: an expression in; its children, a rewritten copy, its references, its size, or whether it can raise, out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from typing import Any, TypeAlias, TypeVar, get_args

from wye.ir import model as ir
from wye.ir.model import Expr
from wye.runtime.types import Type

Reference: TypeAlias = ir.Param | ir.Output | ir.Item | ir.Carry | ir.Result
Key: TypeAlias = tuple[str | int, ...]
"""What a reference refers to, without its type and span."""

T = TypeVar("T")

REFERENCES: tuple[type, ...] = get_args(Reference)
_EXPRESSIONS: tuple[Any, ...] = get_args(Expr)
_HOLDERS: tuple[Any, ...] = (*_EXPRESSIONS, ir.Clause, ir.FormatField)
_PLAIN = {"type", "span", "format", "op", "kind", "name", "cls", "count", "star", "parameters", "conversion", "targets"}
# Which fields of each class may hold expressions: none of a leaf's, else everything that is not plain data.
_SLOTS: dict[type, tuple[str, ...]] = {
    cls: () if cls in (ir.Const, *REFERENCES, ir.Local, ir.Member) else tuple(f.name for f in fields(cls) if f.name not in _PLAIN)
    for cls in _HOLDERS
}


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct operands, in the order of the fields (which is the order of evaluation, but for `Select` and comprehensions)."""
    found: list[Expr] = []
    for slot in _SLOTS[type(expr)]:
        _collect(getattr(expr, slot), found)
    return tuple(found)


def _collect(value: Any, found: list[Expr]) -> None:
    if isinstance(value, _EXPRESSIONS):
        found.append(value)
    elif isinstance(value, tuple):
        for v in value:
            _collect(v, found)
    elif isinstance(value, ir.Clause | ir.FormatField):
        for slot in _SLOTS[type(value)]:
            _collect(getattr(value, slot), found)


def evaluated(expr: Expr) -> tuple[Expr, ...]:
    """The operands that are evaluated whenever the expression is."""
    match expr:
        case ir.Select(condition=condition):
            return (condition,)
        case ir.Logical(operands=operands):
            return operands[:1]
        case ir.Compare(first=first, rest=rest):
            return (first, rest[0][1])
        case ir.Lambda():
            return ()
        case ir.Comprehension(clauses=clauses):
            return (clauses[0].iterable,)
        case _:
            return children(expr)


def rebuild(expr: Expr, operands: Iterable[Expr]) -> Expr:
    """The same expression with other operands, given in the order of `children`."""
    rest = iter(operands)
    return _refill(expr, rest, top=True)  # type: ignore[no-any-return]


def _refill(value: Any, rest: Iterator[Expr], top: bool = False) -> Any:
    if isinstance(value, _EXPRESSIONS) and not top:
        return next(rest)
    if isinstance(value, tuple):
        return tuple(_refill(v, rest) for v in value)
    if isinstance(value, _HOLDERS):
        new = {slot: _refill(getattr(value, slot), rest) for slot in _SLOTS[type(value)]}
        return replace(value, **new) if new else value
    return value


def fold(expr: Expr, visit: Callable[[Expr, list[T]], T], operands: Callable[[Expr], tuple[Expr, ...]] = children) -> T:
    """`visit(node, results of its operands)` from the leaves up, without recursion; returns the root's result."""
    stack: list[tuple[Expr, tuple[Expr, ...], int]] = [(expr, operands(expr), 0)]
    done: list[T] = []
    while stack:
        node, below, at = stack.pop()
        if at < len(below):
            stack.append((node, below, at + 1))
            stack.append((below[at], operands(below[at]), 0))
        else:
            start = len(done) - len(below)
            results = done[start:]
            del done[start:]
            done.append(visit(node, results))
    return done[0]


def rewrite(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """A copy with `change` applied to every node, operands first. What does not change is kept as the same object."""

    def visit(node: Expr, operands: list[Expr]) -> Expr:
        if any(a is not b for a, b in zip(operands, children(node))):
            node = rebuild(node, operands)
        return change(node)

    return fold(expr, visit)


def substitute(expr: Expr, values: Callable[[Reference], Expr | None]) -> Expr:
    """A copy in which each reference for which `values` gives an expression is that expression."""
    return rewrite(expr, lambda e: (values(e) or e) if isinstance(e, Reference) else e)


def walk(expr: Expr) -> Iterator[Expr]:
    """Every node, from left to right, parents first."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def references(expr: Expr) -> tuple[Reference, ...]:
    """The references, each occurrence, from left to right."""
    return tuple(e for e in walk(expr) if isinstance(e, Reference))


def size(expr: Expr) -> int:
    """The number of nodes."""
    return sum(1 for _ in walk(expr))


def key(reference: Reference) -> Key:
    match reference:
        case ir.Param(name=name):
            return ("param", name)
        case ir.Output(task=task, name=name):
            return ("output", task, name)
        case ir.Item(region=region):
            return ("item", region)
        case ir.Carry(region=region, index=index):
            return ("carry", region, index)
        case ir.Result(region=region, index=index):
            return ("result", region, index)


def constant(expr: ir.Const) -> Any:
    """The codec JSON of a constant."""
    return json.loads(expr.text)


# --- what cannot raise ----------------------------------------------------------------------------------------------------------

# Types whose truth, equality and length run no code of a class, and cannot overflow. Decimal is not here: a signalling NaN raises.
_SAFE = frozenset({"none", "bool", "int", "float", "str", "bytes"})
_HASHABLE = _SAFE | {"date", "datetime", "time", "timedelta", "uuid", "complex"}
_SEQUENCES = ("str", "bytes", "list", "tuple", "tuple*")
_CONTAINERS = (*_SEQUENCES, "dict", "set", "frozenset")
# Methods of str with the fewest and the most arguments, all of them str, with which they cannot raise.
_STR_METHODS = {
    **dict.fromkeys(("lower", "upper", "casefold", "swapcase", "title", "capitalize"), (0, 0)),
    **dict.fromkeys(("isdigit", "isalpha", "isalnum", "isspace", "islower", "isupper", "isidentifier"), (0, 0)),
    **dict.fromkeys(("strip", "lstrip", "rstrip"), (0, 1)),
    **dict.fromkeys(("startswith", "endswith"), (1, 1)),
}


def head(t: Type) -> str:
    return t if isinstance(t, str) else str(t[0])


def _alternatives(t: Type) -> tuple[Type, ...]:
    if head(t) == "union":
        return tuple(a for member in t[1:] for a in _alternatives(member))
    if head(t) == "literal":
        return tuple("none" if v is None else type(v).__name__ for v in t[1:])
    return (t,)


def _all(t: Type, among: Iterable[str]) -> bool:
    return all(head(a) in among for a in _alternatives(t))


def _safe(t: Type) -> bool:
    """Whether truth and equality of its values cannot raise, all the way down."""
    return all(head(a) in _SAFE or (head(a) in _CONTAINERS and all(_safe(b) for b in a[1:])) for a in _alternatives(t))


def _hashable(t: Type) -> bool:
    return all(head(a) in _HASHABLE or (head(a) in ("tuple", "tuple*") and all(_hashable(b) for b in a[1:])) for a in _alternatives(t))


def _ordered(a: Type, b: Type) -> bool:
    return any(_all(a, kind) and _all(b, kind) for kind in (("bool", "int", "float"), ("str",), ("bytes",)))


def raises(expr: Expr) -> bool:
    """Whether evaluation might raise. Conservative: False only where a row of the table below says that it cannot."""
    return any(not _total(e) for e in walk(expr))


def raises_itself(expr: Expr) -> bool:
    """Whether this operation might raise when its operands did not."""
    return not _total(expr)


def _total(expr: Expr) -> bool:
    """Whether this operation cannot raise when its operands did not."""
    match expr:
        case ir.Const() | ir.Param() | ir.Output() | ir.Item() | ir.Carry() | ir.Result() | ir.Local() | ir.Member():
            return True
        case ir.Unary(op="not", operand=a):
            return _safe(a.type)
        case ir.Unary(op="-" | "+", operand=a):
            return _all(a.type, ("bool", "int", "float"))
        case ir.Unary(operand=a):
            return _all(a.type, ("int",))
        case ir.Binary(op=op, left=a, right=b):
            return _total_binary(op, a.type, b.type)
        case ir.Compare(first=a, rest=rest):
            operands = [a, *(e for _, e in rest)]
            return all(_total_compare(op, x.type, y.type) for (op, y), x in zip(rest, operands))
        case ir.Logical(operands=operands):
            return all(_safe(o.type) for o in operands)
        case ir.Select(condition=condition):
            return _safe(condition.type)
        case ir.Index(value=value, index=ir.Const() as index):
            return _within(value, constant(index))
        case ir.Index(value=value, index=ir.Slice(lower=a, upper=b, step=None)):
            return _all(value.type, _SEQUENCES) and all(e is None or _all(e.type, ("int", "bool", "none")) for e in (a, b))
        case ir.Slice():
            return True
        case ir.Display(kind="list" | "tuple"):
            return True
        case ir.Display(items=items):
            return all(not isinstance(i, ir.Star) and _hashable(i.type) for i in items)
        case ir.Star(value=a):
            return _all(a.type, _CONTAINERS)
        case ir.DictDisplay(items=items):
            return all(_hashable(k.type) if k else _all(v.type, ("dict",)) for k, v in items)
        case ir.FormatString(parts=parts):
            # not int: turning one of more than 4300 digits into text raises
            return all(isinstance(p, str) or (not p.spec and _all(p.value.type, ("str", "bool", "none", "float"))) for p in parts)
        case ir.Builtin(name="len", args=(a,), keywords=()):
            return _all(a.type, _CONTAINERS)
        case ir.Builtin(name="bool", args=(a,), keywords=()):
            return _safe(a.type)
        case ir.Builtin(name="str" | "repr", args=(a,), keywords=()):
            return _all(a.type, ("str", "bool", "none", "float"))
        case ir.Builtin(name="list" | "tuple", args=(a,), keywords=()):
            return _all(a.type, _CONTAINERS)
        case ir.Builtin(name="abs", args=(a,), keywords=()):
            return _all(a.type, ("bool", "int", "float"))
        case ir.Method(value=value, name="get", args=(k,) | (k, _), keywords=()):
            return _all(value.type, ("dict",)) and _hashable(k.type)
        case ir.Method(value=value, name="keys" | "values" | "items", args=(), keywords=()):
            return _all(value.type, ("dict",))
        case ir.Method(value=value, name=name, args=args, keywords=()):
            fewest, most = _STR_METHODS.get(name, (1, 0))
            return fewest <= len(args) <= most and all(_all(e.type, ("str",)) for e in (value, *args))
        case ir.Construct():
            return True  # the front end makes only classes without code of their own, and has checked the arguments' names
        case ir.Unpack(value=value, count=count, star=None):
            return head(value.type) == "tuple" and len(value.type) == count + 1
        case ir.Cast(value=value, type=t):
            return value.type == t or _widens(value.type, t)
        case _:
            return False


def _total_binary(op: str, a: Type, b: Type) -> bool:
    if _all(a, ("bool", "int")) and _all(b, ("bool", "int")):
        return op in ("+", "-", "*", "&", "|", "^")
    if _all(a, ("float",)) and _all(b, ("float",)):  # not int with float: an int beyond 1e308 raises
        return op in ("+", "-", "*")
    if op == "+":
        return any(_all(a, kind) and _all(b, kind) for kind in (("str",), ("bytes",), ("list",), ("tuple", "tuple*")))
    return op in ("&", "|", "-", "^") and _all(a, ("set", "frozenset")) and _all(b, ("set", "frozenset"))


def _total_compare(op: str, a: Type, b: Type) -> bool:
    match op:
        case "is" | "is not":
            return True
        case "==" | "!=":
            return _safe(a) and _safe(b)
        case "in" | "not in":
            if _all(b, ("str",)):
                return _all(a, ("str",))
            if _all(b, ("dict", "set", "frozenset")):
                return _hashable(a) and _safe(a) and _safe(b)
            return _all(b, ("list", "tuple", "tuple*")) and _safe(a) and _safe(b)
        case _:
            return _ordered(a, b)


def _within(value: Expr, index: Any) -> bool:
    """Whether a constant index lies within a tuple of a known length."""
    if isinstance(index, bool) or not isinstance(index, int):
        return False
    if isinstance(value, ir.Unpack):
        return -value.count <= index < value.count
    length = len(value.type) - 1 if head(value.type) == "tuple" else 0
    return -length <= index < length


def _widens(a: Type, b: Type) -> bool:
    """Whether every value of `a` is one of `b` as it stands."""
    return all(any(x == y for y in _alternatives(b)) for x in _alternatives(a)) and head(b) == "union"
