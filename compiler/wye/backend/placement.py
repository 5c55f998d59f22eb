"""A task's settings in; where its target is to run it out: what the options say for all tasks, under what the step's own block says.

A target that can place tasks has an option `placement`, a frozen dataclass. A step's `targets={"airflow": {"queue": "high"}}` takes the
same keys, except those that hold for a whole run (`metadata={"scope": "run"}`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from wye.diagnostics import Diagnostics, Span
from wye.ir import model as ir
from wye.ir.model import Block, Pipeline
from wye.ir.nodes import blocks
from wye.ir.settings import PipelineSettings, Settings, thaw
from wye.stacks.options import overlay, settings_of_source
from wye.stacks.tables import Effective, key_of

PLACEMENT = "placement"
RUN = "run"


def placed(options: Any, settings: Settings, target: str) -> Any:
    """The placement of one task. Its block was checked before."""
    problems = Diagnostics()
    made = _overlay(options, settings, target, Span("", 0, 0, 0, 0), problems)
    assert not problems.items
    return made[0]


def check_blocks(pipeline: Pipeline, target: str, options: Any, problems: Diagnostics) -> tuple[Effective, ...]:
    """What the steps' own blocks say for this target, each value once for each task; what is wrong with them is reported."""
    found: list[Effective] = []
    for nested in pipeline.pipelines:
        _refuse(
            nested.settings, nested.span, target, "a nested pipeline has no options of its own", "set it on the outer pipeline", problems
        )
    for node in _tasks(pipeline.body):
        if not any(name == target and block for name, block in node.settings.targets):
            continue
        if is_dataclass(getattr(options, PLACEMENT, None)):
            found += (replace(e, subject=node.id) for e in _overlay(options, node.settings, target, node.span, problems)[1])
        else:
            message = f"{target} has no settings of its own for a step"
            _refuse(node.settings, node.span, target, message, "set it on the pipeline, or in a stack", problems)
    return tuple(found)


def _refuse(settings: Settings | PipelineSettings, whole: Span, target: str, message: str, help: str, problems: Diagnostics) -> None:
    for name, block in settings.targets:
        if name == target and block:
            keys = ", ".join(f"`{key}`" for key, _ in block)
            problems.error("WYE4003", f"{message}: {keys}", settings.span("targets", whole), help=help, target=target)


def _tasks(block: Block) -> Iterator[ir.Call | ir.Island]:
    """What becomes a task and may have a block: an island has that of its steps."""
    for node in block.nodes:
        if isinstance(node, ir.Call | ir.Island):
            yield node
        else:
            for inner in blocks(node):
                yield from _tasks(inner)


def _overlay(options: Any, settings: Settings, target: str, whole: Span, problems: Diagnostics) -> tuple[Any, tuple[Effective, ...]]:
    base = getattr(options, PLACEMENT)
    run = {key_of(f) for f in fields(base) if f.metadata.get("scope") == RUN}
    block = [(k, thaw(v)) for name, found in settings.targets if name == target for k, v in found]
    before = f"targets.{target}."
    spans = {n.removeprefix(before): s for n, s in settings.spans if n.startswith(before)}
    given = settings_of_source(block, f'targets={{"{target}": …}} of the step', spans, settings.span("targets", whole))
    for setting in given:
        if setting.key in run:
            message = f"`{setting.key}` holds for a whole run, not for a step"
            place = setting.place(()).key
            problems.error("WYE4003", message, place, help="set it on the pipeline, or in a stack", target=target)
    made = overlay(target, base, [s for s in given if s.key not in run], problems)
    return made.value, made.effective
