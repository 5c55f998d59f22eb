"""The statements of a pipeline's function go in, a block of nodes comes out. A statement without a row in the tables is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import libcst as cst

from wye.frontend import inference
from wye.frontend.calls import Calls
from wye.frontend.declarations import PipelineDeclaration
from wye.frontend.displays import dict_display, display
from wye.frontend.expressions import Expressions
from wye.frontend.failures import Failures
from wye.frontend.frame import RETURN, SKIP, STOP, VALUE, Bound, Frame, Services, compute, constant, is_value
from wye.frontend.loops import Loop, Loops
from wye.frontend.project import SMALL_STATEMENTS, Definition, bound_names, statements
from wye.frontend.prune import ordered, prune
from wye.frontend.regions import Regions
from wye.frontend.shapes import (
    Walrus,
    can_leave,
    changed_under,
    changes,
    gone_over,
    leaves_always,
    otherwise,
    parts,
    walrus_names,
)
from wye.frontend.unrolling import MAX_UNROLLED, known_items, limit
from wye.ir.expressions import children, size
from wye.ir.model import Block, Const, DictDisplay, Display, Expr, Index, Output, Param, Pipeline, Star, Unpack
from wye.runtime.types import show

MAX_EXPRESSION = 400
"""An expression of more nodes becomes a task of its own when it is given a name, so that reuse cannot blow up."""

REFUSED: dict[type[cst.CSTNode], tuple[str, str, str]] = {
    cst.TryStar: ("WYE1010", "`except*` is not part of a pipeline", "handle the group inside a step"),
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

MAX_LEFT = 16
"""A loop that can be left early is unrolled up to so many items: each later one stands inside the condition that no earlier one left."""


class _End:
    """Stands behind the last statement of a function that returns a value somewhere: there, Python returns None."""


Statement = cst.BaseStatement | cst.BaseSmallStatement | _End


class Body:
    """Lowers the statements of one pipeline."""

    def __init__(
        self, services: Services, declaration: PipelineDeclaration, lower_pipeline: Callable[[Definition], Pipeline | None]
    ) -> None:
        node = declaration.node
        names = {p.name for p in declaration.parameters}
        names.update(n for s in statements(node.body.body) for n in bound_names(s))
        walrus = Walrus()
        if ":=" in declaration.definition.module.text:  # a walk of the whole body is dear, and nearly always for nothing
            node.body.visit(walrus)
        self.frame = Frame(services, declaration, frozenset(names | walrus.names.keys()))
        self.expressions = Expressions(self.frame)
        self.calls = Calls(self.frame, self.expressions, lower_pipeline)
        self.regions = Regions(self.frame)
        self.loops = Loops(self.frame, self.regions)
        self.failures = Failures(self.frame, self.expressions, self.regions, self.statements)
        self.failures.after_exits = self._after_exits
        self.expressions.regions, self.expressions.loops = self.regions, self.loops
        self.returned = False
        """Whether there is a `return` in a statement that was refused."""
        for p in declaration.parameters:
            self.frame.env[p.name] = Bound(Param(p.name, "json" if p.type == "any" else p.type, p.span), p.span)

    def lower(self) -> Block:
        """The whole body as a block; its one yield is the return value, if there is any."""
        frame, declaration = self.frame, self.frame.declaration
        written: list[Any] = list(declaration.node.body.body)
        returns = any(isinstance(s, cst.Return) and s.value is not None for s in statements(written))
        self.statements([*written, _End()] if returns else written)
        result = frame.env.get(VALUE)
        wanted = declaration.type
        if (
            result is None
            and not self.returned
            and not frame.work.dead
            and wanted not in ("any", "none", "json")
            and not (isinstance(wanted, tuple) and "none" in wanted)
        ):
            frame.error("WYE3001", f"the pipeline declares {show(wanted)} but returns nothing", declaration.span, help="return a value")
        block = self.regions.finish(frame.work, (result.value,) if result is not None and not frame.work.dead else ())
        return ordered(prune(block))

    # --- statements ----------------------------------------------------------------------------------------------------------

    def statements(self, body: Sequence[Statement]) -> None:
        """Lower statements in order; what follows on a way out of here never runs."""
        todo = [s for node in body for s in (node.body if isinstance(node, SMALL_STATEMENTS) else (node,))]
        for i, node in enumerate(todo):
            rest = todo[i + 1 :]
            if isinstance(node, cst.If) and rest and self._divided(node, rest):
                return
            if isinstance(node, _End):
                self._ends()
            else:
                self.statement(node)
            if self._left(lambda rest=rest: self.statements(rest), bool(rest)):  # type: ignore[misc]
                return

    def _left(self, rest: Callable[[], None], more: bool) -> bool:
        """Whether what follows needs no lowering here: it is never reached, or it was lowered under the condition that it is."""
        frame = self.frame
        for kind in (RETURN, STOP, SKIP) if frame.loops else (RETURN,):
            bound = frame.env.get(kind)
            if bound is None:
                continue
            known, value = constant(bound.value)
            if known and value:
                if frame.loops and kind == RETURN:
                    frame.bind(STOP, frame.const(True, bound.span), bound.span)
                return True
            if not known and (more or (frame.loops and kind == RETURN)):
                self._guarded(kind, bound, rest)
                return True
        return frame.work.dead

    def _after_exits(self, rest: Callable[[], None]) -> None:
        if not self._left(rest, True):
            rest()

    def _guarded(self, kind: str, bound: Bound, rest: Callable[[], None]) -> None:
        frame = self.frame

        def gone() -> None:
            for flag in (kind, STOP) if frame.loops and kind == RETURN else (kind,):
                frame.bind(flag, frame.const(True, bound.span), bound.span)

        def on() -> None:
            frame.bind(kind, frame.const(False, bound.span), bound.span)
            self._after_exits(rest)

        self.regions.branch(bound.value, gone, on, bound.span)

    def _ends(self) -> None:
        """The end of a function that has not returned: None."""
        span = self.frame.declaration.span
        self._returns(self.frame.const(None, span), span)

    def _returns(self, value: Expr, span: Any) -> None:
        frame = self.frame
        frame.bind(VALUE, value, span)
        if not is_value(value):
            frame.pend(value)
        for flag in (RETURN, STOP) if frame.loops else (RETURN,):
            frame.bind(flag, frame.const(True, span), span)

    def statement(self, node: cst.CSTNode) -> None:
        row = LOWERED.get(type(node))
        if row is not None:
            row(self, node)
            return
        code, message, help = REFUSED.get(type(node), ("WYE1010", f"`{type(node).__name__}` is not part of a pipeline", "do it in a step"))
        self._refused(node, self.frame.error(code, message, self._head(node), help=help))

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

    def expression(self, node: cst.Expr) -> None:
        value = node.value
        if isinstance(value, cst.SimpleString | cst.ConcatenatedString | cst.Ellipsis):
            return  # a docstring or a placeholder
        if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute) and self._mutation(value, value.func):
            return
        lowered = self.expressions.lower(value)
        if not isinstance(value, cst.Call) or self.calls.kind(value) is None:
            self.frame.pend(lowered)

    def _mutation(self, node: cst.Call, func: cst.Attribute) -> bool:
        """`xs.append(e)`, `xs.extend(e)`, `d.update(e)` on an owned name: a rebinding. False when it is something else."""
        frame, method = self.frame, func.attr.value
        if not isinstance(func.value, cst.Name) or func.value.value not in frame.env or method not in ("append", "extend", "update"):
            return False
        name, bound = func.value.value, frame.env[func.value.value]
        if bound.maybe is not None or inference.kind_of(bound.value.type) != ("dict" if method == "update" else "list"):
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
            new: Expr = self._extended(frame.read(name), (value,), span)
        elif method == "extend":
            self.expressions.iterable(value, node.args[0].value)
            items = value.items if isinstance(value, Display) and value.kind != "set" else (Star(value, value.type, span),)
            new = self._extended(frame.read(name), items, span)
        else:
            new = dict_display([*_pairs(frame.read(name)), *_pairs(value)], span)
        self._bind(name, new, func.value, owned=True)
        return True

    def _extended(self, base: Expr, items: Sequence[Expr], span: Any) -> Expr:
        head = base.items if isinstance(base, Display) and base.kind == "list" else (Star(base, base.type, span),)
        return display("list", [*head, *items], span)

    def _instead(self, method: str, name: str) -> str:
        return {"append": f"write `{name} = {name} + [x]`", "extend": f"write `{name} = {name} + [...]`"}.get(
            method, f"write `{name} = {{**{name}, ...}}`"
        )

    def assign(self, node: cst.Assign) -> None:
        value = self.expressions.plain(node.value)
        owned = len(node.targets) == 1 and self._fresh(node.value, value)
        for i, target in enumerate(node.targets):
            self._assign(target.target, value, owned, node.value, evaluated=i > 0)
        if isinstance(node.value, cst.Name) and node.value.value in self.frame.env:
            source = self.frame.env[node.value.value]
            self.frame.env[node.value.value] = replace(source, owned=False)  # a second reference ends ownership

    def annotated(self, node: cst.AnnAssign) -> None:
        if node.value is None:
            return
        value = self.expressions.plain(node.value)
        if isinstance(value, Display | DictDisplay) and not value.items:
            # An empty display takes the declared type: it is what later items have.
            declared = self.frame.services.annotations.read(self.frame.module, node.annotation).type
            if inference.kind_of(declared) == inference.kind_of(value.type):
                value = replace(value, type=declared)
        self._assign(node.target, value, self._fresh(node.value, value), node.value)

    def _assign(self, target: cst.BaseExpression, value: Expr, owned: bool, source: cst.BaseExpression, evaluated: bool = False) -> None:
        """`evaluated`: the value was, before any of its targets was bound."""
        frame = self.frame
        if isinstance(target, cst.Name):
            self._bind(target.value, value, target, owned, evaluated)
        elif isinstance(target, cst.Tuple | cst.List):
            items = self.expressions.unpack(value, target)
            if items and isinstance(items[0], Index) and isinstance(items[0].value, Unpack):
                frame.pend(items[0].value)  # the count is checked even if no item is used
            elif not evaluated:
                for item in items:
                    frame.must(item, True)
            sources = parts(source, len(items))
            for element, item, written in zip(target.elements, items, sources):
                starred = isinstance(element, cst.StarredElement)
                if isinstance(element.value, cst.Name) and isinstance(item, Index) and isinstance(item.value, Unpack):
                    frame.bind(element.value.value, item, frame.module.span(element), starred)
                else:
                    fresh = starred or (written is not source and self._fresh(written, item))
                    self._assign(element.value, item, fresh, written, evaluated=True)
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
        if bound is None or bound.maybe is not None:
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
        self._bind(name, dict_display([*_pairs(frame.read(name)), (key, value)], frame.module.span(target)), owner, owned=True)

    def _bind(self, name: str, value: Expr, node: cst.CSTNode, owned: bool, evaluated: bool = False) -> None:
        frame = self.frame
        if not is_value(value):
            if size(value) > MAX_EXPRESSION:
                made = compute(frame.fresh(name), value)
                frame.add(made)
                value = Output(made.id, "out", made.type, made.format, value.span)
            elif not evaluated:
                frame.pend(value)
        self._share(name, value)
        frame.bind(name, value, frame.module.span(node), owned)

    def _share(self, name: str, value: Expr) -> None:
        """A list or dict that became a part of another value has a second reference: its name owns it no longer."""
        if value.type in inference.SCALARS or is_value(value):
            return
        owned = {id(b.value): n for n, b in self.frame.env.items() if b.owned and n != name}
        for part in _held(value) if owned else ():
            if id(part) in owned:
                other = owned[id(part)]
                self.frame.env[other] = replace(self.frame.env[other], owned=False)

    def _fresh(self, node: cst.BaseExpression, value: Expr) -> bool:
        """Whether an expression makes a new list or dict that nothing else refers to."""
        if isinstance(node, cst.List | cst.Dict | cst.ListComp | cst.DictComp):
            return True
        called = isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in ("list", "dict", "sorted")
        return called and inference.kind_of(value.type) in ("list", "dict")

    def augmented(self, node: cst.AugAssign) -> None:
        frame = self.frame
        if not isinstance(node.target, cst.Name):
            frame.error("WYE1017", "a pipeline stores into plain names only", node.target, help="build a new value and give it a name")
            return
        name = node.target.value
        current = self.expressions.lower(node.target)
        bound = frame.env.get(name)
        if bound is None or bound.maybe is not None:
            return
        value = self.expressions.plain(node.value)
        op = _AUGMENTED[type(node.operator)]
        kind = inference.kind_of(current.type)
        if kind == "list" and op == "+" and bound.owned:
            self.expressions.iterable(value, node.value)
            items = value.items if isinstance(value, Display) and value.kind != "set" else (Star(value, value.type, value.span),)
            self._bind(name, self._extended(current, items, frame.module.span(node)), node.target, owned=True)
            return
        if current.type not in inference.SCALARS and kind not in ("str", "tuple"):
            message = f"`{name}` may have a second reference" if kind else f"the type of `{name}` is not known to be immutable"
            frame.error("WYE1022", f"{message}, so `{op}=` is refused", node, help=f"write `{name} = {name} {op} ...`")
            return
        self._bind(name, self.expressions.arithmetic(op, current, value, node), node.target, owned=False)

    def returns(self, node: cst.Return) -> None:
        frame = self.frame
        if self.failures.in_final():
            frame.error("WYE1029", "`return` in `finally` is not part of a pipeline", node, help="return after the `try`")
        value = self.expressions.plain(node.value) if node.value is not None else frame.const(None, node)
        wanted = frame.declaration.type
        if inference.mismatch(value.type, wanted):
            frame.error("WYE3001", f"the pipeline declares {show(wanted)} but returns {show(value.type)}", node)
        self._returns(value, frame.module.span(node))

    def nothing(self, node: cst.Pass) -> None:
        pass

    def asserts(self, node: cst.Assert) -> None:
        self.failures.asserts(node)

    def raises(self, node: cst.Raise) -> None:
        self.failures.raises(node)

    def tries(self, node: cst.Try) -> None:
        self.failures.tries(node)

    def loop_break(self, node: cst.Break) -> None:
        self._leaves(STOP, node, "break")

    def loop_continue(self, node: cst.Continue) -> None:
        self._leaves(SKIP, node, "continue")

    def _leaves(self, flag: str, node: cst.CSTNode, word: str) -> None:
        frame = self.frame
        if self.failures.in_final(inside_loop=True):
            frame.error("WYE1029", f"`{word}` in `finally` is not part of a pipeline", node, help="leave the loop after the `try`")
        frame.bind(flag, frame.const(True, node), frame.module.span(node))

    # --- control flow --------------------------------------------------------------------------------------------------------

    def branch(self, node: cst.If) -> None:
        """An `if` whose condition is known at compile time is the arm taken; any other becomes a region."""
        self._branch(node, (), ())

    def _branch(self, node: cst.If, then_more: Sequence[Statement], else_more: Sequence[Statement]) -> None:
        condition = self.expressions.plain(node.test)
        known, value = constant(condition)
        then = [*node.body.body, *then_more]
        orelse = [*otherwise(node), *else_more]
        if known:
            self.statements(then if value else orelse)
            return
        span = self.frame.module.span(node.test)
        self.regions.branch(condition, lambda: self.statements(then), lambda: self.statements(orelse), replace(span))

    def _divided(self, node: cst.If, rest: Sequence[Statement]) -> bool:
        """`if c: return a` and more statements: these are the other arm. No flag is needed, and nothing stands there twice."""
        then, orelse = leaves_always(node.body.body), leaves_always(otherwise(node))
        if then == orelse:
            return False
        self._branch(node, () if then else rest, rest if then else ())
        return True

    def loop(self, node: cst.For) -> None:
        """A `for` over a list known at compile time is its body once per item; any other becomes a region."""
        frame = self.frame
        if node.asynchronous or node.orelse:
            what = "`async for`" if node.asynchronous else "`else` of a loop"
            frame.error("WYE1010", f"{what} is not part of a pipeline", self._head(node), help="write the statements after the loop")
            return
        value, width = self.calls.iterable(node.iter)
        frame.must(value)
        self.expressions.iterable(value, node.iter)
        self._steady(node)
        found = known_items(frame, value)
        leaves = can_leave(node.body.body)
        span = self._head(node)
        if found is not None and len(items := found if isinstance(found, Sequence) else list(found)) <= (
            MAX_LEFT if leaves else MAX_UNROLLED
        ):
            starts: list[int] = []
            self._unrolled(node, items, starts)
            limit(frame, starts, width)
            return
        bind, body = lambda item: self._assign(node.target, item, False, node.iter), lambda: self.statements(node.body.body)
        loop = Loop(span, bind, body, *changes(node))
        self.loops.over_items(value, width, loop)

    def _steady(self, node: cst.For) -> None:
        """Refuse a loop that changes what it goes over: Python's would go on with what is added."""
        changed = changed_under(node)
        for name in gone_over(node.iter):
            bound = self.frame.env.get(name.value)
            if name.value in changed and bound is not None and inference.kind_of(bound.value.type) in ("list", "dict"):
                self.frame.error(
                    "WYE1017", f"the loop goes over `{name.value}` and changes it", name, help=f"go over a copy: `list({name.value})`"
                )  # fmt: skip

    def _unrolled(self, node: cst.For, items: Sequence[Expr], starts: list[int]) -> None:
        """The body once per item; after a `break` that only the run knows, the rest stands under the condition that it did not happen."""
        frame = self.frame
        outer = {f: frame.env.pop(f, None) for f in (STOP, SKIP)}
        frame.loops += 1
        self._items(node, items, 0, starts)
        frame.loops -= 1
        for flag, bound in outer.items():
            frame.env.pop(flag, None)
            if bound is not None:
                frame.env[flag] = bound
        settle(frame)

    def _items(self, node: cst.For, items: Sequence[Expr], at: int, starts: list[int]) -> None:
        frame = self.frame
        for i in range(at, len(items)):
            starts.append(len(frame.nodes))
            self._assign(node.target, items[i], False, node.iter)
            self.statements(node.body.body)
            settle(frame, SKIP)
            frame.env.pop(SKIP, None)
            if self._left(lambda i=i: self._items(node, items, i + 1, []), i + 1 < len(items)):  # type: ignore[misc]
                return

    def whiles(self, node: cst.While) -> None:
        frame = self.frame
        if node.orelse:
            help = "write the statements after the loop"
            frame.error("WYE1010", "`else` of a loop is not part of a pipeline", self._head(node), help=help)
            return
        walrus = any(True for _ in walrus_names(node.test))

        def test() -> Expr:
            return frame.const(True, node.test) if walrus else self.expressions.plain(node.test)

        def body() -> None:
            if not walrus:
                self.statements(node.body.body)
                return
            # `while (x := f()) > 3` binds in the body: it is `while True`, which the test leaves
            condition, span = self.expressions.plain(node.test), frame.module.span(node.test)

            def leave() -> None:
                frame.bind(STOP, frame.const(True, span), span)

            self.regions.branch(condition, lambda: self.statements(node.body.body), leave, span)

        self.loops.while_true(test, Loop(self._head(node), lambda item: None, body, *changes(node)))


