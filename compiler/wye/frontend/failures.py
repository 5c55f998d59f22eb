"""`raise`, `assert` and `try` go in; tasks that fail, and regions that catch, come out.

What a handler, a `finally` or the statements after a `try` may read: a name of which one definition reaches every place where the body can
raise. Inside a `try` what can raise is a task of its own, where it is written.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import libcst as cst

from wye.diagnostics import Span
from wye.frontend.frame import FLAGS, VALUE, Bound, Frame, Watch, constant
from wye.frontend.project import Definition, External, dotted
from wye.frontend.regions import Arm, Join, Regions, changed_names, negated, travels
from wye.ir.expressions import references
from wye.ir.model import Block, Builtin, Const, Construct, Expr, Fail, Handler, Result, Try
from wye.ir.nodes import source
from wye.ir.settings import Settings

if TYPE_CHECKING:
    from wye.frontend.expressions import Expressions

EVERY = ("Exception", "BaseException")
"""What catches every failure, also one without a Python exception: a time-out, a lost machine."""


class Failures:
    """Lowers what raises and what catches in one pipeline's body. `statements` lowers a list of statements."""

    def __init__(self, frame: Frame, expressions: Expressions, regions: Regions, statements: Callable[[Sequence[Any]], None]) -> None:
        self.frame, self.expressions, self.regions, self.statements = frame, expressions, regions, statements
        self._finals: list[int] = []

    def in_final(self, inside_loop: bool = False) -> bool:
        """Whether a `return` (or, in no loop of its own, a `break` or `continue`) here would leave a `finally`."""
        return bool(self._finals) and (not inside_loop or self._finals[-1] == self.frame.loops)

    # --- raise and assert ----------------------------------------------------------------------------------------------------

    def raises(self, node: cst.Raise) -> None:
        frame = self.frame
        span = frame.module.span(node)
        if node.exc is None:
            frame.error("WYE1010", "`raise` without an exception is not part of a pipeline", node, help="raise one by its name")
            frame.work.dead = True
            return
        if node.cause is not None and not (isinstance(node.cause.item, cst.Name) and node.cause.item.value == "None"):
            frame.error("WYE1010", "`raise … from` is not part of a pipeline", node.cause, help="put what matters in the message")
        self._fail(self._exception(node.exc), None, span)
        frame.work.dead = True

    def asserts(self, node: cst.Assert) -> None:
        frame = self.frame
        test = self.expressions.plain(node.test)
        known, value = constant(test)
        if known and value:
            return
        span = frame.module.span(node)
        if known:
            frame.error("WYE1028", "this assertion is false at compile time", node)
            return

        def failing() -> None:
            message = (self.expressions.plain(node.msg),) if node.msg is not None else ()
            self._fail(Builtin("AssertionError", message, (), "any", span), None, span)
            frame.work.dead = True

        self.regions.branch(negated(test, span), failing, lambda: None, frame.module.span(node.test))

    def _fail(self, error: Expr, condition: Expr | None, span: Span) -> None:
        frame = self.frame
        frame.add(Fail(frame.fresh("fail"), error, condition, Settings(), None, (), span))

    def _exception(self, node: cst.BaseExpression) -> Expr:
        """The exception that a `raise` makes."""
        frame = self.frame
        span = frame.module.span(node)
        callee = node.func if isinstance(node, cst.Call) else node
        name = self._class(callee)
        if name is None:
            what = dotted(callee) or "this"
            return frame.error(
                "WYE1030", f"`{what}` is not an exception class that can be raised here", node,
                help="raise a builtin exception or one of your own classes, by its name",
            )  # fmt: skip
        args: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        for arg in node.args if isinstance(node, cst.Call) else ():
            if arg.star:
                return frame.error("WYE1024", f"`{arg.star}` unpacks a literal only", arg, help="name the arguments")
            value = self.expressions.plain(arg.value)
            if arg.keyword:
                keywords.append((arg.keyword.value, value))
            else:
                args.append(value)
        if ":" in name:
            return Construct(name, tuple(args), tuple(keywords), "any", span)
        return Builtin(name, tuple(args), tuple(keywords), "any", span)

    def _class(self, node: cst.BaseExpression) -> str | None:
        """An exception class as an error record has it: `ValueError`, `module:qualname`."""
        frame = self.frame
        text = dotted(node)
        if not text or self.expressions.is_local(text.partition(".")[0]):
            return None
        found = frame.services.project.follow_path(frame.module, text.split("."))
        match found:
            case External(dotted=name):
                known = getattr(builtins, name, None)
                return known.__name__ if isinstance(known, type) and issubclass(known, BaseException) else None
            case Definition(node=cst.ClassDef()):
                return f"{found.module.name}:{found.name}"
        return None

    # --- try -----------------------------------------------------------------------------------------------------------------

    def tries(self, node: cst.Try) -> None:
        frame = self.frame
        whole_span = frame.module.span(node)
        span = replace(whole_span, end_line=whole_span.line, end_column=whole_span.column + len("try"))
        region = frame.region("try")
        before = dict(frame.env)
        watch, whole = Watch(), Watch()
        frame.watches += [whole, watch]
        body = self.regions.arm(lambda: self.statements(node.body.body), careful=True)
        frame.watches.remove(watch)
        if not body.dead:
            whole.note(body.env)
        handlers: list[tuple[tuple[str, ...], Arm, Span]] = []
        for handler in node.handlers:
            types = self._types(handler)
            start = self._readable(watch, before, span)
            arm = self.regions.arm(lambda h=handler: self.statements(h.body.body), env=start)  # type: ignore[misc]
            if not arm.dead:
                whole.note(arm.env)
            where = frame.module.span(handler)
            handlers.append((types, arm, replace(where, end_line=where.line, end_column=where.column + len("except"))))
        orelse = self._else(node, body)
        if orelse is not None and not orelse.dead:
            whole.note(orelse.env)
        frame.watches.remove(whole)
        final = self._final(node, self._readable(whole, before, span)) if node.finalbody is not None else None
        self._join(region, body, handlers, orelse, final, span)

    def _types(self, node: cst.ExceptHandler) -> tuple[str, ...]:
        frame = self.frame
        if node.name is not None:
            frame.error(
                "WYE1010", "`except … as` is not part of a pipeline", node.name, help="decide by the class alone, or handle it in a step"
            )
        if node.type is None:
            return ()
        parts = [e.value for e in node.type.elements] if isinstance(node.type, cst.Tuple) else [node.type]
        found: list[str] = []
        for part in parts:
            name = self._class(part)
            if name is None:
                frame.error(
                    "WYE1030", f"`{dotted(part) or 'this'}` is not an exception class that can be told here", part,
                    help="name a builtin exception or one of your own classes",
                )  # fmt: skip
            else:
                found.append(name)
        return () if any(n in EVERY for n in found) else tuple(found)

    def _readable(self, watch: Watch, before: dict[str, Bound], span: Span) -> dict[str, Bound]:
        """What the names stand for wherever something can have raised; what is not certain is not readable."""
        env: dict[str, Bound] = {}
        names = dict.fromkeys([*before, *watch.seen])
        for name in names:
            if name in FLAGS or name == VALUE:
                continue
            seen = watch.seen.get(name, [before.get(name)]) if watch.points else [before.get(name)]
            known = before.get(name)
            only = seen[0] if len(seen) == 1 else None
            if only is not None and (
                only is known or (known is not None and only.value is known.value) or not self._is_inner(only, before)
            ):
                env[name] = only
            else:
                why = f"the `try` at {span.path}:{span.line} may fail before or after it is bound"
                env[name] = Bound(Const("null", "none", span), span, maybe=why)
        return env

    def _is_inner(self, bound: Bound, before: dict[str, Bound]) -> bool:
        """Whether a value was made inside the `try`: then it may not be there."""
        outer = {source(r) for b in before.values() for r in references(b.value)}
        return bound.maybe is not None or any((id := source(r)) is not None and id not in outer for r in references(bound.value))

    def _else(self, node: cst.Try, body: Arm) -> Arm | None:
        """The `else` block: what follows the body when it has come to its end."""
        if node.orelse is None or body.dead:
            return None
        written = node.orelse.body.body
        if any(f in body.env and constant(body.env[f].value) == (True, True) for f in FLAGS):
            return None
        return self.regions.arm(lambda: self._rest(written), env=body.env)

    def _rest(self, written: Sequence[Any]) -> None:
        """The `else` block's statements, unless the body has left before its end."""
        self.after_exits(lambda: self.statements(written))

    after_exits: Callable[[Callable[[], None]], None]
    """Lowers what follows under the condition that nothing has left before."""

    def _final(self, node: cst.Try, start: dict[str, Bound]) -> Arm:
        assert node.finalbody is not None
        body = node.finalbody.body.body
        self._finals.append(self.frame.loops)
        try:
            return self.regions.arm(lambda: self.statements(body), env=start)
        finally:
            self._finals.pop()

    def _join(
        self, region: str, body: Arm, handlers: list[tuple[tuple[str, ...], Arm, Span]], orelse: Arm | None, final: Arm | None, span: Span
    ) -> None:
        frame = self.frame
        ends = orelse or body
        arms = [ends, *(a for _, a, _ in handlers)]
        changed = changed_names(frame.env, arms)
        join = Join(self.regions, region, arms, None, span, {id(ends): body.ids} if orelse else {})
        join.names(changed)
        dead = final is not None and final.dead
        bound_last: list[tuple[str, Bound, Expr]] = []
        if final is not None and not dead:
            start = len(join.called)
            for name in changed_names(frame.env, [final]):
                b = final.env[name]
                if b.maybe is None and (b.work is final.work or final.inner(b.value)):
                    bound_last.append((name, b, b.value))
            for i, (name, b, value) in enumerate(bound_last):
                result = Result(region, start + i, value.type, travels(value), b.span)
                join.override(name, Bound(result, b.span, b.owned))
        finish = self.regions.finish
        last = [v for _, _, v in bound_last]
        blocks = [finish(a.work, y) for a, y in zip(arms, join.yields)]
        main = blocks[0] if orelse is None else finish(body.work)
        made = tuple(Handler(types, block, where) for (types, _, where), block in zip(handlers, blocks[1:]))
        end: Block | None = finish(final.work, last) if final is not None else None
        names = (*join.called, *(n for n, _, _ in bound_last))
        frame.add(Try(region, main, made, blocks[0] if orelse is not None else None, end, (), span, names))
        join.bind()
        if dead:
            frame.work.dead = True
