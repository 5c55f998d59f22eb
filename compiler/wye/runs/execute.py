"""A checked pipeline and its parameters in; one run on this machine, in a folder of its own, and what came of it out.

A run is begun once and gone on with as often as it was ended: by a failure, by a person, by `kill -9`. Its folder holds its plan, its
programs and its parameters, so what goes on is what was begun, whatever the source says by then.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

from wye import cache
from wye.backend.check import CheckedPipeline
from wye.backend.embed import LINES, program_files
from wye.ir.json import document, dumps, plan_json
from wye.ir.model import Pipeline
from wye.runs.disk import locked, read_json, write_json
from wye.runs.environments import Environments, Surroundings
from wye.runs.folders import ROOT, Run, held, make_root
from wye.runs.inputs import RunInputError, check_inputs, interpreters, lacking
from wye.runs.memory import Memory, Programs
from wye.runs.results import Results
from wye.runtime.launch import ProcessLauncher
from wye.runtime.outcome import Event, PlanResult, TaskResult, shown_text
from wye.runtime.plan import run_plan, task_folder
from wye.runtime.values import plain, wire
from wye.stacks.tables import Config, Packages

TAIL = 64 * 1024
LINES_SHOWN = 10
"""Of a log, when an attempt has failed."""
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


@dataclass(frozen=True, slots=True)
class How:
    """How a session of a run goes. `tell` hears what a person should know, `on_event` what happens to tasks; `cached`: results that are
    kept by content count."""

    workers: int | None = None
    cached: bool = True
    on_event: Callable[[Event], None] = lambda event: None
    tell: Callable[[str], None] = lambda text: None


class Changed(Exception):
    """The source is not what the run was begun with; `what` names it."""

    def __init__(self, what: list[str]) -> None:
        super().__init__(", ".join(what))
        self.what = what


def run_local(
    checked: CheckedPipeline,
    params: Mapping[str, Any],
    *,
    root: Path = ROOT,
    scheduled: datetime | None = None,
    source: str = "",
    how: How | None = None,
) -> RunResult:
    """Run a pipeline that was checked for the local target; `scheduled` is the time for which the run is meant, else now. Raises
    `RunInputError` before any task has started."""
    how = how or How()
    plan = plan_json(checked.pipeline)
    scheduled = (scheduled or datetime.now(UTC)).astimezone(UTC)
    values = check_inputs(plan, params, scheduled)
    run_id = time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(3)
    ready = _prepared(plan, checked.config, root.absolute(), how)
    make_root(root)
    new = root.absolute() / f".new-{run_id}"
    with ExitStack() as stack:
        folder = root.absolute() / run_id
        new.mkdir()
        stack.enter_context(locked(new / "lock"))
        _write_run(checked.pipeline, plan, values, new)
        note = {"run": run_id, "pipeline": plan["pipeline"], "source": source, "status": "running", "pid": os.getpid(), "session": 1}
        note |= {"started": time.time(), "scheduled_time": scheduled.isoformat()}
        note |= {"contents": _contents(new), "packages": _config_json(checked.config)}
        write_json(new / "run.json", note)
        new.rename(folder)  # a run is there when all that it needs is
        return _session(ready, values, Run(folder, note), how)


def resume_run(run: Run, *, checked: CheckedPipeline | None = None, how: How | None = None) -> RunResult:
    """Go on with a run where it ended: with its own plan, programs and parameters. `checked`: what its source says now, when that is to
    be the same. Raises `Changed`, `RunInputError`, `NoRun`."""
    how = how or How()
    with held(run):
        run = Run(run.folder, read_json(run.folder / "run.json"))
        if checked is not None:
            different = _differences(checked, run.folder)
            if different:
                raise Changed(different)
        if run.note["contents"] != _contents(run.folder):
            raise RunInputError([f"the plan or the programs in {run.folder} are not what the run was begun with"])
        plan = read_json(run.folder / "plan.json")
        values = {name: wire(value) for name, value in read_json(run.folder / "params.json").items()}
        problems = lacking(plan)
        if problems:
            raise RunInputError(problems)
        ready = _prepared(plan, _config(run.note["packages"]), run.folder.parent, how)
        gone = ("ended", "message", "tasks")
        note = {k: v for k, v in run.note.items() if k not in gone}
        note |= {"status": "running", "pid": os.getpid(), "session": run.note["session"] + 1}
        write_json(run.folder / "run.json", note, safe=True)
        return _session(ready, values, Run(run.folder, note), how)


def _prepared(plan: dict[str, Any], config: Config, root: Path, how: How) -> dict[str, Any]:
    """The plan with an interpreter for every task whose packages are not here."""
    ready = deepcopy(plan)
    environments = Environments(cache.folder("environments") or root / ".environments", config, how.tell)
    interpreters(ready, environments.python)
    return ready


def _session(plan: dict[str, Any], values: dict[str, str], run: Run, how: How) -> RunResult:
    kept = cache.folder("results")
    results = Results(kept, Surroundings().digest) if how.cached and kept else None
    workers = how.workers or os.cpu_count() or 1
    context = {"run_id": run.id, "scheduled_time": run.note["scheduled_time"], "pipeline": plan["pipeline"]}
    memory = Memory(run.folder, run.note["session"], context, results)
    (run.folder / "outputs.json").unlink(missing_ok=True)
    result = run_plan(
        plan, {n: {"text": text} for n, text in values.items()}, str(run.folder), Launcher(str(run.folder / "programs"), workers),
        workers, lambda event: how.on_event(_with_lines(event, run.folder)), context=context, memory=memory,
    )  # fmt: skip
    text = None
    if result.returned:
        text = shown_text(*result.returned)
        _write_text(run.folder / "outputs.json", text + "\n")
    _end(run, result)
    return RunResult(run.id, cast(Status, result.status), text, tuple(result.tasks), run.folder, result.message)


def _with_lines(event: Event, folder: Path) -> Event:
    """A failure with what the attempt wrote last, but for the traceback, which is told at the end."""
    if event.kind not in ("failed", "retrying") or event.how:
        return event
    log = folder / "tasks" / task_folder(event.task) / "log.txt"
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return event
    text = text.rpartition("--- attempt ")[2].partition("\n")[2] if "--- attempt " in text else text
    text = text.partition(str((event.error or {}).get("traceback") or "\0"))[0]
    return replace(event, lines=tuple(text.splitlines()[-LINES_SHOWN:]))


class Launcher(ProcessLauncher):
    """Runs a task with the interpreter that has its packages; what those have for the command line is on its PATH."""

    def python(self, task: dict[str, Any]) -> str:
        return str(task.get("interpreter", sys.executable))

    def environ(self, task: dict[str, Any]) -> dict[str, str]:
        if "interpreter" not in task:
            return dict(os.environ)
        own = str(Path(task["interpreter"]).parent)
        return {**os.environ, "PATH": os.pathsep.join(filter(None, [own, os.environ.get("PATH")]))}


# --- the run's folder --------------------------------------------------------------------------------------------------------------


def _write_run(pipeline: Pipeline, plan: dict[str, Any], values: dict[str, str], folder: Path) -> None:
    _write_text(folder / "plan.json", document(plan))
    _write_text(folder / "params.json", "{" + ",\n ".join(f"{json.dumps(n)}: {text}" for n, text in values.items()) + "}\n")
    for program in pipeline.programs:
        for path, data in program_files(program):
            place = folder / "programs" / program.id / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)


def _contents(folder: Path) -> dict[str, str]:
    """What a run was begun with, by content."""
    programs = Programs(folder / "programs")
    names = sorted(p.name for p in (folder / "programs").iterdir()) if (folder / "programs").is_dir() else []
    found = {f"programs/{name}": programs.digest(name) for name in names}
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("plan.json", "params.json")} | found


def _differences(checked: CheckedPipeline, folder: Path) -> list[str]:
    """What of a pipeline is not as a run was begun with: steps whose program is another, or the pipeline itself. Where things stand in
    the file does not matter."""
    plan, old = json.loads(dumps(plan_json(checked.pipeline))), read_json(folder / "plan.json")
    changed = []
    programs = {p.id: dict(program_files(p)) for p in checked.pipeline.programs}
    for name, files in programs.items():
        place = folder / "programs" / name
        here = {p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*") if p.is_file()}
        if {**here, LINES: b""} != {**files, LINES: b""}:
            changed.append(name)
    if _placeless(plan) != _placeless(old):
        changed.insert(0, f"the pipeline {checked.pipeline.name}")
    return changed


def _placeless(value: Any) -> Any:
    if isinstance(value, list):
        return [_placeless(v) for v in value]
    return {k: _placeless(v) for k, v in value.items() if k != "span"} if isinstance(value, dict) else value


def _end(run: Run, result: PlanResult) -> None:
    """`run.json`: what became of the run."""
    tasks = [{k: v for k, v in asdict(t).items() if k != "how" or v} for t in result.tasks]
    note = run.note | {"status": result.status, "ended": time.time(), "message": result.message, "tasks": tasks}
    write_json(run.folder / "run.json", note, safe=True)


def _config_json(config: Config) -> dict[str, Any]:
    return {**asdict(config.packages), "folder": None if config.folder is None else str(config.folder.absolute())}


def _config(form: dict[str, Any]) -> Config:
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in form.items() if k != "folder"}
    return Config(packages=Packages(**given), folder=None if form["folder"] is None else Path(form["folder"]))


def _write_text(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".tmp")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
