"""A use of `wye` in a program in; whether its step asks where it runs, out. What has no meaning in a running step is refused.

A container has no `wye`, but `runtime/shim.py` under that name.
"""

from __future__ import annotations

from wye.diagnostics import Span
from wye.frontend.project import Module, Project
from wye.frontend.slicing.facts import Ref

AT_RUN_TIME = frozenset({"Context", "Failure", "Uri", "context", "each", "pipeline", "step"})
"""What means the same in a running step as in plain Python."""

_HELP = {
    "ScheduledTime": "write `wye.context().scheduled_time`, or hand the pipeline's parameter to the step",
    "Retry": "retries are a setting: @step(retry=Retry(2))",
    "Schedule": "schedules are a setting: @pipeline(schedule=...)",
}


def context_use(project: Project, module: Module, ref: Ref, name: str) -> Span | None:
    """Where a step asks for its context. `name` is what the use stands for: `wye.context`."""
    what = name.split(".")[1]
    if ref.mode in ("signature", "annotation"):
        return None
    where = module.span(ref.call or ref.node)
    if what == "context":
        if ref.depth == 0 and ref.call is not None:
            project.diagnostics.error(
                "WYE6020", "`wye.context()` is called when the module is imported, and no step runs then", where,
                help="call it inside the step",
            )  # fmt: skip
        return where
    if ref.depth and what not in AT_RUN_TIME:
        help = _HELP.get(what, "it is a setting, which is read when the pipeline is compiled")
        project.diagnostics.error("WYE6021", f"`wye.{what}` has no meaning in a running step", where, help=help)
    return None
