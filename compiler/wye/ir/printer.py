"""The expression printer: an expression in; Python 3.9 source text, with the values and classes that it names, out."""

from __future__ import annotations

import json
import keyword
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, assert_never

from wye.ir import model as ir
from wye.ir.expressions import Reference, children, constant, fold, walk
from wye.ir.model import Expr
from wye.runtime.types import Type

# How tightly each form binds, as in Python's grammar.
LAMBDA, TERNARY, OR, AND, NOT, COMPARE, BITOR, BITXOR, BITAND, SHIFT, SUM, TERM, UNARY, POWER, ATOM = range(15)
_BINARY = {"|": BITOR, "^": BITXOR, "&": BITAND, "<<": SHIFT, ">>": SHIFT, "+": SUM, "-": SUM,
           "*": TERM, "/": TERM, "//": TERM, "%": TERM, "@": TERM, "**": POWER}  # fmt: skip
_CONVERSIONS = {"r": "repr", "s": "str", "a": "ascii"}
_HELPERS = ("_unpack", "_reduce", "format", *_CONVERSIONS.values())
_LONGEST_STRING = 60

Text = tuple[str, int]
"""Source text, and how tightly it binds."""


@dataclass(frozen=True, slots=True)
class Printed:
    """`text` evaluates to the expression where a name in `values` is that V and one in `classes` is what `module:qualname` names."""

    text: str
    values: dict[str, Any]
    classes: dict[str, str]


def value_form(expr: Expr, name_of: Callable[[Reference], str]) -> dict[str, Any]:
    """The V of the task form. `name_of` gives the name of the input that a reference reads."""
    casts: list[Type] = []
    while isinstance(expr, ir.Cast):
        if not casts or casts[-1] != expr.type:
            casts.append(expr.type)
        expr = expr.value
    if isinstance(expr, ir.Const):
        form: dict[str, Any] = {"const": constant(expr)}
    elif isinstance(expr, Reference):
        form = {"input": name_of(expr)}
    else:
        printed = print_expr(expr, name_of)
        form = {"py": printed.text, "with": printed.values}
        if printed.classes:
            form["use"] = printed.classes
    for t in reversed(casts):
        form = {"cast": type_json(t), "value": form}
    return form


def type_json(t: Type) -> Any:
    """A type descriptor as JSON: lists for tuples."""
    return [type_json(a) for a in t] if isinstance(t, tuple) else t


def print_expr(expr: Expr, name_of: Callable[[Reference], str]) -> Printed:
    """Source text in ASCII, with no more parentheses than needed.

    Inputs, constants that do not read well in line, and casts (which no syntax has) stand in the text as names. A cast is evaluated
    before the text, even where the text would not reach it: it stands for a hand-over, which Python makes before the expression.
    """
    printer = Printer(expr, name_of)
    return Printed(printer.print(expr)[0], printer.values, printer.classes)


