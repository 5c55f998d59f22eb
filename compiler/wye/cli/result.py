"""What a run came to in; what people and machines are told of it, and the exit code, out."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wye.cli.output import note, say_json, tell
from wye.cli.progress import counted
from wye.diagnostics.screen import paint, safe
from wye.runs.execute import RunResult
from wye.runtime.plan import task_folder


def show_result(result: RunResult, tasks: int | None, format: str, again: str | None, notes: Sequence[str] = ()) -> int:
    """Show it in that format. `tasks`: how many a run has, when that can be known; `again`: the command that goes on with a run that
    failed, when there is one; `notes`: more lines for people. 0 when it succeeded, 1 when it failed, 130 when it was stopped."""
    _tell(result, tasks, again)
    for line in notes:
        note(line)
    if format == "json":
        say_json(_object(result))
    elif result.outputs_text is not None:
        sys.stdout.write(json.dumps(result.outputs, indent=2, ensure_ascii=False) + "\n")
    return {"succeeded": 0, "failed": 1, "cancelled": 130}[result.status]


def failed(**why: Any) -> dict[str, Any]:
    """What `--format json` prints of a run that could not start."""
    return {"run": None, "status": "failed", "outputs": None, "tasks": [], **why}


def _object(result: RunResult) -> dict[str, Any]:
    tasks = [
        {"id": t.id, "step": t.step, "status": t.status, "seconds": round(t.seconds, 3), **({t.how: True} if t.how else {})}
        for t in result.tasks
    ]
    status = "succeeded" if result.status == "succeeded" else "failed"
    return {"run": result.run_id, "status": status, "outputs": result.outputs, "tasks": tasks}


def _tell(result: RunResult, tasks: int | None, again: str | None) -> None:
    """What failed and why, and where everything is, on standard error."""
    from wye.diagnostics.render import colour_on

    colour = colour_on(sys.stderr)
    for task in result.tasks:
        if task.status == "failed" and task.error and not task.handled:
            note("")
            note(paint(f"task {task.id} failed", "error", colour))
            trace = str(task.error.get("traceback") or task.error.get("message") or "").rstrip()
            note(safe(trace, newlines=True))
            note(f"its log: {_near(result.folder / 'tasks' / task_folder(task.id) / 'log.txt')}")
    if result.message:
        tell(result.message)
    note(f"run {result.run_id} {_status(result.status, colour)}: {_counts(result, tasks)}, in {_near(result.folder)}")
    if again and result.status != "succeeded":
        note(f"to go on with it: {again}")


def _status(status: str, colour: bool) -> str:
    return paint(status, "good" if status == "succeeded" else "error", colour)


def _counts(result: RunResult, tasks: int | None) -> str:
    """ "5 of 5 tasks done"; where branches and loops decide how many there are: "5 tasks done, 1 failed (handled), 2 skipped"."""
    found = Counter("failed (handled)" if t.handled else t.status for t in result.tasks)
    how = Counter(t.how for t in result.tasks if t.how)
    kept = [f"{how['cached']} cached"] * bool(how["cached"]) + [f"{how['resumed']} done before"] * bool(how["resumed"])
    if tasks is not None:
        return ", ".join([f"{found['succeeded']} of {tasks} tasks done", *kept])
    kept += [f"{found[kind]} {kind}" for kind in ("failed", "failed (handled)", "cancelled", "skipped") if found[kind]]
    return ", ".join([counted(found["succeeded"]), *kept])


def _near(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
