"""A checked pipeline and its parameters in; one run on this machine, in a folder of its own, and what came of it out.

.wye/runs/<run>/  plan.json  params.json  run.json  outputs.json
                  programs/<program>/…   tasks/<task>/{task.json,values.json,log.txt,out/,error.json}
A task in a loop has a folder for each iteration: tasks/<loop>/<n>/<task>/…
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

from wye.backend.check import CheckedPipeline
from wye.backend.embed import program_files
from wye.ir.json import dumps, plan_json
from wye.ir.model import Pipeline
from wye.runs.inputs import check_inputs
from wye.runtime.launch import ProcessLauncher
from wye.runtime.outcome import Event, PlanResult, TaskResult
from wye.runtime.plan import run_plan, write
from wye.runtime.scope import whole
from wye.runtime.values import plain, wire

Status = Literal["succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a run. `message` says why it was ended from outside; `outputs_text` is the wire text of the returned value."""

    run_id: str
    status: Status
    outputs_text: str | None
    tasks: tuple[TaskResult, ...]
    folder: Path
    message: str | None = None

    @property
    def outputs(self) -> Any:
        """The returned value for people; an artifact is the path of its file."""
        return None if self.outputs_text is None else plain(self.outputs_text)


def run_local(
    checked: CheckedPipeline,
    params: Mapping[str, Any],
    *,
    root: Path = Path(".wye/runs"),
    scheduled: datetime | None = None,
    workers: int | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> RunResult:
    """Run a pipeline that was checked for the local target; `scheduled` is the time for which the run is meant, else now. Raises
    `RunInputError` before anything has started."""
    plan = plan_json(checked.pipeline)
    scheduled = (scheduled or datetime.now(UTC)).astimezone(UTC)
    values = check_inputs(plan, params, scheduled)
    workers = workers or os.cpu_count() or 1
    run_id = time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(3)
    folder = _make_folder(root, run_id)
    _write_run(checked.pipeline, plan, values, folder)
    _note(folder, run_id, plan, "running", started=(started := time.time()))
    local = deepcopy(plan)
    for node in whole(local):
        node.pop("packages", None)  # checked above
    launcher = ProcessLauncher(str(folder / "programs"), workers)
    context = {"run_id": run_id, "scheduled_time": scheduled.isoformat(), "pipeline": plan["pipeline"]}
    result = run_plan(local, {n: {"text": text} for n, text in values.items()}, str(folder), launcher, workers, on_event, context=context)
    text = None
    if result.returned:
        text = _outputs_text(*result.returned)
        _write_text(folder / "outputs.json", text + "\n")
    _note(folder, run_id, plan, result.status, started=started, ended=time.time(), result=result)
    return RunResult(run_id, cast(Status, result.status), text, tuple(result.tasks), folder, result.message)


# --- the run's folder --------------------------------------------------------------------------------------------------------------


def _make_folder(root: Path, run_id: str) -> Path:
    if not root.exists():
        root.mkdir(parents=True)
        (root / ".gitignore").write_text("*\n")
    folder = root.absolute() / run_id
    folder.mkdir()
    return folder


def _write_run(pipeline: Pipeline, plan: dict[str, Any], values: dict[str, str], folder: Path) -> None:
    _write_text(folder / "plan.json", dumps(plan, indent=2) + "\n")
    _write_text(folder / "params.json", "{" + ",\n ".join(f"{json.dumps(n)}: {text}" for n, text in values.items()) + "}\n")
    for program in pipeline.programs:
        for path, data in program_files(program):
            place = folder / "programs" / program.id / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)


def _note(folder: Path, run_id: str, plan: dict[str, Any], status: str, *, result: PlanResult | None = None, **times: float) -> None:
    """`run.json`: what this run is, and what became of it so far."""
    content: dict[str, Any] = {"run": run_id, "pipeline": plan["pipeline"], "status": status, "pid": os.getpid(), **times}
    if result:
        content |= {"message": result.message, "tasks": [asdict(t) for t in result.tasks]}
    write(str(folder / "run.json"), content)


def _write_text(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".tmp")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _outputs_text(file: str, format: str) -> str:
    """What the pipeline returned as wire text, without importing anything of the user's: an artifact is the path of its file."""
    if os.path.isdir(file):
        text = Path(file, "value.json").read_text("ascii")
        return wire(json.loads(text, object_hook=lambda d: os.path.join(file, d["$path"]) if list(d) == ["$path"] else d))
    with open(file, "rb") as stream:
        start = stream.read(2)
        if format == "bytes" or start == b"\x80\x04":
            return wire(file)
        return (start + stream.read()).decode("ascii")
