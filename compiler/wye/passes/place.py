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
from wye.ir.expressions import references
from wye.ir.model import Block, Expr, Node, Pipeline
from wye.ir.nodes import every
from wye.ir.settings import Settings
from wye.runtime.types import format_of

Environment = tuple[str | None, tuple[str, ...]]
"""Image and packages."""


def place(pipeline: Pipeline) -> Pipeline:
    problems = Diagnostics()
    placer = _Placer({n.id for n in every(pipeline.body)}, problems)
    nodes = tuple(n for node in pipeline.body.nodes for n in placer.node(node))
    problems.check()
    return replace(pipeline, body=Block(nodes, pipeline.body.yields))


class _Placer:
    def __init__(self, taken: set[str], problems: Diagnostics) -> None:
        self._taken = taken
        self._problems = problems
        self._made: dict[str, ir.Call | ir.Compute] = {}

    def node(self, node: Node) -> Iterable[Node]:
        """The node as it stands, or the tasks that its expressions became and the node."""
        match node:
            case ir.Call():
                before: list[Node] = []
                bindings = tuple((name, self._binding(node, name, expr, before)) for name, expr in node.bindings)
                node = replace(node, bindings=bindings)
                self._made[node.id] = node
                return [*before, node]
            case ir.Compute():
                settings = self._producer([node.value], node.span)
                if settings is not None:
                    node = replace(node, settings=settings)
                self._made[node.id] = node
                return [node]
            case _:
                return [node]

    def _binding(self, call: ir.Call, name: str, expr: Expr, before: list[Node]) -> Expr:
        bare = expr
        while isinstance(bare, ir.Cast):
            bare = bare.value
        if isinstance(bare, ir.Const | ir.Param | ir.Output):
            return expr  # handed to the step, whose environment is its author's affair
        settings = self._producer([expr], expr.span)
        if settings is None or environment(settings) == environment(call.settings):
            return expr
        id, n = f"{call.id}_{name}", 1
        while id in self._taken:
            n += 1
            id = f"{call.id}_{name}_{n}"
        self._taken.add(id)
        direct = {r.task for r in references(expr) if isinstance(r, ir.Output)}
        after = tuple(a for a in call.after if a not in direct)  # it is evaluated where it is written: not before a check there
        task = ir.Compute(id, expr, format_of(expr.type), expr.type, settings, None, after, expr.span)  # type: ignore[arg-type]
        self._made[id] = task
        before.append(task)
        return ir.Output(id, "out", task.type, task.format, expr.span)

    def _producer(self, exprs: list[Expr], span: Span) -> Settings | None:
        """The environment of the tasks whose objects the expressions read; None when they read none."""
        found: dict[Environment, ir.Call | ir.Compute] = {}
        for reference in (r for e in exprs for r in references(e)):
            if isinstance(reference, ir.Output) and reference.format == "auto" and reference.task in self._made:
                maker = self._made[reference.task]
                found.setdefault(environment(maker.settings), maker)
        if not found:
            return None
        makers = list(found.values())
        if len(makers) > 1:
            labels = [Label(m.span, f"made with {_show(m.settings)}") for m in makers]
            message = "this expression reads objects that were made in different environments"
            self._problems.error("WYE3010", message, span, help="compute it in a step", labels=labels)
        settings = makers[0].settings
        spans = tuple((n, s) for n, s in settings.spans if n in ("image", "packages"))
        return Settings(image=settings.image, packages=settings.packages, spans=spans)


def environment(settings: Settings) -> Environment:
    return settings.image, tuple(sorted(settings.packages))


def _show(settings: Settings) -> str:
    image = [f"image {settings.image}"] if settings.image else []
    packages = [f"packages {', '.join(settings.packages)}"] if settings.packages else []
    return " and ".join(image + packages) or "no image and no packages"
