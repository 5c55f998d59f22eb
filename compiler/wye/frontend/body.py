"""The statements of a pipeline's function go in, a block of nodes comes out. A statement without a row in the tables is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

import libcst as cst

from wye.frontend import inference
from wye.frontend.calls import Calls
from wye.frontend.declarations import PipelineDeclaration
from wye.frontend.displays import dict_display, display
from wye.frontend.expressions import Expressions
from wye.frontend.frame import Bound, Frame, Services, constant, is_value
from wye.frontend.project import SMALL_STATEMENTS, Definition, bound_names, statements
from wye.frontend.unrolling import limit, unroll
from wye.ir.expressions import children, raises, references, size, walk
from wye.ir.model import (
    Block,
    Call,
    Compare,
    Comprehension,
    Compute,
    Const,
    DictDisplay,
    Display,
    Expr,
    Index,
    Lambda,
    Logical,
    Node,
    Output,
    Param,
    Pipeline,
    Result,
    Select,
    Star,
    SubPipeline,
    Unpack,
)  # fmt: skip
from wye.ir.settings import Settings
from wye.runtime.types import format_of, show

MAX_EXPRESSION = 400
"""An expression of more nodes becomes a task of its own when it is given a name, so that reuse cannot blow up."""

_LATER = "control flow on run-time values is not compiled yet"
REFUSED: dict[type[cst.CSTNode], tuple[str, str, str]] = {
    cst.While: ("WYE1011", f"`while`: {_LATER}", "loop inside a step"),
    cst.Try: ("WYE1011", f"`try`: {_LATER}", "handle the error inside a step"),
    cst.TryStar: ("WYE1010", "`except*` is not part of a pipeline", "handle the group inside a step"),
    cst.Raise: ("WYE1011", f"`raise`: {_LATER}", "raise inside a step"),
    cst.With: ("WYE1010", "`with` is not part of a pipeline", "open and close inside one step"),
    cst.Match: ("WYE1010", "`match` is not part of a pipeline", "use if/elif, or match inside a step"),
    cst.FunctionDef: ("WYE1010", "a function inside a pipeline is not part of the language", "move it to the module and make it a step"),
    cst.ClassDef: ("WYE1010", "a class inside a pipeline is not part of the language", "move it to the module"),
    cst.Del: ("WYE1010", "`del` is not part of a pipeline", "values go away by themselves; build a new list or dict without the item"),
    cst.Global: ("WYE1010", "`global` is not part of a pipeline", "pass values as parameters"),
    cst.Nonlocal: ("WYE1010", "`nonlocal` is not part of a pipeline", "pass values as parameters"),
    cst.Import: ("WYE1010", "an import inside a pipeline is not part of the language", "import at the top of the module, or inside a step"),
    cst.ImportFrom: (
        "WYE1010",
        "an import inside a pipeline is not part of the language",
        "import at the top of the module, or inside a step",
    ),
    cst.LazyImport: (
        "WYE1010",
        "an import inside a pipeline is not part of the language",
        "import at the top of the module, or inside a step",
    ),
    cst.LazyImportFrom: (
        "WYE1010",
        "an import inside a pipeline is not part of the language",
        "import at the top of the module, or inside a step",
    ),
    cst.TypeAlias: ("WYE1010", "a type alias inside a pipeline is not part of the language", "move it to the module"),
}
"""Statements that the language does not have, or not yet: code, message and help."""

_COMMENT = re.compile(r"\s+#[^'\"]*$")

Signal = Literal["return", "break", "continue"] | None


class Body:
    """Lowers the statements of one pipeline."""

    def __init__(
        self, services: Services, declaration: PipelineDeclaration, lower_pipeline: Callable[[Definition], Pipeline | None]
    ) -> None:
        node = declaration.node
        names = {p.name for p in declaration.parameters}
        names.update(n for s in statements(node.body.body) for n in bound_names(s))
        walrus = _Walrus()
        if ":=" in declaration.definition.module.text:  # a walk of the whole body is dear, and nearly always for nothing
            node.body.visit(walrus)
        self.frame = Frame(services, declaration, frozenset(names | walrus.names))
        self.expressions = Expressions(self.frame)
        self.calls = Calls(self.frame, self.expressions, lower_pipeline)
        self.result: Expr | None = None
        self.returned = False
        """Whether there is a `return` in a statement that was refused."""
        for p in declaration.parameters:
            self.frame.env[p.name] = Bound(Param(p.name, "json" if p.type == "any" else p.type, p.span), p.span)

    def lower(self) -> Block:
        """The whole body as a block; its one yield is the return value, if there is any."""
        frame, declaration = self.frame, self.frame.declaration
        self.statements(declaration.node.body.body)
        wanted = declaration.type
        if (
            self.result is None
            and not self.returned
            and wanted not in ("any", "none", "json")
            and not (isinstance(wanted, tuple) and "none" in wanted)
        ):
            frame.error("WYE3001", f"the pipeline declares {show(wanted)} but returns nothing", declaration.span, help="return a value")
        yields = (self.result,) if self.result is not None else ()
        self._pending(yields)
        used = {
            (r.task if isinstance(r, Output) else r.region)
            for e in _expressions(frame.nodes, yields)
            for r in references(e)
            if isinstance(r, Output | Result)
        }
        nodes = [replace(n, ordered=n.id not in used) if isinstance(n, Call | SubPipeline) else n for n in frame.nodes]
        return Block(tuple(nodes), yields)

    def _pending(self, yields: Sequence[Expr]) -> None:
        """An expression that can raise, and that nothing evaluates for certain, becomes a task: Python would have raised."""
        frame = self.frame
        pending = [(place, e) for place, e in frame.pending if raises(e)]
        if not pending:
            return
        certain: set[int] = set()
        stack = list(_expressions(frame.nodes, yields))
        while stack:
            expr = stack.pop()
            if id(expr) not in certain:
                certain.add(id(expr))
                stack.extend(evaluated(expr))
        inserts: list[tuple[int, Node]] = []
        for place, expr in pending:
            if id(expr) not in certain:
                inserts.append((place, self._compute(expr, "compute")))
                certain.add(id(expr))
        for place, node in reversed(inserts):
            frame.nodes.insert(place, node)

    def _compute(self, value: Expr, name: str) -> Compute:
        return Compute(self.frame.fresh(name), value, format_of(value.type), value.type, Settings(), None, (), value.span)  # type: ignore[arg-type]

    # --- statements ----------------------------------------------------------------------------------------------------------

    def statements(self, body: Sequence[cst.BaseStatement | cst.BaseSmallStatement]) -> Signal:
        """Lower statements in order; what follows a `return`, `break` or `continue` never runs."""
        for node in body:
            inner = node.body if isinstance(node, SMALL_STATEMENTS) else (node,)
            for statement in inner:
                signal = self.statement(statement)
                if signal:
                    return signal
        return None

    def statement(self, node: cst.CSTNode) -> Signal:
        row = LOWERED.get(type(node))
        if row is not None:
            return row(self, node)
        code, message, help = REFUSED.get(type(node), ("WYE1010", f"`{type(node).__name__}` is not part of a pipeline", "do it in a step"))
        self._refused(node, self.frame.error(code, message, self._head(node), help=help))
        return None

    def _refused(self, node: cst.CSTNode, value: Const) -> None:
        """One error for a statement is enough: what it binds stands for anything from here on, and a `return` in it counts."""
        for inner in statements([node]):  # type: ignore[list-item]
            self.returned = self.returned or isinstance(inner, cst.Return)
            for name in bound_names(inner):
                self.frame.env[name] = Bound(value, value.span)

    def _head(self, node: cst.CSTNode) -> Any:
        """A compound statement's first line only: the excerpt of a whole loop helps nobody."""
        span = self.frame.module.span(node)
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            return self.frame.module.head(node)
        if span.end_line > span.line:
            first = self.frame.module.text.split("\n")[span.line - 1]
            return replace(span, end_line=span.line, end_column=len(_COMMENT.sub("", first)) + 1)
        return span

    def expression(self, node: cst.Expr) -> Signal:
        value = node.value
        if isinstance(value, cst.SimpleString | cst.ConcatenatedString | cst.Ellipsis):
            return None  # a docstring or a placeholder
        if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute) and self._mutation(value, value.func):
            return None
        lowered = self.expressions.lower(value)
        if not isinstance(value, cst.Call) or self.calls.kind(value) is None:
            self.frame.pending.append((len(self.frame.nodes), lowered))
        return None

    def _mutation(self, node: cst.Call, func: cst.Attribute) -> bool:
        """`xs.append(e)`, `xs.extend(e)`, `d.update(e)` on an owned name: a rebinding. False when it is something else."""
        frame, method = self.frame, func.attr.value
        if not isinstance(func.value, cst.Name) or func.value.value not in frame.env or method not in ("append", "extend", "update"):
            return False
        name, bound = func.value.value, frame.env[func.value.value]
        if inference.kind_of(bound.value.type) != ("dict" if method == "update" else "list"):
            return False
        if not bound.owned:
            frame.error(
                "WYE1017",
                f"`{name}` may have a second reference, so changing it in place is refused",
                node,
                help=self._instead(method, name),
            )
            return True
        if len(node.args) != 1 or node.args[0].star or node.args[0].keyword:
            frame.error("WYE1034", f"`.{method}()` takes one plain argument here", node)
            return True
        value = self.expressions.plain(node.args[0].value) if method == "append" else self.expressions.lower(node.args[0].value)
        span = frame.module.span(node)
        if method == "append":
            new: Expr = self._extended(bound.value, (value,), span)
        elif method == "extend":
            self.expressions.iterable(value, node.args[0].value)
            items = value.items if isinstance(value, Display) and value.kind != "set" else (Star(value, value.type, span),)
            new = self._extended(bound.value, items, span)
        else:
            new = dict_display([*_pairs(bound.value), *_pairs(value)], span)
        self._bind(name, new, func.value, owned=True)
        return True

    def _extended(self, base: Expr, items: Sequence[Expr], span: Any) -> Expr:
        head = base.items if isinstance(base, Display) and base.kind == "list" else (Star(base, base.type, span),)
        return display("list", [*head, *items], span)

    def _instead(self, method: str, name: str) -> str:
        return {"append": f"write `{name} = {name} + [x]`", "extend": f"write `{name} = {name} + [...]`"}.get(
            method, f"write `{name} = {{**{name}, ...}}`"
        )

    def assign(self, node: cst.Assign) -> Signal:
        value = self.expressions.plain(node.value)
        owned = len(node.targets) == 1 and self._fresh(node.value, value)
        for target in node.targets:
            self._assign(target.target, value, owned, node.value)
        if isinstance(node.value, cst.Name) and node.value.value in self.frame.env:
            source = self.frame.env[node.value.value]
            self.frame.env[node.value.value] = replace(source, owned=False)  # a second reference ends ownership
        return None

    def annotated(self, node: cst.AnnAssign) -> Signal:
        if node.value is None:
            return None
        value = self.expressions.plain(node.value)
        if isinstance(value, Display | DictDisplay) and not value.items:
            # An empty display takes the declared type: it is what later items have.
            declared = self.frame.services.annotations.read(self.frame.module, node.annotation).type
            if inference.kind_of(declared) == inference.kind_of(value.type):
                value = replace(value, type=declared)
        self._assign(node.target, value, self._fresh(node.value, value), node.value)
        return None

    def _assign(self, target: cst.BaseExpression, value: Expr, owned: bool, source: cst.BaseExpression) -> None:
        frame = self.frame
        if isinstance(target, cst.Name):
            self._bind(target.value, value, target, owned)
        elif isinstance(target, cst.Tuple | cst.List):
            items = self.expressions.unpack(value, target)
            if items and isinstance(items[0], Index) and isinstance(items[0].value, Unpack):
                frame.pending.append((len(frame.nodes), items[0].value))  # the count is checked even if no item is used
            for element, item in zip(target.elements, items):
                starred = isinstance(element, cst.StarredElement)
                if isinstance(element.value, cst.Name) and isinstance(item, Index) and isinstance(item.value, Unpack):
                    frame.env[element.value.value] = Bound(item, frame.module.span(element), starred)
                else:
                    self._assign(element.value, item, starred, source)
        elif isinstance(target, cst.Subscript) and isinstance(target.value, cst.Name):
            self._store(target, target.value, value)
        else:
            frame.error(
                "WYE1017",
                "a pipeline stores into plain names only",
                target,
                help="values travel by copy; build a new value and give it a name",
            )

    def _store(self, target: cst.Subscript, owner: cst.Name, value: Expr) -> None:
        frame, name = self.frame, owner.value
        bound = frame.env.get(name)
        if bound is None:
            if name in frame.local_names:
                self.expressions.lower(owner)  # reports that it is read before it is bound
            else:
                frame.error(
                    "WYE1017", f"`{name}` is not of this function, so storing into it is refused", target, help="copy it first: `{**...}`"
                )
            return
        if (
            inference.kind_of(bound.value.type) != "dict"
            or not bound.owned
            or len(target.slice) != 1
            or not isinstance(target.slice[0].slice, cst.Index)
        ):
            why = "may have a second reference" if inference.kind_of(bound.value.type) == "dict" else "is no dict of this pipeline's own"
            frame.error(
                "WYE1017",
                f"`{name}` {why}, so storing into it is refused",
                target,
                help=f"build a new one: `{name} = {{**{name}, key: value}}`",
            )
            return
        key = self.expressions.plain(target.slice[0].slice.value)
        self._bind(name, dict_display([*_pairs(bound.value), (key, value)], frame.module.span(target)), owner, owned=True)

    def _bind(self, name: str, value: Expr, node: cst.CSTNode, owned: bool) -> None:
        frame = self.frame
        if not is_value(value):
            if size(value) > MAX_EXPRESSION:
                compute = self._compute(value, name)
                frame.nodes.append(compute)
                value = Output(compute.id, "out", compute.type, compute.format, value.span)
            else:
                frame.pending.append((len(frame.nodes), value))
        self._share(name, value)
        frame.env[name] = Bound(value, frame.module.span(node), owned)

    def _share(self, name: str, value: Expr) -> None:
        """A list or dict that became a part of another value has a second reference: its name owns it no longer."""
        if value.type in inference.SCALARS or is_value(value):
            return
        owned = {id(b.value): n for n, b in self.frame.env.items() if b.owned and n != name}
        for part in walk(value) if owned else ():
            if id(part) in owned:
                other = owned[id(part)]
                self.frame.env[other] = replace(self.frame.env[other], owned=False)

    def _fresh(self, node: cst.BaseExpression, value: Expr) -> bool:
        """Whether an expression makes a new list or dict that nothing else refers to."""
        if isinstance(node, cst.List | cst.Dict | cst.ListComp | cst.DictComp):
            return True
        called = isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in ("list", "dict", "sorted")
        return called and inference.kind_of(value.type) in ("list", "dict")

    def augmented(self, node: cst.AugAssign) -> Signal:
        frame = self.frame
        if not isinstance(node.target, cst.Name):
            frame.error("WYE1017", "a pipeline stores into plain names only", node.target, help="build a new value and give it a name")
            return None
        name = node.target.value
        current = self.expressions.lower(node.target)
        bound = frame.env.get(name)
        if bound is None:
            return None
        value = self.expressions.plain(node.value)
        op = _AUGMENTED[type(node.operator)]
        kind = inference.kind_of(current.type)
        if kind == "list" and op == "+" and bound.owned:
            self.expressions.iterable(value, node.value)
            items = value.items if isinstance(value, Display) and value.kind != "set" else (Star(value, value.type, value.span),)
            self._bind(name, self._extended(current, items, frame.module.span(node)), node.target, owned=True)
            return None
        if current.type not in inference.SCALARS and kind not in ("str", "tuple"):
            message = f"`{name}` may have a second reference" if kind else f"the type of `{name}` is not known to be immutable"
            frame.error("WYE1022", f"{message}, so `{op}=` is refused", node, help=f"write `{name} = {name} {op} ...`")
            return None
        self._bind(name, self.expressions.arithmetic(op, current, value, node), node.target, owned=False)
        return None

    def returns(self, node: cst.Return) -> Signal:
        frame = self.frame
        self.result = self.expressions.plain(node.value) if node.value is not None else frame.const(None, node)
        wanted = frame.declaration.type
        if inference.mismatch(self.result.type, wanted):
            labels = ()
            frame.error("WYE3001", f"the pipeline declares {show(wanted)} but returns {show(self.result.type)}", node, labels=labels)
        return "return"

    def nothing(self, node: cst.Pass) -> Signal:
        return None

    def asserts(self, node: cst.Assert) -> Signal:
        known, value = constant(self.expressions.plain(node.test))
        if not known:
            self.frame.error("WYE1011", f"`assert`: {_LATER}", node, help="assert inside a step")
        elif not value:
            self.frame.error("WYE1028", "this assertion is false at compile time", node)
        return None

    def loop_break(self, node: cst.Break) -> Signal:
        return "break"

    def loop_continue(self, node: cst.Continue) -> Signal:
        return "continue"

    # --- compile-time control flow -------------------------------------------------------------------------------------------

    def branch(self, node: cst.If) -> Signal:
        """An `if` whose condition is known at compile time is the arm taken."""
        known, value = constant(self.expressions.plain(node.test))
        if not known:
            message, help = f"`if`: {_LATER}", "decide inside a step, or on a module constant"
            self._refused(node, self.frame.error("WYE1011", message, node.test, help=help))
            return None
        if value:
            return self.statements(node.body.body)
        if isinstance(node.orelse, cst.If):
            return self.branch(node.orelse)
        return self.statements(node.orelse.body.body) if node.orelse else None

    def loop(self, node: cst.For) -> Signal:
        """A `for` over a list known at compile time is its body once per item."""
        frame = self.frame
        if node.asynchronous or node.orelse:
            what = "`async for`" if node.asynchronous else "`else` of a loop"
            frame.error("WYE1010", f"{what} is not part of a pipeline", self._head(node), help="write the statements after the loop")
            return None
        value, width = self.calls.iterable(node.iter)
        frame.must(value)
        starts: list[int] = []
        for item in unroll(frame, self.expressions, value, node.iter):
            starts.append(len(frame.nodes))
            self._assign(node.target, item, False, node.iter)
            signal = self.statements(node.body.body)
            if signal == "return":
                return signal
            if signal == "break":
                break
        limit(frame, starts, width)
        return None


