"""The capability check: a flat pipeline and a target in; a `CheckedPipeline`, which nothing else can make, or diagnostics, out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from wye.backend.capabilities import FEATURES, Level, Place, Row
from wye.backend.images import FEATURE, Image, in_image
from wye.backend.placement import PLACEMENT, check_blocks
from wye.diagnostics import Diagnostic, Diagnostics, Span
from wye.ir import model as ir
from wye.ir.expressions import Reference
from wye.ir.json import returns
from wye.ir.model import Block, Expr, Node, Pipeline
from wye.ir.nodes import blocks, inside
from wye.ir.settings import PipelineSettings, Settings
from wye.stacks.tables import DEFAULT, Config, Effective, Shared, key_of

if TYPE_CHECKING:
    from wye.backend.target import Target

_FEATURES = {f.name: f for f in FEATURES}
_STRUCTURE = ("data", "order")
_ARTIFACTS = {"path": "artifact.file", "bytes": "artifact.bytes", "auto": "artifact.object"}
_NESTED = {
    "pipeline": Row("rejected", "a nested pipeline cannot have its own", help="set it on the outer pipeline, or on the steps"),
    "schedule": Row("advisory", "holds when the pipeline is compiled by itself, not inside another"),
}
_IN_ISLAND = {
    "step.retry": Row("emulated", "in-process, by the interpreter of the island"),
    "step.timeout": Row("emulated", "in-process, by the interpreter of the island"),
    "step.env": Row("native", "the environment of the step's process in the island"),
    "step.cache": Row("advisory", "a step inside an island has no cache of its own: it runs each time"),
    "step.tags": Row("advisory", "a step inside an island is no task of the platform"),
    "step.cpu": Row("emulated", "the island has the largest of its steps' resources"),
    "step.memory": Row("emulated", "the island has the largest of its steps' resources"),
}
"""Settings of steps inside an island, where the platform has no say: the same on every target."""
_IN_IMAGE = {
    "step.packages": Row("native", "in the image that `wye build` makes"),
    "step.files": Row("native", "in the image that `wye build` makes, beside the step's program"),
    "step.image": Row("native", "what the image that `wye build` makes begins with"),
}
"""Settings of steps whose image Wye makes: the same on every target."""
_SHARED = {key_of(f): f"stack.{f.name}" for f in fields(Shared)}
_SEAL = object()


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a pipeline uses a feature; `subject` is what uses it, `value` what a target's row decides by."""

    feature: str
    value: Any
    span: Span
    subject: str
    settings: Settings | None = None
    """All of the task's, when one of them is used."""
    node: str = ""
    """The node that uses it, if one does."""


@dataclass(frozen=True, slots=True)
class Nested:
    """A setting of a pipeline that another one calls: no platform has a place for it, so the decision is the same on every target."""

    value: Any


@dataclass(frozen=True, slots=True)
class Inside:
    """A setting of a step that runs inside an island."""

    value: Any


@dataclass(frozen=True, slots=True)
class Decision:
    """How a target does one use of a feature."""

    feature: str
    level: Level
    how: str
    link: str
    span: Span
    subject: str
    help: str | None


@dataclass(frozen=True, slots=True)
class CheckedPipeline:
    """A pipeline, flat, all of which the target can do: lowering it cannot fail for a reason of the user's."""

    pipeline: Pipeline
    target: Target
    decisions: tuple[Decision, ...]
    config: Config
    """What the project says for every target: how its code travels, where packages come from."""
    effective: tuple[Effective, ...]
    """Each value of the target's options and of the steps' own blocks, and whose it is."""
    images: tuple[Image, ...]
    """What its tasks run in, when programs and packages come in images: then no other program need travel."""
    seal: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("only `check` makes a CheckedPipeline")

    @property
    def plain(self) -> Settings:
        """The settings of what a target adds of its own, and of nothing of the user's."""
        return in_image(Settings(), self.images[0]) if self.images else Settings()


def check(
    pipeline: Pipeline,
    target: Target,
    options: Any,
    *,
    strict: bool = False,
    config: Config | None = None,
    effective: tuple[Effective, ...] = (),
) -> CheckedPipeline:
    """Decide on every feature that the pipeline uses. Raises `CompileFailed` with all that the target cannot do; with `strict` also with
    all that it does by other means, or that has no meaning there. `effective`: why the options are what they are."""
    problems = Diagnostics()
    effective += check_blocks(pipeline, target.name, options, problems)
    placeable = not problems.failed
    config = config or Config()
    built = takes_images(target, options, config)
    whole = target.capabilities.decided(pipeline, options) if target.capabilities.decided else {}
    decisions: dict[tuple[Any, ...], Decision] = {}
    for use in (*uses(pipeline), *_stack_uses((*effective, *config.effective), target.name)):
        decided = use if placeable else replace(use, settings=None)
        row = _IN_IMAGE[use.feature] if built and use.feature in _IN_IMAGE else _row(decided, target, options)
        if row.level != "rejected" and not isinstance(use.value, Nested | Inside):
            row = whole.get((use.feature, use.node), row)
        if row.level == "rejected":
            problems.error("WYE4001", f"{target.name} cannot do {_title(use)}: {row.how}", use.span, help=row.help, target=target.name)
        elif strict and row.level != "native":
            message = _not_native(use.feature, row.level, row.how, target.name)
            problems.error("WYE4002", message, use.span, help=row.help, target=target.name)
        decisions.setdefault(_once(use, row), Decision(use.feature, row.level, row.how, row.link, use.span, use.subject, row.help))
    problems.check()
    return CheckedPipeline(pipeline, target, tuple(decisions.values()), config, effective, (), _SEAL)


