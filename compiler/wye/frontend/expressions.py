"""Pure expressions as written go in, IR expressions come out. The language is closed: what has no row in the tables is refused."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import libcst as cst

from wye.diagnostics.suggest import near
from wye.frontend import inference
from wye.frontend.comprehensions import Comp, Comprehensions
from wye.frontend.constants import NotConstant
from wye.frontend.displays import dict_display, display
from wye.frontend.frame import Frame, constant, is_value, items_of
from wye.frontend.project import Definition, External, ModuleRef, Unresolved, dotted
from wye.ir.model import (
    Attr,
    Binary,
    Compare,
    Const,
    Construct,
    Display,
    Expr,
    FormatField,
    FormatString,
    Index,
    Item,
    Lambda,
    Local,
    Logical,
    Member,
    Select,
    Slice,
    Star,
    Unary,
    Unpack,
)  # fmt: skip
from wye.runtime.types import Type, show

if TYPE_CHECKING:
    from wye.frontend.calls import Calls
    from wye.frontend.loops import Loops
    from wye.frontend.regions import Regions

_BINARY: dict[type[cst.BaseBinaryOp], str] = {
    cst.Add: "+", cst.Subtract: "-", cst.Multiply: "*", cst.Divide: "/", cst.FloorDivide: "//", cst.Modulo: "%", cst.Power: "**",
    cst.MatrixMultiply: "@", cst.LeftShift: "<<", cst.RightShift: ">>", cst.BitAnd: "&", cst.BitOr: "|", cst.BitXor: "^",
}  # fmt: skip
_UNARY: dict[type[cst.BaseUnaryOp], Literal["-", "+", "~", "not"]] = {cst.Minus: "-", cst.Plus: "+", cst.BitInvert: "~", cst.Not: "not"}
_COMPARE: dict[type[cst.BaseCompOp], str] = {
    cst.Equal: "==", cst.NotEqual: "!=", cst.LessThan: "<", cst.LessThanEqual: "<=", cst.GreaterThan: ">", cst.GreaterThanEqual: ">=",
    cst.In: "in", cst.NotIn: "not in", cst.Is: "is", cst.IsNot: "is not",
}  # fmt: skip
_FOLD: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv, "%": operator.mod,
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "in": lambda a, b: a in b, "not in": lambda a, b: a not in b, "is": operator.is_, "is not": operator.is_not,
}  # fmt: skip

REFUSED: dict[type[cst.CSTNode], tuple[str, str]] = {
    cst.Await: ("`await` is not part of a pipeline", "steps run in parallel when their data allows it; await inside a step"),
    cst.Yield: ("`yield` is not part of a pipeline", "return the value"),
    cst.Ellipsis: ("`...` is not a value that can travel", "use None"),
    cst.TemplatedString: ("template strings are not part of a pipeline", "use an f-string"),
    cst.StarredElement: ("`*` in a comprehension is not part of a pipeline", "write a second `for`"),
    cst.StarredDictComp: ("`**` in a comprehension is not part of a pipeline", "write `for k, v in d.items()`"),
    cst.Imaginary: ("complex literals are not part of a pipeline", "make the number in a step"),
}
"""Expressions that the language does not have: message and help."""


class Expressions:
    """Lowers the expressions of one pipeline's body."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.calls: Calls
        self.regions: Regions
        self.loops: Loops
        self.comprehensions = Comprehensions(self)

    def lower(self, node: cst.BaseExpression) -> Expr:
        """The IR of an expression; step calls in it become nodes, in the order of evaluation."""
        row = LOWERED.get(type(node))
        if row is not None:
            return row(self, node)
        message, help = REFUSED.get(type(node), (f"`{type(node).__name__}` is not part of a pipeline", "do it in a step"))
        return self.frame.error("WYE1010", message, node, help=help)

    def plain(self, node: cst.BaseExpression) -> Expr:
        """As `lower`, where a value is kept: what can be read only once is refused."""
        value = self.lower(node)
        if isinstance(node, cst.GeneratorExp) or self.once(node):
            return self.frame.error(
                "WYE1020", "this can be iterated over only once, so it is no value of a pipeline", node, help="wrap it in `list(...)`"
            )
        return value

    def once(self, node: cst.BaseExpression) -> bool:
        """Whether the value is an iterator or a view."""
        if isinstance(node, cst.GeneratorExp):
            return True
        if not isinstance(node, cst.Call):
            return False
        if isinstance(node.func, cst.Name):
            return node.func.value in inference.ITERATORS and self.calls.callee(node).found == External(node.func.value)
        return isinstance(node.func, cst.Attribute) and node.func.attr.value in inference.VIEWS and not node.args

    # --- names ---------------------------------------------------------------------------------------------------------------

    def name(self, node: cst.Name) -> Expr:
        frame, name = self.frame, node.value
        if name in ("True", "False", "None"):
            return frame.const({"True": True, "False": False, "None": None}[name], node)
        for scope in reversed(frame.inner):
            if name in scope:
                found: Expr | Type = scope[name]
                if isinstance(found, str | tuple):
                    return Local(name, found, frame.module.span(node))
                return found
        bound = frame.env.get(name)
        if bound is not None and bound.maybe is not None:
            return frame.error("WYE1005", f"`{name}` may not be bound here: {bound.maybe}", node, help="bind it before, on every path")
        if bound is not None:
            return frame.read(name)
        if name in frame.local_names:
            return self._unbound(node)
        return self._module_level(node)

    def _unbound(self, node: cst.Name) -> Expr:
        frame, name = self.frame, node.value
        found = frame.services.project.resolve(frame.module, name)
        help = None
        if isinstance(found, Definition) and frame.services.declarations.kind(found):
            help = f"`{name}` is assigned in this function, so it is local throughout; give the variable another name"
        return frame.error("WYE1004", f"`{name}` is read before it is bound", node, help=help or "bind it first, on every path")

    def _module_level(self, node: cst.Name | cst.Attribute) -> Expr:
        frame, text = self.frame, dotted(node)
        found = frame.services.project.follow_path(frame.module, text.split("."))
        match found:
            case Definition(node=cst.FunctionDef()):
                kind = frame.services.declarations.kind(found) or "function"
                return frame.error("WYE1015", f"the {kind} `{text}` is not a value", node, help=f"call it: `{text}(...)`")
            case Definition(node=cst.ClassDef()):
                return frame.error("WYE1015", f"the class `{text}` is not a value", node, help=f"make one: `{text}(...)`")
            case Definition():
                try:
                    return frame.const(frame.services.constants.constant(found), node)
                except NotConstant as error:
                    where = error.module.span(error.node)
                    return frame.error(
                        "WYE1006", f"`{text}` is not a compile-time constant: it {error.reason}", node,
                        help=error.help or f"defined at {where}; make it a parameter of the pipeline, or read it in a step",
                    )  # fmt: skip
            case External(dotted=dotted_name) if isinstance(node, cst.Name) and dotted_name == text:
                return frame.error(
                    "WYE1015", f"the builtin `{text}` is not a value", node, help="call it, or use a lambda inside a pure builtin"
                )
            case External(dotted=dotted_name):
                return frame.error(
                    "WYE1007", f"`{text}` is not yours, so its value is not known at compile time", node, help="read it in a step"
                )
            case ModuleRef():
                return frame.error("WYE1015", f"the module `{text}` is not a value", node)
            case Unresolved(reason=reason):
                known = [*frame.env, *frame.module.bindings]
                help = (
                    near(text, known) if reason == "is not defined" and near(text, known) and "did you" in str(near(text, known)) else None
                )
                return frame.error("WYE1003", f"`{text}` {reason}", node, help=help)
        raise AssertionError(found)

    def attribute(self, node: cst.Attribute) -> Expr:
        frame, span = self.frame, self.frame.module.span(node)
        root = dotted(node).partition(".")[0]
        if root and not self.is_local(root):
            owner = frame.services.project.follow_path(frame.module, dotted(node.value).split("."))
            if isinstance(owner, ModuleRef | External):
                return self._module_level(node)
            if isinstance(owner, Definition) and isinstance(owner.node, cst.ClassDef):
                return self._member(owner, node)
        value = self.lower(node.value)
        name = node.attr.value
        if isinstance(value, Construct):
            info = self.class_of(value.type)
            names = [f.name for f in info.fields] if info else []
            given: dict[str, Expr] = dict(zip(names, value.args)) | dict(value.keywords)
            if name in given and all(map(is_value, given.values())):
                return given[name]
        info = self.class_of(value.type)
        if info and info.kind in ("dataclass", "namedtuple"):
            known = {f.name: f.type for f in info.fields}
            if name not in known:
                return frame.error(
                    "WYE1014", f"`{show(value.type)}` has no field `{name}`", node.attr, help=near(name, known) or "read it in a step"
                )
            return Attr(value, name, known[name], span)
        if info and info.kind == "enum":
            if name not in ("name", "value"):
                return frame.error(
                    "WYE1014", f"`.{name}` of an enum member runs code", node.attr, help="use `.name` or `.value`, or a step"
                )
            return Attr(value, name, "str" if name == "name" else "json", span)
        if value.type in inference.SCALARS or inference.kind_of(value.type):
            return frame.error("WYE1014", f"`{show(value.type)}` has no attribute `{name}` to read", node.attr, help="read it in a step")
        return Attr(value, name, "any", span)

    def _member(self, owner: Definition, node: cst.Attribute) -> Expr:
        frame, name = self.frame, node.attr.value
        info = frame.services.annotations.class_info(owner)
        if info is None or info.kind != "enum":
            return frame.error("WYE1014", f"`{dotted(node)}` is not a constant", node, help="class attributes are read in a step")
        if name not in info.members:
            return frame.error("WYE1014", f"`{owner.name}` has no member `{name}`", node.attr, help=near(name, info.members))
        return Member(info.id, name, info.type, frame.module.span(node))

    def class_of(self, t: Type) -> Any:
        if not isinstance(t, tuple) or t[0] != "class":
            return None
        module, _, name = str(t[1]).partition(":")
        owner = self.frame.services.project.module(module)
        node = owner.bindings.get(name, [None])[0] if owner else None
        return (
            self.frame.services.annotations.class_info(Definition(owner, name, node)) if owner and isinstance(node, cst.ClassDef) else None
        )

    def is_local(self, name: str) -> bool:
        return name in self.frame.local_names or any(name in scope for scope in self.frame.inner)

    # --- literals and displays -----------------------------------------------------------------------------------------------

    def literal(self, node: cst.Integer | cst.Float | cst.SimpleString) -> Expr:
        return self.frame.const(node.evaluated_value, node)

    def concatenated(self, node: cst.ConcatenatedString) -> Expr:
        if node.evaluated_value is not None:
            return self.frame.const(node.evaluated_value, node)
        left, right = self.lower(node.left), self.lower(node.right)
        return Binary("+", left, right, "str", self.frame.module.span(node))

    def formatted(self, node: cst.FormattedString) -> Expr:
        parts = self._format_parts(node.parts, "r" in node.prefix.lower())
        if all(isinstance(p, str) for p in parts):
            return self.frame.const("".join(str(p) for p in parts), node)
        return FormatString(parts, "str", self.frame.module.span(node))

    def _format_parts(self, contents: Sequence[cst.BaseFormattedStringContent], raw: bool) -> tuple[str | FormatField, ...]:
        parts: list[str | FormatField] = []
        for part in contents:
            if isinstance(part, cst.FormattedStringText):
                text = part.value.replace("{{", "{").replace("}}", "}")
                parts.append(text if raw else _unescape(text))
            elif isinstance(part, cst.FormattedStringExpression):
                conversion = part.conversion
                if part.equal is not None:
                    # `{x=}` is the text of the expression, then its repr unless something else is asked for.
                    source = self.frame.module.tree.code_for_node(part.expression)
                    between = (
                        part.whitespace_before_expression.value
                        if isinstance(part.whitespace_before_expression, cst.SimpleWhitespace)
                        else ""
                    )
                    after = (
                        part.whitespace_after_expression.value if isinstance(part.whitespace_after_expression, cst.SimpleWhitespace) else ""
                    )
                    tail = part.equal.whitespace_after.value if isinstance(part.equal.whitespace_after, cst.SimpleWhitespace) else ""
                    head = part.equal.whitespace_before.value if isinstance(part.equal.whitespace_before, cst.SimpleWhitespace) else ""
                    parts.append(f"{between}{source}{head or after}={tail}")
                    conversion = conversion or (None if part.format_spec else "r")
                spec = self._format_parts(part.format_spec, raw) if part.format_spec else ()
                parts.append(FormatField(self.lower(part.expression), conversion, spec, self.frame.module.span(part)))
        return tuple(parts)

    def display(self, node: cst.List | cst.Tuple | cst.Set) -> Expr:
        kind: Literal["list", "tuple", "set"] = "list" if isinstance(node, cst.List) else "tuple" if isinstance(node, cst.Tuple) else "set"
        items: list[Expr] = []
        for element in node.elements:
            value = self.plain(element.value)
            if isinstance(element, cst.StarredElement):
                known = items_of(self.frame, value)
                if known is not None:
                    items.extend(known)
                else:
                    self.iterable(value, element)
                    items.append(Star(value, value.type, self.frame.module.span(element)))
            else:
                items.append(value)
        return display(kind, items, self.frame.module.span(node))

    def dictionary(self, node: cst.Dict) -> Expr:
        pairs: list[tuple[Expr | None, Expr]] = []
        for element in node.elements:
            if isinstance(element, cst.DictElement):
                key = self.plain(element.key)
                pairs.append((key, self.plain(element.value)))
            else:
                pairs.append((None, self.plain(element.value)))
        return dict_display(pairs, self.frame.module.span(node))

    # --- operators -----------------------------------------------------------------------------------------------------------

    def unary(self, node: cst.UnaryOperation) -> Expr:
        op, operand = _UNARY[type(node.operator)], self.plain(node.expression)
        known, value = constant(operand)
        if known and op == "not":
            return self.frame.const(not value, node)
        if known and op == "-" and type(value) in (int, float):
            return self.frame.const(-value, node)
        return Unary(op, operand, inference.unary(op, operand.type), self.frame.module.span(node))

    def binary(self, node: cst.BinaryOperation) -> Expr:
        left, right = self.plain(node.left), self.plain(node.right)
        return self.arithmetic(_BINARY[type(node.operator)], left, right, node)

    def arithmetic(self, op: str, left: Expr, right: Expr, node: cst.CSTNode) -> Expr:
        span = self.frame.module.span(node)
        if isinstance(left, Const) and isinstance(right, Const) and op in _FOLD:
            a, b = constant(left)[1], constant(right)[1]
            if (type(a) is int and type(b) is int) or (op == "+" and type(a) is type(b) is str):
                try:
                    result = _FOLD[op](a, b)
                except ArithmeticError:
                    result = None  # stays an expression: it must raise in the run
                if result is not None and (isinstance(result, str) or -(2**63) <= result < 2**63):
                    return self.frame.const(result, node)
        if op == "+" and isinstance(left, Display) and isinstance(right, Display) and left.kind == right.kind != "set":
            return display(left.kind, [*left.items, *right.items], span)
        return Binary(op, left, right, inference.binary(op, left.type, right.type), span)  # type: ignore[arg-type]

    def boolean(self, node: cst.BooleanOperation) -> Expr:
        op: Literal["and", "or"] = "and" if isinstance(node.operator, cst.And) else "or"
        left = self.plain(node.left)
        known, value = constant(left)
        if known:
            return left if bool(value) == (op == "or") else self.plain(node.right)
        if self.calls.calls_a_step(node.right):
            first, span = left, self.frame.module.span(node)
            known_left = self.frame.const(op == "or", span) if first.type == "bool" else first  # where the right is not evaluated
            if op == "and":
                return self.regions.choose(first, lambda: self.plain(node.right), lambda: known_left, span)
            return self.regions.choose(first, lambda: known_left, lambda: self.plain(node.right), span)
        self.frame.conditional += 1
        right = self.plain(node.right)
        self.frame.conditional -= 1
        flat = (*(left.operands if isinstance(left, Logical) and left.op == op else (left,)), right)
        return Logical(op, flat, inference.join(left.type, right.type), self.frame.module.span(node))

    def comparison(self, node: cst.Comparison) -> Expr:
        return self._compared(self.plain(node.left), node, node.comparisons)

    def _compared(self, first: Expr, node: cst.Comparison, comparisons: Sequence[cst.ComparisonTarget]) -> Expr:
        later = next((i for i, c in enumerate(comparisons) if i and self.calls.calls_a_step(c.comparator)), None)
        if later is None:
            return self._chain(first, node, comparisons)
        # `a < b < f()`: the step is called only if the comparisons before it hold
        before = self._chain(first, node, comparisons[:later])
        last = before.rest[-1][1] if isinstance(before, Compare) else self.plain(comparisons[later - 1].comparator)
        span = self.frame.module.span(node)
        known = self.frame.const(False, span) if before.type == "bool" else before
        return self.regions.choose(before, lambda: self._compared(last, node, comparisons[later:]), lambda: known, span)

    def _chain(self, first: Expr, node: cst.Comparison, comparisons: Sequence[cst.ComparisonTarget]) -> Expr:
        rest: list[tuple[str, Expr]] = []
        for i, target in enumerate(comparisons):
            op = _COMPARE[type(target.operator)]
            self.frame.conditional += i > 0
            right = self.plain(target.comparator)
            self.frame.conditional -= i > 0
            if op in ("is", "is not") and not (isinstance(right, Member) or (isinstance(right, Const) and right.type in ("none", "bool"))):
                self.frame.error("WYE1018", f"`{op}` compares only with None, True, False and enum members", target, help="use `==`")
            rest.append((op, right))
        values = [constant(e) for e in (first, *(e for _, e in rest))]
        if all(known for known, _ in values) and all(_comparable(v) for _, v in values):
            try:
                pairs = zip(rest, values, values[1:])
                return self.frame.const(all(_FOLD[op](a, b) for (op, _), (_, a), (_, b) in pairs), node)
            except TypeError:
                pass  # stays an expression: it must raise in the run
        type_ = inference.compare([op for op, _ in rest], [first.type, *(e.type for _, e in rest)])
        return Compare(first, tuple(rest), type_, self.frame.module.span(node))

    def ternary(self, node: cst.IfExp) -> Expr:
        condition = self.plain(node.test)
        known, value = constant(condition)
        if known:
            return self.plain(node.body if value else node.orelse)
        if self.calls.calls_a_step(node.body) or self.calls.calls_a_step(node.orelse):
            span = self.frame.module.span(node)
            return self.regions.choose(condition, lambda: self.plain(node.body), lambda: self.plain(node.orelse), span)
        self.frame.conditional += 1
        then, orelse = self.plain(node.body), self.plain(node.orelse)
        self.frame.conditional -= 1
        return Select(condition, then, orelse, inference.join(then.type, orelse.type), self.frame.module.span(node))

    def subscript(self, node: cst.Subscript) -> Expr:
        value = self.plain(node.value)
        if len(node.slice) != 1:
            parts = [self._slice(e.slice) for e in node.slice]
            key: Expr = display("tuple", parts, self.frame.module.span(node))
        else:
            key = self._slice(node.slice[0].slice)
        return self.index(value, key, node)

    def _slice(self, node: cst.BaseSlice) -> Expr:
        if isinstance(node, cst.Index):
            return self.plain(node.value)
        assert isinstance(node, cst.Slice)
        parts = [self.plain(p) if p is not None else None for p in (node.lower, node.upper, node.step)]
        return Slice(parts[0], parts[1], parts[2], "json", self.frame.module.span(node))

    def index(self, value: Expr, key: Expr, node: cst.CSTNode) -> Expr:
        """`value[key]`, read at once when both are known and what is dropped cannot fail."""
        known, at = constant(key) if not isinstance(key, Slice) else (False, None)
        if known and type(at) is int:
            items = (
                value.items if isinstance(value, Display) and value.kind != "set" else value.args if isinstance(value, Construct) else ()
            )
            if all(map(is_value, items)) and -len(items) <= at < len(items):
                return items[at]
            if isinstance(value, Const):
                whole = constant(value)[1]
                if isinstance(whole, list | tuple) and -len(whole) <= at < len(whole):
                    return self.frame.const(whole[at], node)
        if known and type(at) in (int, str) and isinstance(value, Const):
            whole = constant(value)[1]
            if isinstance(whole, dict) and at in whole:
                return self.frame.const(whole[at], node)
        return Index(value, key, inference.index(value.type, at if known else None, isinstance(key, Slice)), self.frame.module.span(node))

    def walrus(self, node: cst.NamedExpr) -> Expr:
        if self.frame.conditional or self.frame.operands or self.frame.inner or not isinstance(node.target, cst.Name):
            return self.frame.error("WYE1021", "`:=` stands where it may not be evaluated", node, help="assign in a statement before")
        value = self.plain(node.value)
        self.frame.pend(value)  # where it raises, the name is not bound yet
        self.frame.bind(node.target.value, value, self.frame.module.span(node.target))
        return value

    # --- lambdas and comprehensions ------------------------------------------------------------------------------------------

    def stray_lambda(self, node: cst.Lambda) -> Expr:
        return self.frame.error(
            "WYE1023", "a lambda stands only as an argument of a pure builtin", node, help='such as `sorted(xs, key=lambda x: x["k"])`'
        )

    def function(self, node: cst.Lambda, element: Type) -> Expr:
        """A lambda as an argument of a pure builtin."""
        params = node.params
        plain = not (params.star_kwarg or isinstance(params.star_arg, cst.Param) or params.kwonly_params or params.posonly_params)
        if not plain or any(p.default for p in params.params):
            return self.frame.error("WYE1023", "this lambda has more than plain parameters", node, help="use plain parameters")
        names = [p.name.value for p in params.params]
        self.frame.inner.append(dict.fromkeys(names, element if len(names) == 1 else "any"))
        self.frame.conditional += 1
        body = self.plain(node.body)
        self.frame.conditional -= 1
        self.frame.inner.pop()
        return Lambda(tuple(names), body, "any", self.frame.module.span(node))

    def unpack(self, value: Expr, target: cst.Tuple | cst.List) -> list[Expr]:
        """The items that an unpacking gives its targets; a wrong count that is known is reported, else the run counts."""
        stars = [i for i, e in enumerate(target.elements) if isinstance(e, cst.StarredElement)]
        count, span = len(target.elements), self.frame.module.span(target)
        if len(stars) > 1:
            self.frame.error("WYE1027", "an unpacking has one starred target at most", target)
            return [value] * count
        known = items_of(self.frame, value) if not isinstance(value, Construct) else iter(value.args)
        items = list(known) if known is not None else None
        if items is None and isinstance(value.type, tuple) and value.type[0] == "tuple" and not stars and len(value.type) - 1 != count:
            self.frame.error("WYE1027", f"{len(value.type) - 1} values cannot be unpacked into {count}", target)
            return [value] * count
        if items is not None and (isinstance(value, Const) or all(map(is_value, items)) or not stars):
            if (len(items) != count) if not stars else (len(items) < count - 1):
                self.frame.error("WYE1027", f"{len(items)} values cannot be unpacked into {count}", target)
                return [value] * count
            if not stars:
                return items
            head, tail = stars[0], count - stars[0] - 1
            middle = display("list", items[head : len(items) - tail], span)
            return [*items[:head], middle, *items[len(items) - tail :]]
        if isinstance(value, Item) and isinstance(value.type, tuple) and value.type[0] == "tuple" and not stars:
            return [Index(value, self.frame.const(i, span), t, span) for i, t in enumerate(value.type[1:])]
        if value.type in inference.SCALARS and value.type not in ("str", "bytes"):
            self.frame.error("WYE3003", f"`{show(value.type)}` cannot be unpacked", target)
            return [value] * count
        if inference.kind_of(value.type) == "set":
            self.iterable(value, target)
        whole = Unpack(value, count, stars[0] if stars else None, inference.vague(value.type), span)
        types = (
            value.type[1:]
            if isinstance(value.type, tuple) and value.type[0] == "tuple" and not stars
            else [inference.element(value.type)] * count
        )
        return [Index(whole, self.frame.const(i, span), ("list", t) if i in stars else t, span) for i, t in enumerate(types)]

    def iterable(self, value: Expr, node: cst.CSTNode) -> None:
        """Report what cannot be iterated over, or not in a fixed order."""
        if inference.kind_of(value.type) == "set":
            self.frame.error("WYE1019", "the order of a set is not defined", node, help="write `sorted(...)` around it")
        elif value.type in inference.SCALARS and value.type not in ("str", "bytes"):
            self.frame.error("WYE3003", f"`{show(value.type)}` cannot be iterated over", node)

    def comprehension(self, node: Comp) -> Expr:
        return self.comprehensions.lower(node)

    def call(self, node: cst.Call) -> Expr:
        return self.calls.lower(node)