_AUGMENTED: dict[type[cst.BaseAugOp], str] = {
    cst.AddAssign: "+", cst.SubtractAssign: "-", cst.MultiplyAssign: "*", cst.DivideAssign: "/", cst.FloorDivideAssign: "//",
    cst.ModuloAssign: "%", cst.PowerAssign: "**", cst.MatrixMultiplyAssign: "@", cst.LeftShiftAssign: "<<", cst.RightShiftAssign: ">>",
    cst.BitAndAssign: "&", cst.BitOrAssign: "|", cst.BitXorAssign: "^",
}  # fmt: skip

LOWERED: dict[type[cst.CSTNode], Callable[[Body, Any], Signal]] = {
    cst.Expr: Body.expression, cst.Assign: Body.assign, cst.AnnAssign: Body.annotated, cst.AugAssign: Body.augmented,
    cst.Return: Body.returns, cst.Pass: Body.nothing, cst.Assert: Body.asserts, cst.Break: Body.loop_break,
    cst.Continue: Body.loop_continue, cst.If: Body.branch, cst.For: Body.loop,
}  # fmt: skip
"""Every statement that the language has."""


def evaluated(expr: Expr) -> tuple[Expr, ...]:
    """The operands that are evaluated whenever the expression is."""
    match expr:
        case Select(condition=condition):
            return (condition,)
        case Logical(operands=operands):
            return operands[:1]
        case Compare(first=first, rest=rest):
            return (first, rest[0][1])
        case Lambda():
            return ()
        case Comprehension(clauses=clauses):
            return (clauses[0].iterable,)
        case _:
            return children(expr)


def _expressions(nodes: Sequence[Node], yields: Sequence[Expr]) -> Iterator[Expr]:
    for node in nodes:
        if isinstance(node, Call | SubPipeline):
            yield from (e for _, e in node.bindings)
        elif isinstance(node, Compute):
            yield node.value
    yield from yields


def _pairs(value: Expr) -> Sequence[tuple[Expr | None, Expr]]:
    """The items of a dict for a display that continues it."""
    return value.items if isinstance(value, DictDisplay) else ((None, value),)


class _Walrus(cst.CSTVisitor):
    """Names bound by `:=` in the function itself."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        if isinstance(node.target, cst.Name):
            self.names.add(node.target.value)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False