class Printer:
    """Prints an expression; what has no syntax, or does not read well in line, becomes a name."""

    def __init__(self, expr: Expr, name_of: Callable[[Reference], str]) -> None:
        self._name_of = name_of
        self.values: dict[str, Any] = {}
        self.classes: dict[str, str] = {}
        self._names: dict[str, str] = {}
        # A hoisted name must not be captured by a name bound inside, nor hide a builtin that the text calls.
        inner = {n for e in walk(expr) for n in bound_names(e)}
        builtins = {e.name for e in walk(expr) if isinstance(e, ir.Builtin)} | set(_HELPERS)
        self._hidden = builtins & inner
        self._taken = inner | builtins

    def print(self, expr: Expr) -> Text:
        """The text of an expression and how tightly it binds. A cast's operand is not printed here but becomes a value of its own."""
        # `fold` visits operands first; below a cast nothing is to be printed, so casts are cut off before the walk.
        return fold(expr, self._visit, lambda e: () if isinstance(e, ir.Cast) else children(e))

    def _visit(self, expr: Expr, operands: list[Text]) -> Text:
        at = iter(operands)

        def operand(level: int) -> str:
            return _at(next(at), level)

        def arguments(args: tuple[Expr, ...], keywords: tuple[tuple[str, Expr], ...]) -> str:
            if len(args) == 1 and not keywords and isinstance(args[0], ir.Comprehension) and args[0].kind == "generator":
                return operand(LAMBDA)
            return "(" + ", ".join([operand(LAMBDA) for _ in args] + [f"{name}={operand(LAMBDA)}" for name, _ in keywords]) + ")"

        match expr:
            case ir.Const():
                return self._const(expr)
            case ir.Param() | ir.Output() | ir.Item() | ir.Carry() | ir.Result():
                return self.reference(expr), ATOM
            case ir.Cast():
                return self.cast(expr), ATOM
            case ir.Local(name=name):
                return name, ATOM
            case ir.Unary(op="not"):
                return "not " + operand(NOT), NOT
            case ir.Unary(op=op):
                return op + operand(UNARY), UNARY
            case ir.Binary(op="**"):
                return operand(ATOM) + " ** " + operand(UNARY), POWER
            case ir.Binary(op=op):
                level = _BINARY[op]
                return operand(level) + f" {op} " + operand(level + 1), level
            case ir.Compare(rest=rest):
                return operand(BITOR) + "".join(f" {op} {operand(BITOR)}" for op, _ in rest), COMPARE
            case ir.Logical(op=op, operands=parts):
                level = AND if op == "and" else OR
                return f" {op} ".join(operand(level + 1) for _ in parts), level
            case ir.Select():
                condition, then, orelse = operand(OR), operand(OR), operand(TERNARY)
                return f"{then} if {condition} else {orelse}", TERNARY
            case ir.Index():
                return f"{operand(ATOM)}[{operand(LAMBDA)}]", ATOM
            case ir.Slice(lower=lower, upper=upper, step=step):
                text = (operand(TERNARY) if lower else "") + ":" + (operand(TERNARY) if upper else "")
                return text + (":" + operand(TERNARY) if step else ""), LAMBDA
            case ir.Attr(name=name):
                return f"{operand(ATOM)}.{name}", ATOM
            case ir.Display(kind=kind, items=items):
                text = ", ".join(operand(LAMBDA) for _ in items)
                if kind == "tuple":
                    return f"({text},)" if len(items) == 1 else f"({text})", ATOM
                return (f"[{text}]" if kind == "list" else f"{{{text}}}" if items else "set()"), ATOM
            case ir.Star():
                return "*" + operand(BITOR), LAMBDA
            case ir.DictDisplay(items=pairs):
                texts = [f"{operand(TERNARY)}: {operand(LAMBDA)}" if k else f"**{operand(BITOR)}" for k, _ in pairs]
                return "{" + ", ".join(texts) + "}", ATOM
            case ir.FormatString(parts=fparts):
                return self._format(fparts, operand), ATOM
            case ir.Builtin(name=name, args=args, keywords=keywords):
                return self._builtin(name) + arguments(args, keywords), ATOM
            case ir.Method(name=name, args=args, keywords=keywords):
                return f"{operand(ATOM)}.{name}" + arguments(args, keywords), ATOM
            case ir.Construct(cls=cls, args=args, keywords=keywords):
                return self.class_name(cls) + arguments(args, keywords), ATOM
            case ir.Member(cls=cls, name=name):
                return f"{self.class_name(cls)}.{name}", ATOM
            case ir.Lambda(parameters=parameters):
                return f"lambda {', '.join(parameters)}: {operand(LAMBDA)}" if parameters else f"lambda: {operand(LAMBDA)}", LAMBDA
            case ir.Comprehension():
                return self._comprehension(expr, operand), ATOM
            case ir.Unpack(count=count, star=star):
                return f"{self._builtin('_unpack')}({operand(LAMBDA)}, {count}{'' if star is None else f', {star}'})", ATOM
            case _:
                assert_never(expr)

    def _const(self, expr: ir.Const) -> Text:
        value = constant(expr)
        if value is None or isinstance(value, bool):
            return repr(value), ATOM
        if (isinstance(value, int) and abs(value) < 2**63) or (isinstance(value, float) and math.isfinite(value)):
            text = repr(value)
            return text, UNARY if text.startswith("-") else ATOM
        if isinstance(value, str) and len(value) <= _LONGEST_STRING and value.isascii() and value.isprintable():
            return repr(value), ATOM
        return self.constant(value), ATOM

    def reference(self, expr: Reference) -> str:
        name = self._name_of(expr)
        return self._hoist({"input": name}, name)

    def constant(self, value: Any) -> str:
        """The codec JSON of a constant that is not printed in line."""
        return self._hoist({"const": value}, "const")

    def cast(self, expr: ir.Cast) -> str:
        wish = self._name_of(expr.value) if isinstance(expr.value, Reference) else "value"
        return self._hoist(value_form(expr, self._name_of), wish)

    def class_name(self, cls: str) -> str:
        if cls not in self._names:
            self._names[cls] = self._unique(cls.rsplit(":", 1)[-1].rsplit(".", 1)[-1])
            self.classes[self._names[cls]] = cls
        return self._names[cls]

    def _format(self, parts: tuple[str | ir.FormatField, ...], operand: Callable[[int], str]) -> str:
        """An f-string without its syntax: 3.9 allows neither its own quotes nor backslashes inside the braces of one."""
        texts = []
        for part in parts:
            if isinstance(part, str):
                texts.append(self._string(part))
                continue
            value = operand(LAMBDA)
            if part.conversion:
                value = f"{self._builtin(_CONVERSIONS[part.conversion])}({value})"
            spec = ", " + self._format(part.spec, operand) if part.spec else ""
            texts.append(f"{self._builtin('format')}({value}{spec})")
        return texts[0] if len(texts) == 1 else '"".join([' + ", ".join(texts) + "])" if texts else '""'

    def _string(self, text: str) -> str:
        if len(text) <= _LONGEST_STRING:
            return ascii(text)
        return self.constant(text)

    def _comprehension(self, expr: ir.Comprehension, operand: Callable[[int], str]) -> str:
        head = f"{operand(TERNARY)}: {operand(LAMBDA)}" if expr.key else operand(LAMBDA)
        text = head
        for clause in expr.clauses:
            text += f" for {clause.targets} in {operand(OR)}" + "".join(f" if {operand(OR)}" for _ in clause.conditions)
        left, right = {"list": ("[", "]"), "generator": ("(", ")")}.get(expr.kind, ("{", "}"))
        return left + text + right

    def _builtin(self, name: str) -> str:
        """A builtin by its name, or by another one where a name bound inside the expression hides it."""
        if name not in self._hidden or name.startswith("_"):
            return name
        return self.class_name(f"builtins:{name}")

    def _hoist(self, form: dict[str, Any], wish: str) -> str:
        mark = json.dumps(form)
        if mark not in self._names:
            self._names[mark] = self._unique(wish)
            self.values[self._names[mark]] = form
        return self._names[mark]

    def _unique(self, wish: str) -> str:
        name = unique_name(wish, self._taken)
        self._taken.add(name)
        return name


def _at(text: Text, level: int) -> str:
    """The text as an operand of something that binds at `level`. A number gets parentheses before `.` or `[`."""
    if text[1] < level or (level == ATOM and text[0][0].isdigit()):
        return f"({text[0]})"
    return text[0]


def unique_name(wish: str, taken: Iterable[str]) -> str:
    """An identifier like `wish` that is neither taken nor a keyword: with `_2`, `_3`, … where needed."""
    wish = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in wish)
    if not wish or wish[0].isdigit() or keyword.iskeyword(wish):
        wish = f"_{wish}"
    name, n = wish, 1
    while name in taken:
        n += 1
        name = f"{wish}_{n}"
    return name


def bound_names(expr: Expr) -> tuple[str, ...]:
    """Names that an expression binds inside."""
    match expr:
        case ir.Lambda(parameters=parameters):
            return parameters
        case ir.Comprehension(clauses=clauses):
            return tuple(n for c in clauses for n in re.findall(r"\w+", c.targets))
        case _:
            return ()
