"""Loops over run-time values go in; `Map`, `For` and `While` regions come out, with what the names stand for after them.

    ys = []                               %for_1 = map over %xs
    total = 0                             do: %f = f(%for_1.item); yield %f
    for x in xs():                  ->    ys = %for_1.result[0]
        y = f(x)                          total = reduce(lambda c, y: c + y, %for_1.result[0], 0)
        ys.append(y)
        total += y

A name that the body only adds to is *accumulated*, one that only expressions continue is *folded*: the iterations stay independent. Where
a task reads what an earlier iteration left, or the loop can end early, the iterations are sequential (`For`), with carries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from wye.diagnostics import Span
from wye.frontend import inference
from wye.frontend.displays import dict_display, display
from wye.frontend.frame import FLAGS, RETURN, SKIP, STOP, VALUE, Bound, Frame, Mark, compute, constant, is_value
from wye.frontend.gather import Carried, Gather, Leaves
from wye.frontend.regions import Arm, Regions, boolean, travels
from wye.ir.expressions import Reference, evaluated, key, raises, references
from wye.ir.model import (
    Builtin,
    Carry,
    Comprehension,
    Const,
    DictDisplay,
    Display,
    Expr,
    For,
    Format,
    Index,
    Item,
    Local,
    Map,
    Output,
    Param,
    Result,
    While,
)  # fmt: skip
from wye.ir.nodes import read, source
from wye.runtime.types import Type, format_of

TRIES = 8
"""How often a loop's body is lowered until the types of its carries fit; then they are `any`."""


@dataclass(slots=True)
class Loop:
    """A loop as the source has it: `bind` makes its targets stand for an item, `body` lowers its statements. `assigned` are all names that
    it may bind; `receivers` those that it only appends to or stores into."""

    span: Span
    bind: Callable[[Expr], None]
    body: Callable[[], None]
    assigned: Sequence[str]
    receivers: frozenset[str]


@dataclass(slots=True)
class _Try:
    """One lowering of a loop's body."""

    region: str
    carried: list[Carried]
    accumulated: dict[str, Bound]
    arm: Arm
    head: Arm | None = None
    """Of a `while`: its condition."""
    condition: Expr | None = None

    def end(self, name: str) -> Expr | None:
        bound = self.arm.env.get(name)
        return bound.value if bound else None


