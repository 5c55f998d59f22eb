"""What a target can do, as data: one row per feature, with the platform's page. A feature without a row is rejected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wye.backend.machines import MachineTable
from wye.ir.model import Node, Pipeline
from wye.ir.settings import Settings
from wye.schedules.fields import Inexpressible
from wye.sdk.settings import Schedule

Level = Literal["native", "emulated", "advisory", "rejected"]


@dataclass(frozen=True, slots=True)
class Row:
    """How a target does one feature.

    `how` is one short phrase for the report ("retryPolicy", "in-process by the runner"); for a rejected feature it says why.
    `link` is the platform's page. `help` is the remedy when rejected.
    `when` decides by the feature's value: it gets (value, options) and returns another Row, or None to keep this one. The value of a
    control-flow feature is a `Place`. `island`: the target cannot express the region; it runs inside one task by the plan interpreter.
    `varies`: what it is in a pipeline is for the whole of it to decide (`Capabilities.decided`).
    `turns`: the target runs the iterations of the loop, each as one task, in which the plan interpreter runs the loop's body.
    """

    level: Level
    how: str
    link: str = ""
    help: str | None = None
    when: Callable[[Any, Any], Row | None] | None = None
    island: bool = False
    turns: bool = False
    varies: bool = False


def scheduled(part: Callable[[Schedule, Any], object], link: str) -> Callable[[Any, Any], Row | None]:
    """A `when` for a part of a schedule: rejected when the dialect, asked with the schedule and the options, finds it inexpressible."""

    def when(value: Any, options: Any) -> Row | None:
        try:
            part(value, options)
        except Inexpressible as error:
            return Row("rejected", str(error), link, f"{error.help}; --no-schedule compiles the rest")
        return None

    return when


@dataclass(frozen=True, slots=True)
class Place:
    """A region or a `raise` where it stands. `inside`: what is around it, outermost first: if, map, for, while, try, except, finally."""

    node: Node
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of the language. `group` is a heading of the capability table."""

    name: str
    group: str
    title: str


FEATURES: tuple[Feature, ...] = (
    Feature("parameter", "data", "pipeline parameters: types, defaults, run-time override"),
    Feature("parameter.scheduled", "data", "`ScheduledTime()`: the time for which the run is meant"),
    Feature("output.parameter", "data", "step outputs as parameters"),
    Feature("output.multiple", "data", "several outputs of one step"),
    Feature("artifact.file", "data", "file and folder artifacts (Path)"),
    Feature("artifact.bytes", "data", "bytes artifacts"),
    Feature("artifact.object", "data", "any other object as an artifact"),
    Feature("return", "data", "the pipeline's return value can be read"),
    Feature("expression", "data", "expressions as arguments"),
    Feature("compute", "data", "an expression that needs a task of its own"),
    Feature("call", "order", "calls ordered by data"),
    Feature("after", "order", "`.after` and the program order of effect calls"),
    Feature("pipeline.nested", "order", "pipelines in pipelines"),
    Feature("pipeline.max_parallel", "order", "limit of parallel tasks"),
    Feature("step.packages", "environment", "packages per step"),
    Feature("step.image", "environment", "image per step"),
    Feature("step.python", "environment", "the interpreter in an image"),
    Feature("step.files", "environment", "data files per step"),
    Feature("step.env", "environment", "environment variables"),
    Feature("step.secrets", "environment", "secrets by reference"),
    Feature("code.image", "environment", '`packaging = "image"`: programs and packages in images of one\'s own'),
    Feature("step.context", "environment", "`wye.context()`: run id, attempt, scheduled time, task id"),
    Feature("stack.store", "environment", "the stack's artifact store"),
    Feature("stack.store_options", "environment", "how the stack's store is reached"),
    Feature("stack.registry", "environment", "the stack's container registry"),
    Feature("placement", "environment", "placement of tasks, by a stack or a step's own block"),
    Feature("step.cpu", "resources", "cpu"),
    Feature("step.memory", "resources", "memory"),
    Feature("step.gpu", "resources", "gpu"),
    Feature("step.gpu_type", "resources", "gpu type"),
    Feature("step.disk", "resources", "disk"),
    Feature("step.retry", "faults", "retries with back-off"),
    Feature("step.timeout", "faults", "time-out of an attempt"),
    Feature("pipeline.timeout", "faults", "time-out of a run"),
    Feature("pipeline.on_failure", "faults", "`on_failure`: stop or continue independent tasks"),
    Feature("pipeline.failure_step", "faults", "`on_failure=step`: a step that runs when the run has failed"),
    Feature("step.cache", "faults", "result cache"),
    Feature("step.tags", "labels", "tags of a step"),
    Feature("pipeline.tags", "labels", "tags of a pipeline"),
    Feature("schedule.cron", "schedule", "cron schedule with a time zone"),
    Feature("schedule.every", "schedule", "interval schedule"),
    Feature("schedule.at", "schedule", "one-shot schedule"),
    Feature("schedule.window", "schedule", "start and end of a schedule"),
    Feature("schedule.catchup", "schedule", "catch-up"),
    Feature("schedule.overlap", "schedule", "overlap policy"),
    Feature("schedule.paused", "schedule", "created paused"),
    Feature("if", "control flow", "`if`, `elif`, `else`, ternaries, `and`/`or` on run-time values"),
    Feature("predicate", "control flow", "a condition that needs a task of its own"),
    Feature("map", "control flow", "`for` and comprehensions over run-time lists, iterations independent"),
    Feature("for", "control flow", "`for` that carries values from one iteration to the next, or is left early"),
    Feature("while", "control flow", "`while`"),
    Feature("try", "control flow", "`try`, `except`, `finally`"),
    Feature("fail", "control flow", "`raise` and `assert`"),
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """A target's table, its pinned default image and Python, its name rules and its limits (each documented in the target's file)."""

    rows: Mapping[str, Row]
    image: str
    python: str
    limits: Mapping[str, int] = field(default_factory=dict)
    settled: Callable[[str, Settings, Any], Row | None] | None = None
    """A `when` for settings that are decided by all of a task's settings together: it gets (feature, settings, options)."""
    machines: tuple[MachineTable, ...] = ()
    decided: Callable[[Pipeline, Any], Mapping[tuple[str, str], Row]] | None = None
    """Rows that the whole pipeline decides on, by feature and node: it gets (pipeline, options). They hold unless the use is rejected."""
    base: Callable[[Settings, Any], str] | None = None
    """What an image that Wye makes begins with when neither the step nor the stack says it, where that is not always `image`: it gets
    (settings, options)."""
    root: bool = False
    """Whether only root can run tasks there, also in images that Wye makes."""

    def row(self, feature: str, value: Any, options: Any, settings: Settings | None = None) -> Row:
        """The row that holds for this use of a feature."""
        row = self.rows.get(feature)
        if row is None:
            return Row("rejected", "this target has no rule for it")
        other = row.when(value, options) if row.when else None
        if other is None and self.settled and settings is not None:
            other = self.settled(feature, settings, options)
        return other or row
