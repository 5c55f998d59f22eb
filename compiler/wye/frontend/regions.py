"""Arms of a region as functions that lower them go in; regions whose results join what the arms bind come out.

    if a() > 3:                    %if_1 = if %a > 3
        x = f()                    then: %f; yield %f
    else:                   ->     else: yield 1
        x = 1                      use(%if_1.result[0])
    use(x)

A name that the arms leave different becomes a result. What is only an expression over results is not computed in the arm but where it is
used, by the value of the condition: an accumulator's contributions stay visible as such. An `if` without tasks becomes an expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from wye.diagnostics import Span
from wye.frontend import inference
from wye.frontend.frame import FLAGS, VALUE, Bound, Frame, Work, compute, constant, is_value
from wye.ir.expressions import Reference, evaluated, key, raises, references, rewrite, size, substitute
from wye.ir.model import (
    Block,
    Builtin,
    Carry,
    Const,
    DictDisplay,
    Display,
    Expr,
    Fail,
    Format,
    If,
    Node,
    Output,
    Result,
    Select,
    Unary,
)  # fmt: skip
from wye.ir.nodes import certain_expressions, every, source
from wye.runtime.types import Type, format_of

SMALL = 12
"""An expression of more nodes is not written twice."""


@dataclass(slots=True)
class Arm:
    """A block that was lowered, and what the names stand for at its end."""

    work: Work
    env: dict[str, Bound]
    _ids: tuple[int, frozenset[str]] = (-1, frozenset())

    @property
    def ids(self) -> frozenset[str]:
        """The nodes that were made inside, at any depth."""
        count = len(self.work.nodes) + len(self.work.made)
        if self._ids[0] != count:
            made = (node.id for _, node, _ in self.work.made.values())
            self._ids = (count, frozenset([*(i for n in self.work.nodes for i in inner_ids(n)), *made]))
        return self._ids[1]

    @property
    def dead(self) -> bool:
        return self.work.dead

    def inner(self, expr: Expr) -> bool:
        """Whether the expression reads something that was made inside."""
        return any(source(r) in self.ids for r in references(expr))

    def leaves(self) -> frozenset[str]:
        """The ways on which its end is left for certain."""
        return frozenset(k for k in FLAGS if k in self.env and constant(self.env[k].value) == (True, True))


class Regions:
    """Makes the regions of one pipeline's body."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame

    # --- blocks --------------------------------------------------------------------------------------------------------------

    def arm(self, lower: Callable[[], None], careful: bool = False, env: dict[str, Bound] | None = None) -> Arm:
        """Lower a block by itself; the names outside stand as they stood afterwards."""
        frame = self.frame
        outside, frame.env = frame.env, dict(frame.env if env is None else env)
        frame.works.append(Work(careful or frame.work.careful))
        try:
            lower()
        finally:
            work, ends = frame.works.pop(), frame.env
            frame.env = outside
        return Arm(work, ends)

    def finish(self, work: Work, yields: Sequence[Expr] = ()) -> Block:
        """The block with the tasks of what must be evaluated in it: what a block inside reads, and what can raise and nothing evaluates."""
        frame = self.frame
        inserts: list[tuple[int, Node]] = [(place, node) for place, node, _ in work.made.values()]
        outputs = {i: Output(n.id, "out", n.type, n.format, n.span) for i, (_, n, _) in work.made.items()}
        certain: set[int] = set()
        _reach(certain, [*(e for n in work.nodes for e in certain_expressions(n)), *yields, *(e for _, _, e in work.made.values())])
        for place, expr in work.pending:
            if id(expr) in outputs or is_value(expr) or not raises(expr) or (id(expr) in certain and not work.careful):
                continue
            made = compute(frame.fresh("compute"), expr)
            inserts.append((place, made))
            outputs[id(expr)] = Output(made.id, "out", made.type, made.format, made.span)
            _reach(certain, [expr])
        nodes = list(work.nodes)
        inserts.sort(key=lambda i: i[0])
        for place, node in inserts[::-1]:
            nodes.insert(place, node)
        return Block(tuple(nodes), tuple(outputs.get(id(e), e) for e in yields))

    # --- if ------------------------------------------------------------------------------------------------------------------

    def branch(self, condition: Expr, then: Callable[[], None], orelse: Callable[[], None], span: Span) -> None:
        """An `if` on a run-time value: both arms, and what the names stand for after it."""
        frame = self.frame
        id = frame.region("if")
        arms = (self.arm(then), self.arm(orelse))
        changed = changed_names(frame.env, arms)
        if self._check(condition, arms, span):
            return
        if self._is_expression(arms, changed):
            self._select(condition, arms, changed, span)
            return
        join = Join(self, id, arms, condition, span)
        join.names(changed)
        blocks = [self.finish(a.work, y) for a, y in zip(arms, join.yields)]
        if not any(b.nodes or b.yields for b in blocks):
            frame.pend(join.condition)
            join.bind()
            return
        frame.add(If(id, join.condition, blocks[0], blocks[1], (), span, tuple(join.called)))
        join.bind()

    def choose(self, condition: Expr, then: Callable[[], Expr], orelse: Callable[[], Expr], span: Span) -> Expr:
        """The value of an expression one of whose operands is evaluated on a condition and calls a step."""
        frame = self.frame
        known, value = constant(condition)
        if known:
            return then() if value else orelse()

        def bound(lower: Callable[[], Expr]) -> Callable[[], None]:
            def run() -> None:
                conditional, frame.conditional = frame.conditional, 0
                frame.operands += 1
                value = lower()
                frame.operands -= 1
                frame.conditional = conditional
                frame.bind(" value", value, value.span)

            return run

        self.branch(condition, bound(then), bound(orelse), span)
        found = frame.env.pop(" value", None)
        return found.value if found else Const("null", "none", span)

    def _check(self, condition: Expr, arms: tuple[Arm, Arm], span: Span) -> bool:
        """`if c: raise E` with nothing else to do is one task that raises on a condition."""
        for failing, other, test in ((arms[0], arms[1], condition), (arms[1], arms[0], negated(condition, span))):
            work = failing.work
            if not (failing.dead and len(work.nodes) == 1 and isinstance(work.nodes[0], Fail) and not work.made):
                continue
            fail = work.nodes[0]
            certain: set[int] = set()
            _reach(certain, [fail.error])
            covered = all(is_value(e) or not raises(e) or id(e) in certain for _, e in work.pending)
            if fail.condition is None and covered and not other.dead and not other.work.nodes and not other.work.made:
                self.frame.add(replace(fail, condition=test))
                here = len(self.frame.nodes)
                self.frame.pending.extend((here, e) for _, e in other.work.pending)
                self.frame.env = {n: self._here(b, other.work) for n, b in other.env.items()}
                return True
        return False

    def _here(self, bound: Bound, work: Work) -> Bound:
        """A name of a block that dissolved in the block at hand."""
        return replace(bound, work=self.frame.work, place=len(self.frame.nodes)) if bound.work is work else bound

    def _is_expression(self, arms: tuple[Arm, Arm], changed: list[str]) -> bool:
        for arm in arms:
            values = [arm.env[n].value for n in changed if n in arm.env and (n in FLAGS or n == VALUE or _everywhere(n, arms))]
            if arm.dead or arm.work.nodes or arm.work.made:
                return False
            if any(not isinstance(r, Const) and travels(r) != "json" for v in values for r in references(v)):
                return False  # an artifact is handed on, not read
            certain: set[int] = set()
            _reach(certain, values)
            if any(raises(e) and not is_value(e) and (id(e) not in certain or arm.work.careful) for _, e in arm.work.pending):
                return False
        return True

    def _select(self, condition: Expr, arms: tuple[Arm, Arm], changed: list[str], span: Span) -> None:
        frame = self.frame
        frame.pend(condition)
        join = Join(self, "", arms, condition, span)
        join.names(changed)
        join.bind()


