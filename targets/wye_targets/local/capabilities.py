"""What `wye run` can do with a pipeline, and what a crontab can do with its schedule, as data."""

from __future__ import annotations

from typing import Any

from wye.backend.capabilities import Capabilities, Row, scheduled
from wye.schedules import crontab
from wye.sdk.settings import Schedule

CRONTAB = "https://man7.org/linux/man-pages/man5/crontab.5.html"
_LINE = "a line of crontab.txt, for a cron that knows CRON_TZ, as cronie does, on a machine whose own clock is never changed, as in UTC"
FLOCK = "https://man7.org/linux/man-pages/man1/flock.1.html"


_TIMING = scheduled(lambda schedule, options: crontab.expression(schedule), CRONTAB)


def _overlap(schedule: Schedule, options: Any) -> Row | None:
    if schedule.overlap == "allow":
        return Row("native", "cron starts a run whether or not the last one has ended", CRONTAB)
    if schedule.overlap == "replace":
        return Row("rejected", "cron cannot end the last run", CRONTAB, 'use overlap="skip" or overlap="queue"')
    return None


CAPABILITIES = Capabilities(
    image="",
    python="the one that runs wye",
    rows={
        "parameter": Row("native", "params.json in the run's folder"),
        "parameter.scheduled": Row("native", "`wye run --scheduled-time`, else the start of the run"),
        "output.parameter": Row("native", "a file in the run's folder"),
        "output.multiple": Row("native", "one file per output"),
        "artifact.file": Row("native", "a folder in the run's folder"),
        "artifact.bytes": Row("native", "a file in the run's folder"),
        "artifact.object": Row("native", "a file in the run's folder"),
        "return": Row("native", "outputs.json in the run's folder"),
        "expression": Row("native", "evaluated in the task that reads it"),
        "compute": Row("native", "a task"),
        "call": Row("native", "a fresh process in an empty folder"),
        "after": Row("native", "the plan interpreter waits"),
        "pipeline.nested": Row("native", "inlined"),
        "step.packages": Row("native", "the environment of `wye run` if it meets them, else one that uv makes first, and that is kept"),
        "step.image": Row("advisory", "steps run as processes, in no image"),
        "step.python": Row("advisory", "steps run as processes, in no image"),
        "step.files": Row("native", "files beside the step's program"),
        "code.image": Row("advisory", "steps run here without containers: the programs travel as a tree"),
        "step.env": Row("native", "the environment of the step's process"),
        "step.secrets": Row("native", "environment variables of `wye run`; checked before a run starts"),
        "step.context": Row("native", "the plan interpreter says it"),
        "stack.store": Row("advisory", "what tasks hand on stays in the run's folder"),
        "stack.store_options": Row("advisory", "what tasks hand on stays in the run's folder"),
        "stack.registry": Row("advisory", "steps run as processes, in no image"),
        "placement": Row("rejected", "all tasks run on this machine"),
        "step.cpu": Row("advisory", "processes share the machine"),
        "step.memory": Row("advisory", "processes share the machine"),
        "step.gpu": Row("advisory", "processes share the machine"),
        "step.gpu_type": Row("advisory", "processes share the machine"),
        "step.disk": Row("advisory", "processes share the machine"),
        "step.retry": Row("native", "a new process per attempt, after every kind of failure; the delay holds no worker"),
        "step.timeout": Row("native", "TERM, then KILL, to the attempt's process group"),
        "pipeline.timeout": Row("native", "TERM, then KILL, to every process group of the run"),
        "pipeline.on_failure": Row("native", "the plan interpreter"),
        "pipeline.failure_step": Row("native", "a last task; not when the run is stopped by hand"),
        "step.cache": Row("native", "outputs kept by content in the user's cache folder: program, arguments, inputs, Python and packages"),
        "step.tags": Row("advisory", "kept in plan.json"),
        "pipeline.tags": Row("advisory", "kept in plan.json"),
        "pipeline.max_parallel": Row("native", "the plan interpreter"),
        "schedule.cron": Row("emulated", _LINE, CRONTAB, when=_TIMING),
        "schedule.every": Row("emulated", _LINE, CRONTAB, when=_TIMING),
        "schedule.at": Row("emulated", _LINE + "; a date test lets only the one time pass", CRONTAB, when=_TIMING),
        "schedule.window": Row("emulated", "a date test in the line of crontab.txt", CRONTAB),
        "schedule.catchup": Row("rejected", "cron does not make up for runs that it missed", CRONTAB, "leave out `catchup`"),
        "schedule.overlap": Row("emulated", "flock(1) in the line of crontab.txt", FLOCK, when=_overlap),
        "schedule.paused": Row("emulated", "the line of crontab.txt is a comment", CRONTAB),
        "if": Row("native", "the plan interpreter runs the arm that the condition chooses"),
        "predicate": Row("native", "a task whose output is true or false"),
        "map": Row("native", "the plan interpreter runs the iterations in parallel"),
        "for": Row("native", "the plan interpreter runs the iterations in order"),
        "while": Row("native", "the plan interpreter evaluates the condition before each iteration"),
        "try": Row("native", "the plan interpreter runs handlers and `finally` when the body has ended"),
        "fail": Row("native", "a task that raises"),
    },
)
