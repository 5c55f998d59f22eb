"""Turns each region that a target cannot express into one task, which runs it with the plan interpreter.

    %while_1 = while carrying 0              %while_1 = island -> r0: int as json
    do: %f = f(carry)                 ->     do: %while_1_region = while …
    use(%while_1.result[0])                  use(%while_1.r0)

A region is judged before those inside it, and an island holds all that is inside. Its steps share one environment, and the task gets the
largest resources of any of them. Of a loop whose iterations the target runs, each as one task, the body becomes an island.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from wye.diagnostics import Diagnostics, Label
from wye.ir import model as ir
from wye.ir.expressions import Reference, references, rewrite
from wye.ir.model import Block, Expr, Node, Pipeline
from wye.ir.nodes import blocks, every, expressions, inside, rewritten
from wye.ir.settings import Settings, Targets
from wye.sdk.settings import Resources, Secret, memory_bytes

KEPT = ("image", "python", "packages", "secrets", "resources", "targets")
"""The settings of the steps inside that the island has."""

Judge = Callable[[Node, tuple[str, ...]], str | None]
"""Why a target cannot express a region; None when it can. The second argument is what is around it, outermost first."""


def islands(pipeline: Pipeline, judge: Judge, target: str, turns: Judge = lambda node, around: None) -> Pipeline:
    """`turns`: why the body of a loop must be one task. Raises `CompileFailed` where a region's steps cannot share a task."""
    problems = Diagnostics()
    maker = _Maker(pipeline, judge, turns, target, problems)
    body = maker.block(pipeline.body, ())
    problems.check()
    if not maker.changed:
        return pipeline
    return replace(pipeline, body=maker.replaced(body))