class Join:
    """What the names stand for after a region, and what its arms must yield for that. Without a condition (a `try`) nothing can be said
    about which arm ran, so every difference is a result."""

    def __init__(
        self,
        regions: Regions,
        region: str,
        arms: Sequence[Arm],
        condition: Expr | None,
        span: Span,
        also: Mapping[int, frozenset[str]] | None = None,
    ) -> None:
        """`also`: further nodes that count as made inside an arm, by the arm's identity."""
        self._also = also or {}
        self.regions, self.frame, self.region, self.arms, self.span = regions, regions.frame, region, arms, span
        self._condition = condition
        self._test: Expr | None = None
        self.yields: list[list[Expr]] = [[] for _ in arms]
        self.called: list[str] = []
        self._exported: dict[tuple[int, tuple[str | int, ...]], Result] = {}
        self._bounds: dict[str, Bound | None] = {}
        self._values: list[list[Expr | None]] = []
        self._results: list[Result] = []

    @property
    def condition(self) -> Expr:
        assert self._condition is not None
        return self._condition

    def names(self, changed: Iterable[str]) -> None:
        live = [a for a in self.arms if not a.dead]
        if not live:
            self.frame.work.dead = True
            return
        for name in changed:
            self._bounds[name] = self._name(name, live)

    def bind(self) -> None:
        """Make the names stand for what they are after the region, which has been added to the block at hand."""
        for name, bound in self._bounds.items():
            if bound is None:
                self.frame.env.pop(name, None)
                continue
            if bound.work is None:
                bound = replace(bound, work=self.frame.work, place=len(self.frame.nodes))
                if not is_value(bound.value) and bound.maybe is None:
                    self.frame.pend(bound.value)
            self.frame.env[name] = bound

    def _name(self, name: str, live: list[Arm]) -> Bound | None:
        # On an arm that is left for certain, nobody reads a name that may not be bound there.
        bounds = [b if b is None or not b.maybe or not a.leaves() else None for a in live for b in (a.env.get(name),)]
        absent = [a for a, b in zip(live, bounds) if b is None]
        found = [b for b in bounds if b is not None]
        if name in FLAGS:
            values: list[Expr | None] = [
                None if a.dead else a.env[name].value if name in a.env else Const("false", "bool", self.span) for a in self.arms
            ]
            return self._value(name, values, self.span, False)
        if name == VALUE:
            return self._value(name, [None if a.dead or name not in a.env else a.env[name].value for a in self.arms], self.span, False)
        maybe = next((b.maybe for b in found if b.maybe), None)
        lost = frozenset[str]().union(*(b.lost for b in found))
        for arm in absent:
            if arm.leaves():
                lost |= arm.leaves()
            elif found:
                maybe = maybe or f"bound on one path only, at {found[0].span.path}:{found[0].span.line}"
        if not found:
            return None
        last = found[-1]
        if maybe:
            return Bound(Const("null", "none", last.span), last.span, maybe=maybe)
        kept = {id(a) for a, b in zip(live, bounds) if b is not None}
        values = [a.env[name].value if id(a) in kept else None for a in self.arms]
        made = self._value(name, values, last.span, all(b.owned for b in found))
        return replace(made, lost=lost)

    def _value(self, name: str, values: list[Expr | None], span: Span, owned: bool) -> Bound:
        there = [(a, v) for a, v in zip(self.arms, values) if v is not None]
        first = there[0][1]
        if all(same(v, first) for _, v in there) and not any(self._inner(a, v) for a, v in there) and not raises(first):
            known = self.frame.env.get(name)
            if known is not None and known.value is first:
                return replace(known, owned=owned)
            return Bound(first, span, owned)
        if self._condition is not None and not self.region:
            values = [v if v is not None else Const("null", "none", span) for v in values]
        if self._condition is not None:
            truths = (True, False)
            values = [v if v is None else self._assuming(v, truth) for v, truth in zip(values, truths)]
        if self._condition is not None and all(v is not None for v in values):
            a, b = (cast(Expr, v) for v in values)
            flags = (constant(a)[1], constant(b)[1]) if isinstance(a, Const) and isinstance(b, Const) else None
            if flags == (True, False) and a.type == b.type == "bool":
                return Bound(boolean(self.test()), span, owned)
            if flags == (False, True) and a.type == b.type == "bool":
                return Bound(negated(self.test(), span), span, owned)
            if not self.region or (any(hoists(v) for v in (a, b)) and not any(raises(v) or size(v) > 4 * SMALL for v in (a, b))):
                parts = [self._outside(name, i, v) for i, v in enumerate((a, b))]
                types = _types(a, b)
                return Bound(Select(self.test(), parts[0], parts[1], inference.join(*types), span), span, owned)
        return Bound(self.result(name, values, span), span, owned)

    def _assuming(self, value: Expr, truth: bool) -> Expr:
        """An arm's value, which is evaluated only where the condition has this truth."""
        test = self.condition
        if not isinstance(test, Reference) or (is_value(value) and not (isinstance(value, Reference) and same(value, test))):
            return value

        def known(e: Expr) -> Expr:
            if isinstance(e, Select) and isinstance(e.condition, Const) and e.condition.type == "bool":
                return e.then if constant(e.condition)[1] else e.orelse
            return e

        def chosen(e: Expr) -> Expr:
            if isinstance(e, Select) and isinstance(e.condition, Reference) and same(e.condition, test):
                return e.then if truth else e.orelse
            return known(e)

        value = rewrite(value, chosen)
        if test.type == "bool" and isinstance(value, Reference) and same(value, test):
            return Const("true" if truth else "false", "bool", value.span)
        return value

    def _inner(self, arm: Arm, value: Expr) -> bool:
        return arm.inner(value) or any(source(r) in self._also.get(id(arm), ()) for r in references(value))

    def override(self, name: str, bound: Bound) -> None:
        """The name stands for something that is made after the arms."""
        self._bounds[name] = bound

    def test(self) -> Expr:
        """The condition, for an expression outside the arms: small, and without objects to read."""
        if self._test is None:
            condition = self.condition
            if size(condition) > SMALL or any(travels(r) != "json" for r in references(condition)) or (self.region and raises(condition)):
                condition = self.frame.task(self.frame.work, len(self.frame.nodes), boolean(condition), f"{self.region or 'if'}_test")
                self._condition = condition
            self._test = condition
        return self._test

    def _outside(self, name: str, index: int, value: Expr) -> Expr:
        """An arm's expression for use outside: what it reads of the arm becomes results."""
        arm = self.arms[index]

        def exported(r: Reference) -> Expr | None:
            if source(r) not in arm.ids:
                return None
            mark = (index, key(r))
            if mark not in self._exported:
                values: list[Expr | None] = [None] * len(self.arms)
                values[index] = r
                self._exported[mark] = self.result(name, values, r.span)
            return self._exported[mark]

        return substitute(value, exported)

    def result(self, name: str, values: list[Expr | None], span: Span) -> Result:
        """A result that is each arm's value; None where nobody will read it."""
        there = [v for v in values if v is not None]
        type_: Type = inference.join(*(v.type for v in there))
        formats = {travels(v) for v in there}
        format: Format = formats.pop() if len(formats) == 1 else "auto"
        for known, old in zip(self._results, self._values):
            if known.type == type_ and all(v is None or (o is not None and same(v, o)) for v, o in zip(values, old)):
                return known
        index = len(self.called)
        self.called.append(name.strip().rstrip("?").replace(" ", "_"))
        for i, value in enumerate(values):
            if value is None:
                value = Const("null", "none", span)
            elif format == "auto" and travels(value) == "bytes":
                made = compute(self.frame.fresh(f"{self.region}_{self.called[-1]}"), value, "auto")
                self.arms[i].work.nodes.append(made)
                value = Output(made.id, "out", made.type, "auto", span)
            self.yields[i].append(value)
        self._values.append(values)
        self._results.append(Result(self.region, index, type_, format, span))
        return self._results[-1]