class Loops:
    """Makes the loops of one pipeline's body."""

    def __init__(self, frame: Frame, regions: Regions) -> None:
        self.frame, self.regions, self.gather = frame, regions, Gather(frame)

    # --- for -----------------------------------------------------------------------------------------------------------------

    def over_items(self, value: Expr, width: int | None, loop: Loop) -> None:
        """A `for` over a value that only a run knows."""
        frame = self.frame
        region = frame.region("for")
        over, item = self._over(value, region)
        mark = frame.mark()

        def lower(tried: _Try) -> Arm:
            def body() -> None:
                self._enter(tried)
                loop.bind(item)
                loop.body()

            return self._inside(body)

        accumulated = self._accumulated(loop)
        tried = self._settled(mark, lambda: _Try(region, self._carried(region, loop, accumulated), accumulated, _NO_ARM), lower)
        if accumulated and not self._is_map(tried):
            frame.back(mark)
            tried = self._settled(mark, lambda: _Try(region, self._carried(region, loop, {}), {}, _NO_ARM), lower)
        if self._is_map(tried):
            self._map(tried, over, width, loop)
        else:
            self._for(tried, over, loop)

    def _over(self, value: Expr, region: str) -> tuple[Expr, Expr]:
        """A reference to the list that is gone over, and what an item of it is."""
        frame, span = self.frame, value.span
        element = inference.element(value.type)
        is_list = isinstance(value.type, tuple) and value.type[0] == "list"
        if isinstance(value, Reference) and not isinstance(value, Param | Const) and value.format.endswith("*"):
            return value, Item(region, element, cast(Format, value.format[:-1]), span)
        if format_of(value.type) == "json" and not (is_list and isinstance(value, Reference) and travels(value) == "json"):
            if not _makes_a_list(value):
                value = Builtin("list", (value,), (), ("list", element), span)
            value = frame.task(frame.work, len(frame.nodes), value, f"{region}_items")
        if travels(value) == "json":
            return value, Item(region, element, "json", span)
        # Objects: the iterations go over the places of the list, and take the object there.
        if not (is_list and isinstance(value, Reference)):
            value = Builtin("list", (value,), (), ("list", element), span)
            value = frame.task(frame.work, len(frame.nodes), value, f"{region}_items")
        length = Builtin("len", (value,), (), "int", span)
        places = Builtin("list", (Builtin("range", (length,), (), ("list", "int"), span),), (), ("list", "int"), span)
        over = frame.task(frame.work, len(frame.nodes), places, f"{region}_places")
        return over, Index(value, Item(region, "int", "json", span), element, span)

    def _accumulated(self, loop: Loop) -> dict[str, Bound]:
        """The lists and dicts that the body only adds to."""
        env = self.frame.env
        names = [n for n in env if n in loop.receivers and env[n].owned and env[n].maybe is None]
        return {n: env[n] for n in names if inference.kind_of(env[n].value.type) in ("list", "dict")}

    def _carried(self, region: str, loop: Loop, accumulated: Iterable[str]) -> list[Carried]:
        env = self.frame.env
        found: list[Carried] = []
        for name in dict.fromkeys(loop.assigned):
            if name in env and name not in accumulated and env[name].maybe is None:
                value = env[name].value
                found.append(Carried(name, value, env[name].span, value.type, _carry_format([value]), env[name].owned, env[name].owned))
        return found

    def _enter(self, tried: _Try) -> None:
        """What the names stand for where an iteration begins."""
        frame = self.frame
        for flag in FLAGS:
            frame.env.pop(flag, None)
        for i, c in enumerate(tried.carried):
            frame.env[c.name] = Bound(Carry(tried.region, i, c.type, c.format, c.span), c.span, c.owned, frame.work, 0, c.maybe)
        for name, bound in tried.accumulated.items():
            empty = dict_display([], bound.span) if inference.kind_of(bound.value.type) == "dict" else display("list", [], bound.span)
            frame.env[name] = Bound(empty, bound.span, True, frame.work, 0)

    def _inside(self, body: Callable[[], None], env: dict[str, Bound] | None = None) -> Arm:
        self.frame.loops += 1
        try:
            return self.regions.arm(body, env=env)
        finally:
            self.frame.loops -= 1

    def _settled(self, mark: Mark, first: Callable[[], _Try], lower: Callable[[_Try], Arm]) -> _Try:
        """Lower the body until each carry has a type and a format that holds before and after every iteration."""
        tried = first()
        for number in range(TRIES + 1):
            tried.arm = lower(tried)
            again: list[Carried] = []
            for i, c in enumerate(tried.carried):
                end = tried.arm.env.get(c.name)
                if tried.arm.dead or end is None:
                    again.append(c)
                    continue
                if end.maybe or SKIP in end.lost:
                    again.append(replace(c, maybe=end.maybe or f"not bound where an iteration ends, at {end.span.path}:{end.span.line}"))
                    continue
                if self._is_carry(end.value, tried.region, i) and (end.owned or not c.was_owned):
                    continue  # no iteration changes it: it is the value from outside
                type_ = inference.join(c.type, end.value.type) if number < TRIES else "any"
                format = _carry_format([c.initial, end.value], type_)
                again.append(_carried_as(c, type_, format, c.owned and end.owned))
            if [_shape(c) for c in again] == [_shape(c) for c in tried.carried]:
                return tried
            self.frame.back(mark)
            tried.carried = again
        tried.arm = lower(tried)
        return tried

    def _is_carry(self, value: Expr, region: str, index: int) -> bool:
        return isinstance(value, Carry) and value.region == region and value.index == index

    def _is_map(self, tried: _Try) -> bool:
        """Whether the iterations are independent: no task reads a carry, and nothing ends the loop early."""
        if tried.arm.dead:
            return not any(isinstance(r, Carry) and r.region == tried.region for n in tried.arm.work.nodes for r in read(n))
        if any(f in tried.arm.env and constant(tried.arm.env[f].value) != (True, False) for f in (STOP, RETURN)):
            return False
        work = tried.arm.work
        made = [e for _, _, e in work.made.values()]
        reading = [r for n in work.nodes for r in read(n)] + [r for e in made for r in references(e)]
        if any(isinstance(r, Carry) and r.region == tried.region for r in reading):
            return False
        ends = [e for c in tried.carried if (e := tried.end(c.name)) is not None]
        certain: set[int] = set()
        stack = list(ends)
        while stack:
            expr = stack.pop()
            certain.add(id(expr))
            stack.extend(evaluated(expr))
        for _, expr in work.pending:
            if not is_value(expr) and raises(expr) and self._reads_carry(expr, tried) and (id(expr) not in certain or work.careful):
                return False
        if any(self._reads_carry(e, tried) for n in tried.accumulated if (e := tried.end(n)) is not None):
            return False
        for c in tried.carried:
            end = tried.arm.env.get(c.name)
            if end is not None and (end.lost or end.maybe):
                return False
        return True

    def _reads_carry(self, expr: Expr, tried: _Try) -> bool:
        return any(isinstance(r, Carry) and r.region == tried.region for r in references(expr))

    # --- map -----------------------------------------------------------------------------------------------------------------

    def _map(self, tried: _Try, over: Expr, width: int | None, loop: Loop) -> None:
        frame, arm, region = self.frame, tried.arm, tried.region
        work = arm.work
        folded = [] if arm.dead else self._folded(tried)
        single = [n for n in (*tried.accumulated, *(c.name for c in tried.carried)) if not arm.dead and n not in {c.name for c in folded}]
        ends = {n: e for n in single if (e := tried.end(n)) is not None and not _is_empty(e, n in tried.accumulated)}
        for name, end in ends.items():
            if not is_value(end) and raises(end):
                ends[name] = frame.task(work, len(work.nodes), end, f"{region}_{name}")
        work.pending = [(p, e) for p, e in work.pending if not self._reads_carry(e, tried)]
        leaves = Leaves(frame, region, over, arm.ids)
        outside = {n: leaves.outside(e) for n, e in ends.items()}
        steps = self._steps(folded, tried, leaves)
        block = self.regions.finish(work, leaves.yields())
        if block.nodes:
            names = tuple(self._called(tried, leaves))
            frame.add(Map(region, over, block, width, (), loop.span, names))
        env = frame.env
        for name, value in outside.items():
            if name in tried.accumulated:
                made = self.gather.gathered(tried.accumulated[name].value, value, leaves, loop.span)
                self._rebind(name, made, loop.span, owned=True)
            else:
                made = self.gather.last(value, env[name].value, leaves, loop.span)
                self._rebind(name, made, loop.span, owned=False)
        for i, (name, made) in enumerate(self.gather.fold(folded, steps, leaves, loop.span)):
            self._rebind(name, made, loop.span, owned=folded[i].owned)
        self._leave(loop)

    def _called(self, tried: _Try, leaves: Leaves) -> Iterable[str]:
        """For each result the name that the source has for it, as far as one is known."""
        names = {key(e): n for n in tried.arm.env if isinstance(e := tried.arm.env[n].value, Reference)}
        for n in tried.accumulated:
            end = tried.end(n)
            if isinstance(end, Display) and len(end.items) == 1 and isinstance(end.items[0], Reference):
                names.setdefault(key(end.items[0]), n)
        for leaf in leaves.yields():
            yield names.get(key(leaf), source(leaf) or "item").strip(" ?").replace(" ", "_")

    def _rebind(self, name: str, value: Expr, span: Span, owned: bool) -> None:
        if not is_value(value):
            self.frame.pend(value)
        self.frame.bind(name, value, span, owned)

    def _leave(self, loop: Loop) -> None:
        """After the loop, what only its iterations bind may not be bound."""
        env = self.frame.env
        for name in loop.assigned:
            if name not in env:
                why = f"bound only in the loop at {loop.span.path}:{loop.span.line}, which may have no iteration"
                env[name] = Bound(Const("null", "none", loop.span), loop.span, maybe=why)

    def _folded(self, tried: _Try) -> list[Carried]:
        """The names whose next value depends on what an earlier iteration left, and those that these read."""
        wanted = {i for i, c in enumerate(tried.carried) if (e := tried.end(c.name)) is not None and self._reads_carry(e, tried)}
        while True:
            read = {
                r.index
                for i in wanted
                if (e := tried.end(tried.carried[i].name)) is not None
                for r in references(e)
                if isinstance(r, Carry) and r.region == tried.region
            }
            if read <= wanted:
                return [c for i, c in enumerate(tried.carried) if i in wanted]
            wanted |= read

    def _steps(self, folded: list[Carried], tried: _Try, leaves: Leaves) -> tuple[str, list[Expr]]:
        """The name of the state in a fold's function, and the next values in terms of it and of the leaves."""
        state = self.frame.local() if folded else ""
        index = {i: n for n, c in enumerate(folded) for i, d in enumerate(tried.carried) if d is c}

        def carry(r: Reference) -> Expr | None:
            if not (isinstance(r, Carry) and r.region == tried.region):
                return None
            local = Local(state, r.type if len(folded) == 1 else ("tuple", *(c.type for c in folded)), r.span)
            if len(folded) == 1:
                return local
            return Index(local, self.frame.const(index[r.index], r.span), r.type, r.span)

        return state, [leaves.outside(cast(Expr, tried.end(c.name)), carry) for c in folded]

    # --- for, sequential -----------------------------------------------------------------------------------------------------

    def _for(self, tried: _Try, over: Expr, loop: Loop) -> None:
        carries, stop = self._carries(tried)
        block = self.regions.finish(tried.arm.work, self._nexts(tried, carries))
        names = tuple(c.name.strip("?").replace(" ", "_") for c in carries)
        initial = tuple(c.initial for c in carries)
        self.frame.add(For(tried.region, over, initial, stop, block, (), loop.span, names))
        self._results(tried, carries, loop)

    def _carries(self, tried: _Try) -> tuple[list[Carried], int | None]:
        """The carries with those of the exits, and which of them ends the loop."""
        carries = list(tried.carried)
        span = carries[0].span if carries else self.frame.declaration.span
        for flag in (RETURN, VALUE, STOP):
            end = tried.arm.env.get(flag)
            if end is None:
                continue
            start = Const("null", "none", span) if flag == VALUE else Const("false", "bool", span)
            type_ = inference.join(start.type, end.value.type)
            carries.append(Carried(flag, start, span, type_, _carry_format([start, end.value], type_), False))
        stop = next((i for i, c in enumerate(carries) if c.name == STOP), None)
        return carries, stop

    def _nexts(self, tried: _Try, carries: list[Carried]) -> list[Expr]:
        """The next values of the carries. A flag that an iteration does not set is false; a dead body never gets here."""
        found: list[Expr] = []
        for c in carries:
            end = tried.arm.env.get(c.name)
            value = c.initial if tried.arm.dead or end is None or end.maybe else end.value
            if c.format == "auto" and travels(value) == "bytes":
                made = compute(self.frame.fresh(f"{tried.region}_{c.name}"), value, "auto")
                tried.arm.work.nodes.append(made)
                value = Output(made.id, "out", made.type, "auto", value.span)
            found.append(value)
        return found

    def _results(self, tried: _Try, carries: list[Carried], loop: Loop) -> None:
        frame = self.frame
        for i, c in enumerate(carries):
            if c.name == STOP:
                continue
            end = tried.arm.env.get(c.name)
            value = Result(tried.region, i, c.type, c.format, loop.span)
            maybe = c.maybe or (
                f"not bound where the loop is left, at {end.span.path}:{end.span.line}" if end and STOP in end.lost else None
            )
            frame.bind(c.name, value, loop.span, c.owned and bool(end and end.owned))
            if maybe:
                frame.env[c.name] = replace(frame.env[c.name], maybe=maybe)
        self._leave(loop)

    # --- while ---------------------------------------------------------------------------------------------------------------

    def while_true(self, test: Callable[[], Expr], loop: Loop) -> None:
        """A `while`: `test` lowers its condition."""
        frame = self.frame
        region = frame.region("while")
        mark = frame.mark()

        def lower(tried: _Try) -> Arm:
            def head() -> None:
                self._enter(tried)
                tried.condition = test()

            tried.head = self._inside(head)
            return self._inside(loop.body, tried.head.env)

        tried = self._settled(mark, lambda: _Try(region, self._carried(region, loop, {}), {}, _NO_ARM), lower)
        assert tried.head is not None
        assert tried.condition is not None
        if constant(tried.condition) == (True, False):
            frame.back(mark)
            return
        if constant(tried.condition) == (True, True) and not tried.arm.dead:
            tried.carried += self._made_inside(tried, loop)
        carries, stop = self._carries(tried)
        condition = self.regions.finish(tried.head.work, [boolean(tried.condition)])
        block = self.regions.finish(tried.arm.work, self._nexts(tried, carries))
        names = tuple(c.name.strip("?").replace(" ", "_") for c in carries)
        frame.add(While(region, tuple(c.initial for c in carries), stop, condition, block, (), loop.span, names))
        self._results(tried, carries, loop)

    def _made_inside(self, tried: _Try, loop: Loop) -> list[Carried]:
        """What the body of a `while True` binds wherever it is left: the body runs at least once."""
        found: list[Carried] = []
        for name in dict.fromkeys(loop.assigned):
            end = tried.arm.env.get(name)
            if name in self.frame.env or end is None or end.maybe or STOP in end.lost:
                continue
            start = Const("null", "none", end.span)
            found.append(Carried(name, start, end.span, end.value.type, travels(end.value), end.owned))
        return found


def _carried_as(c: Carried, type_: Type, format: Format, owned: bool) -> Carried:
    return replace(c, type=type_, format=format, owned=owned)


def _makes_a_list(value: Expr) -> bool:
    if isinstance(value, Builtin):
        return value.name in ("list", "sorted")
    return isinstance(value, Display | Comprehension | Const) and inference.kind_of(value.type) == "list"


def _is_empty(value: Expr, accumulated: bool) -> bool:
    return accumulated and isinstance(value, Display | DictDisplay) and not value.items


def _shape(c: Carried) -> tuple[str, Type, Format, bool, bool]:
    return c.name, c.type, c.format, c.owned, c.maybe is not None


def _carry_format(values: list[Expr], type_: Type | None = None) -> Format:
    formats = {travels(v) for v in values}
    if len(formats) == 1:
        return formats.pop()
    return "auto"


_NO_ARM = cast(Arm, None)