LOWERED: dict[type[cst.CSTNode], Callable[[Expressions, Any], Expr]] = {
    cst.Name: Expressions.name, cst.Attribute: Expressions.attribute, cst.Integer: Expressions.literal, cst.Float: Expressions.literal,
    cst.SimpleString: Expressions.literal, cst.ConcatenatedString: Expressions.concatenated, cst.FormattedString: Expressions.formatted,
    cst.List: Expressions.display, cst.Tuple: Expressions.display, cst.Set: Expressions.display, cst.Dict: Expressions.dictionary,
    cst.UnaryOperation: Expressions.unary, cst.BinaryOperation: Expressions.binary, cst.BooleanOperation: Expressions.boolean,
    cst.Comparison: Expressions.comparison, cst.IfExp: Expressions.ternary, cst.Subscript: Expressions.subscript,
    cst.NamedExpr: Expressions.walrus, cst.Lambda: Expressions.stray_lambda, cst.Call: Expressions.call,
    cst.ListComp: Expressions.comprehension, cst.SetComp: Expressions.comprehension, cst.DictComp: Expressions.comprehension,
    cst.GeneratorExp: Expressions.comprehension,
}  # fmt: skip
"""Every expression that the language has."""


def _comparable(value: Any) -> bool:
    """Values whose comparison is the same on every Python."""
    return isinstance(value, bool | int | str | None) or (isinstance(value, list | tuple) and all(map(_comparable, value)))


def _unescape(text: str) -> str:
    """The text of a non-raw string part with its escapes resolved, as the literal's own reader does it."""
    quoted = "'''" + re.sub(r"\\(?s:.)|'", lambda m: m[0] if m[0] != "'" else "\\'", text) + "'''"
    return str(cst.ensure_type(cst.parse_expression(quoted), cst.SimpleString).evaluated_value)