def takes_images(target: Target, options: Any, config: Config) -> bool:
    """Whether the target's tasks run in images that `wye build` makes: when the project says so, and they run in containers at all."""
    return config.code.packaging == "image" and target.capabilities.row(FEATURE, "image", options).level == "native"


def _stack_uses(effective: tuple[Effective, ...], target: str) -> Iterator[Use]:
    """What a stack names whatever its target is, and where tasks are to run; a placement's value is its key and value."""
    for e in effective:
        if e.origin == DEFAULT or e.span is None:
            continue
        before, _, key = e.key.partition(".")
        if e.subject or before == PLACEMENT:
            yield Use(PLACEMENT, ((e.key if e.subject else key).partition(".")[0], e.value), e.span, e.subject or target)
        elif before in _SHARED:
            yield Use(_SHARED[before], e.value, e.span, target)
        elif (e.key, e.value) == ("code.packaging", "image"):
            yield Use(FEATURE, e.value, e.span, target)


def notes(checked: CheckedPipeline) -> tuple[Diagnostic, ...]:
    """What the target does by other means, or needs not, each a note: with `strict` the same are errors."""
    name, found = checked.target.name, Diagnostics()
    for d in checked.decisions:
        if d.level != "native":
            found.add(Diagnostic("WYE4002", _not_native(d.feature, d.level, d.how, name), d.span, (), d.help, "note", name))
    return found.items


def _not_native(feature: str, level: Level, how: str, target: str) -> str:
    return f"{_FEATURES[feature].title} is {level} on {target}: {how}"


def _row(use: Use, target: Target, options: Any) -> Row:
    if isinstance(use.value, Nested):
        return _NESTED[use.feature.partition(".")[0]]
    if isinstance(use.value, Inside):
        return _IN_ISLAND[use.feature]
    return target.capabilities.row(use.feature, use.value, options, use.settings)


def judge(target: Target, options: Any, *, turns: bool = False) -> Callable[[Node, tuple[str, ...]], str | None]:
    """Why a target cannot express a region where it stands, or with `turns` the body of a loop; None when it can: for `passes.islands`."""

    def reason(node: Node, around: tuple[str, ...]) -> str | None:
        row = target.capabilities.row(_kind(node), Place(node, around), options)
        return row.how if (row.turns if turns else row.island) else None

    return reason


def _title(use: Use) -> str:
    return _FEATURES[use.feature].title


def _once(use: Use, row: Row) -> tuple[Any, ...]:
    """What counts as one decision: a setting at each place where it is written; what every pipeline is made of, once."""
    if row.level == "native" and _FEATURES[use.feature].group in _STRUCTURE:
        return use.feature, row.how
    return use.feature, row.how, use.span


# --- what a pipeline uses ---------------------------------------------------------------------------------------------------------


def uses(pipeline: Pipeline) -> Iterator[Use]:
    """Every use of a feature, in program order; the pipeline's own first."""
    for p in pipeline.parameters:
        yield Use("parameter", p, p.span, p.name)
        if p.scheduled:
            yield Use("parameter.scheduled", p, p.span, p.name)
    yield from _pipeline_uses(pipeline.settings, pipeline)
    for nested in pipeline.pipelines:
        yield Use("pipeline.nested", nested, nested.span, nested.name)
        if nested.on_failure:
            yield Use("pipeline.failure_step", Nested(nested), nested.on_failure.span, nested.name)
        for use in _pipeline_uses(nested.settings, nested):
            if use.feature != "pipeline.tags":  # they describe it, and do nothing
                yield replace(use, value=Nested(use.value))
    inside = _Uses(pipeline)
    yield from inside.block(pipeline.body, (), False)
    if pipeline.on_failure:
        yield Use("pipeline.failure_step", pipeline, pipeline.on_failure.span, pipeline.name)
        handler = pipeline.on_failure
        yield from (replace(u, node=handler.id) for u in inside.call(handler) if u.feature.startswith("step."))