class _Maker:
    def __init__(self, pipeline: Pipeline, judge: Judge, turns: Judge, target: str, problems: Diagnostics) -> None:
        self._judge, self._turns, self._target, self._problems = judge, turns, target, problems
        self.changed = False
        self._taken = {n.id for n in every(pipeline.body)}
        self._read: dict[str, dict[int, ir.Result]] = {}
        """The results that something reads, by region."""
        for e in _everything(pipeline.body):
            for r in references(e):
                if isinstance(r, ir.Result):
                    self._read.setdefault(r.region, {}).setdefault(r.index, r)
        self.made: dict[str, ir.Island] = {}

    def block(self, block: Block, around: tuple[str, ...]) -> Block:
        return Block(tuple(self._node(n, around) for n in block.nodes), block.yields)

    def _node(self, node: Node, around: tuple[str, ...]) -> Node:
        if not blocks(node) or isinstance(node, ir.Island):
            return node
        reason = self._judge(node, around)
        if reason is None and isinstance(node, ir.Map) and (why := self._turns(node, around)) is not None:
            return self._turn(node, why)
        if reason is None:
            return rewritten(node, lambda e: e, lambda b: self.block(b, (*around, inside(node, b))))
        self.changed = True
        read = self._read.get(node.id, {})
        name = self._fresh(f"{node.id}_region")
        region = replace(_renamed(node, node.id, name), after=())
        results = [replace(read[i], region=name) for i in sorted(read)]
        ports = tuple(ir.Port(f"r{i}", r.type, r.format) for i, r in zip(sorted(read), results))
        made = ir.Island(node.id, Block((region,), tuple(results)), ports, self._settings(node), reason, node.after, node.span)
        self.made[node.id] = made
        return made

    def _turn(self, loop: ir.Map, reason: str) -> ir.Map:
        """The loop with a body of one task. Constants that leave the body need none."""
        self.changed = True
        id = self._fresh(f"{loop.id}_body")
        ports: list[ir.Port] = []
        yields: list[Expr] = []
        for i, value in enumerate(loop.body.yields):
            if isinstance(value, Reference):
                ports.append(ir.Port(f"r{i}", value.type, "json" if isinstance(value, ir.Param) else value.format))
                yields.append(ir.Output(id, f"r{i}", value.type, ports[-1].format, value.span))
            else:
                yields.append(value)
        body = Block(loop.body.nodes, tuple(y for y in loop.body.yields if isinstance(y, Reference)))
        made = ir.Island(id, body, tuple(ports), self._settings(loop), reason, (), loop.span, turn=True)
        return replace(loop, body=Block((made,), tuple(yields)))

    def replaced(self, block: Block) -> Block:
        """The block in which results of regions that became islands are the islands' outputs."""

        def output(e: Expr) -> Expr:
            if isinstance(e, ir.Result) and e.region in self.made:
                return ir.Output(e.region, f"r{e.index}", e.type, e.format, e.span)
            return e

        def expr(e: Expr) -> Expr:
            return rewrite(e, output)

        def inner(b: Block) -> Block:
            return Block(tuple(rewritten(n, expr, inner) for n in b.nodes), tuple(expr(e) for e in b.yields))

        return inner(block)

    def _settings(self, region: Node) -> Settings:
        """The environment, the place and the largest resources of what is inside."""
        inner = [n for b in blocks(region) for n in every(b) if isinstance(n, ir.Call | ir.Compute | ir.Fail)]
        image: ir.Call | ir.Compute | ir.Fail | None = None
        python: ir.Call | ir.Compute | ir.Fail | None = None
        packages: dict[str, tuple[str, Node]] = {}
        secrets: dict[str, tuple[Secret, Node]] = {}
        resources: Resources | None = None
        placed: Node | None = None
        targets: Targets = ()
        for node in inner:
            s = node.settings
            own = tuple((name, block) for name, block in s.targets if name == self._target and block)
            if own and targets and own != targets:
                self._refuse(region, placed or node, node, "their own `targets` blocks, which differ")
            placed, targets = (node, own) if own else (placed, targets)
            if s.image is not None and image is not None and image.settings.image != s.image:
                self._refuse(region, image, node, f"the images {image.settings.image} and {s.image}")
            image = node if s.image is not None else image
            if s.python is not None and python is not None and python.settings.python != s.python:
                self._refuse(region, python, node, f"the interpreters {python.settings.python} and {s.python}")
            python = node if s.python is not None else python
            for requirement in s.packages:
                name = requirement.partition(";")[0].split("=")[0].split("<")[0].split(">")[0].split("~")[0].split("!")[0].split("[")[0]
                name = name.strip().lower().replace("_", "-")
                known = packages.setdefault(name, (requirement, node))
                if known[0] != requirement:
                    self._refuse(region, known[1], node, f"{known[0]} and {requirement}")
            for secret in s.secrets:
                held = secrets.setdefault(secret.env, (secret, node))
                if held[0] != secret:
                    self._refuse(region, held[1], node, f"two secrets as {secret.env}")
            if s.resources is not None:
                gpu_types = {t for t in (resources and resources.gpu_type, s.resources.gpu_type) if t}
                if len(gpu_types) > 1:
                    self._refuse(region, region, node, f"the gpu types {' and '.join(sorted(gpu_types))}")
                resources = largest(resources, s.resources)
        spans = tuple((n, s) for node in inner for n, s in node.settings.spans if n.partition(".")[0] in KEPT)
        return Settings(
            image=image.settings.image if image else None,
            python=python.settings.python if python else None,
            packages=tuple(r for r, _ in packages.values()),
            resources=resources,
            secrets=tuple(s for s, _ in secrets.values()),
            targets=targets,
            spans=tuple(dict(reversed(spans)).items()),
        )

    def _refuse(self, region: Node, first: Node, second: Node, what: str) -> None:
        kind, which = type(region).__name__.lower(), "each iteration of this" if self._turns(region, ()) is not None else "this"
        self._problems.error(
            "WYE4005",
            f"on {self._target} {which} `{kind}` runs inside one task, but its steps need {what}",
            region.span,
            labels=[Label(first.span, "one needs this"), Label(second.span, "another needs that")],
            help="give them one environment, or move the loop into a step",
            target=self._target,
        )

    def _fresh(self, wish: str) -> str:
        id, n = wish, 1
        while id in self._taken:
            n += 1
            id = f"{wish}_{n}"
        self._taken.add(id)
        return id


def largest(a: Resources | None, b: Resources) -> Resources:
    """The least that holds both."""
    if a is None:
        return b

    def quantity(x: str | None, y: str | None) -> str | None:
        return max((q for q in (x, y) if q is not None), key=memory_bytes, default=None)

    return Resources(
        cpu=max((c for c in (a.cpu, b.cpu) if c is not None), default=None),
        memory=quantity(a.memory, b.memory),
        gpu=max((g for g in (a.gpu, b.gpu) if g is not None), default=None),
        gpu_type=a.gpu_type or b.gpu_type,
        disk=quantity(a.disk, b.disk),
    )


def _renamed(node: Node, old: str, new: str) -> Node:
    """The region under another id."""

    def moved(e: Expr) -> Expr:
        return replace(e, region=new) if isinstance(e, ir.Item | ir.Carry) and e.region == old else e

    def expr(e: Expr) -> Expr:
        return rewrite(e, moved)

    def inner(b: Block) -> Block:
        return Block(tuple(rewritten(n, expr, inner) for n in b.nodes), tuple(expr(e) for e in b.yields))

    return replace(rewritten(node, lambda e: e, inner), id=new)


def _everything(block: Block) -> Iterable[Expr]:
    for node in every(block):
        yield from expressions(node)
        for b in blocks(node):
            yield from b.yields
    yield from block.yields
