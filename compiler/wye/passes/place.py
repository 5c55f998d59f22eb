"""Gives every expression that reads an object the environment that can read it.

    model = train(rows)        # packages=["scikit-learn"]      train   = train(rows)
    deploy(model.coef_[0])     # no packages                ->  deploy_weight = compute(train.out.coef_[0])  {packages=scikit-learn}
                                                                deploy(weight=deploy_weight.out)

An object is read with the image and packages of the step that made it. Where the consumer's are others, the expression becomes a task
with the producer's; where two producers differ, there is no such task, and the pipeline is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wye.diagnostics import Diagnostics, Label, Span
from wye.ir import model as ir
from wye.ir.expressions import Key, Reference, key, references
from wye.ir.model import Block, Expr, Node, Pipeline
from wye.ir.nodes import arms, every, expressions, rewritten, source
from wye.ir.settings import Settings
from wye.runtime.types import format_of

Environment = tuple[str | None, str | None, tuple[str, ...]]
"""Image and packages."""


def place(pipeline: Pipeline) -> Pipeline:
    problems = Diagnostics()
    placer = _Placer(pipeline.body, problems)
    body = placer.block(pipeline.body)
    problems.check()
    return replace(pipeline, body=body)


class _Placer:
    def __init__(self, body: Block, problems: Diagnostics) -> None:
        self._nodes: dict[str, Node] = {n.id: n for n in every(body)}
        self._taken = set(self._nodes)
        self._problems = problems

    def block(self, block: Block) -> Block:
        return Block(tuple(n for node in block.nodes for n in self._node(node)), block.yields)

    def _node(self, node: Node) -> list[Node]:
        """The tasks that the node's expressions became, and the node."""
        match node:
            case ir.Call():
                before: list[Node] = []
                bindings = tuple((name, self._binding(node, name, expr, before)) for name, expr in node.bindings)
                return [*before, replace(node, bindings=bindings)]
            case ir.Compute() | ir.Fail():
                settings = self._producer(expressions(node), node.span)
                return [node if settings is None else replace(node, settings=settings)]
            case _:
                return [rewritten(node, lambda e: e, self.block)]

    def _binding(self, call: ir.Call, name: str, expr: Expr, before: list[Node]) -> Expr:
        bare = expr
        while isinstance(bare, ir.Cast):
            bare = bare.value
        if isinstance(bare, ir.Const | Reference):
            return expr  # handed to the step, whose environment is its author's affair
        settings = self._producer((expr,), expr.span)
        if settings is None or environment(settings) == environment(call.settings):
            return expr
        id, n = f"{call.id}_{name}", 1
        while id in self._taken:
            n += 1
            id = f"{call.id}_{name}_{n}"
        self._taken.add(id)
        direct = {source(r) for r in references(expr)}
        after = tuple(a for a in call.after if a not in direct)  # it is evaluated where it is written: not before a check there
        task = ir.Compute(id, expr, format_of(expr.type), expr.type, settings, None, after, expr.span)  # type: ignore[arg-type]
        self._nodes[id] = task
        before.append(task)
        return ir.Output(id, "out", task.type, task.format, expr.span)

    def _producer(self, exprs: tuple[Expr, ...], span: Span) -> Settings | None:
        """The environment of the tasks whose objects the expressions read; None when they read none."""
        found: dict[Environment, ir.Call] = {}
        for expr in exprs:
            for reference in references(expr):
                for maker in self._makers(reference, set()):
                    found.setdefault(environment(maker.settings), maker)
        if not found:
            return None
        makers = list(found.values())
        if len(makers) > 1:
            labels = [Label(m.span, f"made with {_show(m.settings)}") for m in makers]
            message = "this expression reads objects that were made in different environments"
            self._problems.error("WYE3010", message, span, help="compute it in a step", labels=labels)
        settings = makers[0].settings
        spans = tuple((n, s) for n, s in settings.spans if n in ("image", "python", "packages"))
        return Settings(image=settings.image, python=settings.python, packages=settings.packages, spans=spans)

    def _makers(self, reference: Reference, seen: set[Key]) -> Iterable[ir.Call]:
        """The calls that may have made the object that a reference reads, through computations and regions."""
        if isinstance(reference, ir.Param) or reference.format not in ("auto", "auto*") or key(reference) in seen:
            return
        seen.add(key(reference))
        node = self._nodes[source(reference) or ""]
        read: Iterable[Expr] = ()
        match reference, node:
            case ir.Output(), ir.Call():
                yield node
            case ir.Output(), ir.Compute():
                read = (node.value,)
            case ir.Item(), ir.Map() | ir.For():
                read = (node.over,)
            case ((ir.Result() | ir.Carry()), _):
                read = (arm[reference.index] for arm in arms(node))
        for expr in read:
            for inner in references(expr):
                yield from self._makers(inner, seen)


def environment(settings: Settings) -> Environment:
    return settings.image, settings.python, tuple(sorted(settings.packages))


def _show(settings: Settings) -> str:
    image = [f"image {settings.image}"] if settings.image else []
    packages = [f"packages {', '.join(settings.packages)}"] if settings.packages else []
    python = [f"interpreter {settings.python}"] if settings.python else []
    return " and ".join(image + python + packages) or "no image and no packages"