_AUGMENTED: dict[type[cst.BaseAugOp], str] = {
    cst.AddAssign: "+", cst.SubtractAssign: "-", cst.MultiplyAssign: "*", cst.DivideAssign: "/", cst.FloorDivideAssign: "//",
    cst.ModuloAssign: "%", cst.PowerAssign: "**", cst.MatrixMultiplyAssign: "@", cst.LeftShiftAssign: "<<", cst.RightShiftAssign: ">>",
    cst.BitAndAssign: "&", cst.BitOrAssign: "|", cst.BitXorAssign: "^",
}  # fmt: skip

LOWERED: dict[type[cst.CSTNode], Callable[[Body, Any], None]] = {
    cst.Expr: Body.expression, cst.Assign: Body.assign, cst.AnnAssign: Body.annotated, cst.AugAssign: Body.augmented,
    cst.Return: Body.returns, cst.Pass: Body.nothing, cst.Assert: Body.asserts, cst.Raise: Body.raises, cst.Break: Body.loop_break,
    cst.Continue: Body.loop_continue, cst.If: Body.branch, cst.For: Body.loop, cst.While: Body.whiles, cst.Try: Body.tries,
}  # fmt: skip
"""Every statement that the language has."""


def settle(frame: Frame, *kinds: str) -> None:
    """At the end of a loop or of an iteration its own exits are over: what they left unbound may now be unbound."""
    over = set(kinds or (STOP, SKIP))
    for name, bound in frame.env.items():
        if bound.lost & over:
            maybe = bound.maybe or f"not bound where the loop is left, at {bound.span.path}:{bound.span.line}"
            frame.env[name] = replace(bound, maybe=maybe, lost=bound.lost - over)


def _held(value: Expr) -> Iterator[Expr]:
    """The expressions whose values may live on inside a value: what a number or a text was computed from does not."""
    stack = [value]
    while stack:
        expr = stack.pop()
        if expr.type not in inference.SCALARS:
            yield expr
            stack.extend(children(expr))


def _pairs(value: Expr) -> Sequence[tuple[Expr | None, Expr]]:
    """The items of a dict for a display that continues it."""
    return value.items if isinstance(value, DictDisplay) else ((None, value),)