class _Uses:
    def __init__(self, pipeline: Pipeline) -> None:
        self._steps = {s.id: s for s in pipeline.steps}
        self._contexts = {p.id: p.context for p in pipeline.programs if p.context}
        self._returned = returns(pipeline)

    def block(self, block: Block, around: tuple[str, ...], island: bool) -> Iterator[Use]:
        for node in block.nodes:
            yield from (replace(use, node=node.id) for use in self._node(node, around, island))
            if node.after and not island:
                yield Use("after", node, node.span, node.id)
            for inner_block in blocks(node):
                within = (*around, inside(node, inner_block)) if not isinstance(node, ir.Island) else around
                yield from self.block(inner_block, within, island or isinstance(node, ir.Island))

    def call(self, node: ir.Call) -> Iterator[Use]:
        step = self._steps[node.step]
        yield from _call_uses(node, step)
        if context := self._contexts.get(step.program):
            yield Use("step.context", node, context, step.name)

    def _node(self, node: Node, around: tuple[str, ...], island: bool) -> Iterator[Use]:
        match node:
            case ir.Call():
                for use in self.call(node):
                    yield replace(use, value=Inside(use.value)) if island and use.feature in _IN_ISLAND else use
            case ir.Compute():
                feature = "return" if node.id == self._returned else "predicate" if _is_test(node) else "compute"
                if not island:
                    yield Use(feature, node, node.span, node.id)
                if feature != "predicate":
                    yield from _expression_uses(node, [node.value])
                yield from _settings_uses(node.settings, node.span, node.id)
            case ir.Island(body=body):
                if not node.turn:  # else the loop says it
                    yield Use(_kind(body.nodes[0]), Place(body.nodes[0], around), node.span, node.id)
            case ir.SubPipeline():
                yield Use("pipeline.nested", node, node.span, node.id)
            case _:
                if not island:
                    yield Use(_kind(node), Place(node, around), node.span, node.id)


def _kind(node: Node) -> str:
    return type(node).__name__.lower()


def _is_test(node: ir.Compute) -> bool:
    """Whether it is there to be a condition: so `passes/settle.py` calls it."""
    return node.type == "bool" and re.search(r"_test(_\d+)?$", node.id) is not None


def _call_uses(call: ir.Call, step: ir.Step) -> Iterator[Use]:
    yield Use("call", call, call.span, call.id)
    if len(step.ports) > 1:
        yield Use("output.multiple", step, call.span, call.id)
    for port in step.ports:
        yield Use(_ARTIFACTS.get(port.format, "output.parameter"), port, call.span, call.id)
    yield from _expression_uses(call, [e for _, e in call.bindings])
    yield from _settings_uses(call.settings, call.span, step.name)


def _expression_uses(node: Node, exprs: list[Expr]) -> Iterator[Use]:
    for expr in exprs:
        bare = expr
        while isinstance(bare, ir.Cast):
            bare = bare.value
        if not isinstance(bare, ir.Const | Reference):
            yield Use("expression", expr, expr.span, node.id)


def _settings_uses(s: Settings, span: Span, subject: str) -> Iterator[Use]:
    found: list[tuple[str, str, Any]] = [
        ("packages", "packages", s.packages), ("image", "image", s.image), ("python", "python", s.python),
        ("files", "files", s.files), ("env", "env", s.env),
        ("secrets", "secrets", s.secrets), ("retry", "retry", s.retry if s.retry and s.retry.count else None),
        ("timeout", "timeout", s.timeout), ("cache", "cache", s.cache), ("tags", "tags", s.tags),
    ]  # fmt: skip
    if s.resources:
        found += [(name, "resources", getattr(s.resources, name)) for name in ("cpu", "memory", "gpu", "gpu_type", "disk")]
    for name, written, value in found:
        if value:
            yield Use(f"step.{name}", value, s.span(written, span), subject, s)


def _pipeline_uses(s: PipelineSettings, pipeline: Pipeline) -> Iterator[Use]:
    found: list[tuple[str, str, Any]] = [
        ("pipeline.timeout", "timeout", s.timeout),
        ("pipeline.max_parallel", "max_parallel", s.max_parallel),
        ("pipeline.tags", "tags", s.tags),
    ]
    if s.on_failure != "stop" or any(name == "on_failure" for name, _ in s.spans):
        found.append(("pipeline.on_failure", "on_failure", s.on_failure))
    if s.schedule:
        plan = s.schedule
        kind = next(k for k in ("cron", "every", "at") if getattr(plan, k) is not None)
        # the policy for overlaps always matters: there is no way to have none
        parts = {kind: True, "window": plan.start or plan.end, "catchup": plan.catchup, "overlap": True, "paused": plan.paused}
        found += [(f"schedule.{part}", "schedule", plan) for part, used in parts.items() if used]
    for feature, written, value in found:
        if value:
            yield Use(feature, value, s.span(written, pipeline.span), pipeline.name)
