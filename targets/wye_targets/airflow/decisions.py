"""A pipeline's body in; what each region decides on, and which computations its first task does itself, out.

%t = compute %n == 0                            one decision of three arms:
%if_1 = if %t                                   0 if n == 0 else 1 if n < 9 else 2
  then: %a
  else: %u = compute %n < 9             ->
        %if_2 = if %u
          then: %b
          else: %c
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from wye.ir import model as ir
from wye.ir.expressions import REFERENCES, Key, Reference, key, references
from wye.ir.model import Block, Expr
from wye.ir.nodes import arms, blocks, captures, every, expressions

Test = ir.Compute | Reference


@dataclass(frozen=True, slots=True)
class Choice:
    """An `if` with its `elif`s: the arm of the first test that is true is taken, else the last one. `computed`: the first task of the
    region evaluates the tests; else it, or each arm's tasks, read them."""

    tests: tuple[Test, ...]
    arms: tuple[Block, ...]

    @property
    def computed(self) -> bool:
        return any(isinstance(t, ir.Compute) for t in self.tests)

    @property
    def values(self) -> tuple[bool | int, ...]:
        """What says that an arm is taken, by arm: the test of a plain `if`, the number of the arm else."""
        return (True, False) if len(self.arms) == 2 else tuple(range(len(self.arms)))

    def compute(self, id: str) -> ir.Compute:
        """The computation of the value that says which arm is taken."""
        first = next(t for t in self.tests if isinstance(t, ir.Compute))
        if len(self.tests) == 1:
            return replace(first, id=id)
        span = first.span
        value: Expr = ir.Const(str(len(self.tests)), "int", span)
        for number, test in reversed(list(enumerate(self.tests))):
            condition = test.value if isinstance(test, ir.Compute) else test
            value = ir.Select(condition, ir.Const(str(number), "int", span), value, "int", span)
        program = next((t.program for t in self.tests if isinstance(t, ir.Compute) and t.program), None)
        return replace(first, id=id, value=value, type="int", program=program)


@dataclass(slots=True)
class Decisions:
    """`choices` by `if`; `lists`: the computation of what a map goes over, by map. Each of them stands for `absorbed` computations."""

    choices: dict[str, Choice] = field(default_factory=dict)
    lists: dict[str, ir.Compute] = field(default_factory=dict)
    absorbed: set[str] = field(default_factory=set)


def decisions(body: Block) -> Decisions:
    return _Finder(body).found


class _Finder:
    def __init__(self, body: Block) -> None:
        nodes = list(every(body))
        read = [*body.yields, *(e for n in nodes for b in blocks(n) for e in b.yields), *(e for n in nodes for e in expressions(n))]
        self._count = Counter(key(r) for e in read for r in references(e))
        self._waited = {id for n in nodes for id in n.after}
        self.found = Decisions()
        self._look(body, False)

    def _look(self, block: Block, mapped: bool) -> None:
        for node in block.nodes:
            inner: Iterable[Block] = () if isinstance(node, ir.Island) else blocks(node)
            if isinstance(node, ir.If):
                choice = self.found.choices[node.id] = self._choice(node, block)
                self.found.absorbed.update(t.id for t in choice.tests if isinstance(t, ir.Compute))
                inner = choice.arms
            elif isinstance(node, ir.Map):
                over = self._own(node.over, block)
                if isinstance(over, ir.Compute):
                    self.found.lists[node.id] = over
                    self.found.absorbed.add(over.id)
            for b in inner:
                self._look(b, mapped or isinstance(node, ir.Map))

    def _own(self, value: Expr, block: Block) -> Test:
        """The computation of a value, if it stands in the block and nothing else reads it or waits for it; else the reference."""
        assert isinstance(value, REFERENCES), f"a region evaluates {value}"
        computes = {n.id: n for n in block.nodes if isinstance(n, ir.Compute) and n.format == "json" and n.id not in self._waited}
        own = computes.get(value.task) if isinstance(value, ir.Output) and self._count[key(value)] == 1 else None
        return own or value  # type: ignore[return-value]

    def _choice(self, node: ir.If, block: Block) -> Choice:
        if not makes_tasks(node):
            return Choice((node.condition,), (node.then, node.orelse))  # type: ignore[arg-type]
        tests, taken, rest = [self._own(node.condition, block)], [node.then], node.orelse
        while (inner := self._elif(rest)) and _together([*tests, inner[1]]):
            branch, test = inner
            tests.append(test)
            taken.append(Block(branch.then.nodes, _through(rest.yields, branch, branch.then)))
            rest = Block(branch.orelse.nodes, _through(rest.yields, branch, branch.orelse))
        return Choice(tuple(tests), (*taken, rest))

    def _elif(self, block: Block) -> tuple[ir.If, Test] | None:
        """The `if` that is all of an `else`, and its test."""
        if not block.nodes or not isinstance(block.nodes[-1], ir.If) or block.nodes[-1].after:
            return None
        branch = block.nodes[-1]
        test = self._own(branch.condition, block)
        alone = block.nodes[:-1] == ((test,) if isinstance(test, ir.Compute) else ())
        return (branch, test) if alone and not (isinstance(test, ir.Compute) and test.after) else None


def _together(tests: list[Test]) -> bool:
    """Whether one process can evaluate all of them."""
    computes = [t for t in tests if isinstance(t, ir.Compute)]
    return len({t.program for t in computes if t.program}) <= 1 and all(t.settings == computes[0].settings for t in computes)


def _through(yields: Iterable[Expr], branch: ir.If, arm: Block) -> tuple[Expr, ...]:
    """What leaves a block around an `if` when that takes one arm."""
    return tuple(arm.yields[e.index] if isinstance(e, ir.Result) and e.region == branch.id else e for e in yields)


def makes_tasks(node: ir.Node) -> bool:
    return not isinstance(node, ir.If) or bool(node.then.nodes or node.orelse.nodes)


def used(body: Block) -> set[Key]:
    """The results of regions that a task reads, or the pipeline returns."""
    nodes = {n.id: n for n in every(body)}
    work: list[Expr] = [*body.yields]
    for node in nodes.values():
        work += expressions(node)
        if isinstance(node, ir.Island):
            work += captures(node)
    found: set[Key] = set()
    while work:
        for reference in references(work.pop()):
            if isinstance(reference, ir.Result) and key(reference) not in found:
                found.add(key(reference))
                work += [arm[reference.index] for arm in arms(nodes[reference.region]) if reference.index < len(arm)]
    return found