# --- helpers --------------------------------------------------------------------------------------------------------------------


def _everywhere(name: str, arms: Sequence[Arm]) -> bool:
    """Whether a name has a value after each of the arms."""
    return all(name in a.env and a.env[name].maybe is None for a in arms)


def travels(value: Expr) -> Format:
    """How a value travels out of a block: a list of which each element travels by itself is made one value."""
    if isinstance(value, Const):
        return "json"
    if isinstance(value, Reference) and not (hasattr(value, "format") and value.format.endswith("*")):
        return getattr(value, "format", "json")
    return cast(Format, format_of(value.type))


def hoists(value: Expr) -> bool:
    """Whether it is better evaluated where it is used than in the arm: displays that accumulate, and what continues a loop's carry."""
    if is_value(value):
        return False
    return isinstance(value, Display | DictDisplay | Select) or any(isinstance(r, Carry) for r in references(value))


def changed_names(before: dict[str, Bound], arms: Sequence[Arm]) -> list[str]:
    """The names that stand for something else at the end of an arm, in the order in which they came up."""
    names = dict.fromkeys(n for a in arms if not a.dead for n, b in a.env.items() if b is not before.get(n))
    return [n for n in names if any(a.env.get(n) is not before.get(n) for a in arms if not a.dead)]


def same(a: Expr, b: Expr) -> bool:
    if a is b:
        return True
    if isinstance(a, Const) and isinstance(b, Const):
        return a.text == b.text and a.type == b.type
    return isinstance(a, Reference) and isinstance(b, Reference) and key(a) == key(b)


def _types(a: Expr, b: Expr) -> list[Type]:
    """The types of two alternatives. An empty display beside a list or dict says nothing of what that holds."""
    found = [(v.type, isinstance(v, Display | DictDisplay) and not v.items) for v in (a, b)]
    alike = inference.kind_of(a.type) == inference.kind_of(b.type)
    return [t for t, empty in found if not (empty and alike)] or [a.type, b.type]


def boolean(value: Expr) -> Expr:
    return value if value.type == "bool" else Builtin("bool", (value,), (), "bool", value.span)


def negated(value: Expr, span: Span) -> Expr:
    if isinstance(value, Unary) and value.op == "not":
        return boolean(value.operand)
    return Unary("not", value, "bool", span)


def inner_ids(node: Node) -> Iterable[str]:
    return (n.id for n in every(Block((node,), ())))


def _reach(certain: set[int], roots: Iterable[Expr]) -> None:
    """Add, by identity, all that is evaluated whenever the roots are."""
    stack = list(roots)
    while stack:
        expr = stack.pop()
        if id(expr) not in certain:
            certain.add(id(expr))
            stack.extend(evaluated(expr))
