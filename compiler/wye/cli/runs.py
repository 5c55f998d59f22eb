"""`wye runs …`: what a person calls a run in; lists, a run's story, its logs out; old runs deleted."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from wye import cache
from wye.cli.failure import Usage
from wye.cli.output import heading, note, say, say_json, table
from wye.diagnostics.screen import safe
from wye.runs import environments, results
from wye.runs.disk import read_json
from wye.runs.folders import ROOT, Run, all_runs, delete, find_run, size, sweep
from wye.runtime.plan import task_folder


def list_command(format: str) -> int:
    runs = [_facts(run) for run in all_runs()]
    if format == "json":
        say_json({"runs": runs})
    elif runs:
        table(["run", "pipeline", "status", "started", "seconds#"], [_row(facts) for facts in runs])
    else:
        note(f"there are no runs in {ROOT}")
    return 0


def show_command(text: str, format: str) -> int:
    run = find_run(text)
    tasks = [_task(t) for t in run.tasks()]
    params, outputs = read_json(run.folder / "params.json"), read_json(run.folder / "outputs.json")
    if format == "json":
        say_json(_facts(run) | {"message": run.note.get("message"), "params": params, "outputs": outputs, "tasks": tasks})
        return 0
    facts = _facts(run)
    heading(f"{run.id}  {facts['status']}")
    shown = {"pipeline": facts["pipeline"], "source": facts["source"], "started": _when(facts["started"]),
             "message": run.note.get("message"),
             "parameters": params or None, "returned": outputs, "folder": facts["folder"]}  # fmt: skip
    for name, value in shown.items():
        if value is not None:
            say(safe(f"  {name:<11} {value}"))
    say()
    table(["task", "status", "seconds#", "attempts#", "error~"], [
        [t["id"], t["status"], f"{t['seconds']:.1f}", str(t["attempts"]), t["error"] or ""] for t in tasks
    ])  # fmt: skip
    return 0


def logs_command(text: str, task: str | None) -> int:
    """The log of one task as it is; of all, each behind a line with the task's id."""
    run = find_run(text)
    known = [t["id"] for t in run.tasks()]
    if task is not None and task not in known:
        from wye.diagnostics.suggest import did_you_mean

        raise Usage(f"the run {run.id} has no task `{task}`", did_you_mean(task, known, "tasks") if known else None)
    for id in known if task is None else [task]:
        log = run.folder / "tasks" / task_folder(id) / "log.txt"
        content = log.read_bytes().decode("utf-8", "replace") if log.exists() else ""
        if task is None and content:
            heading(f"--- {id}")
        sys.stdout.write(safe(content, newlines=True))
        if content and not content.endswith("\n"):
            say()
    return 0


def clean_command(names: Sequence[str], keep: int | None, older_than: float | None, kept: bool, format: str) -> int:
    if not names and keep is None and older_than is None and not kept:
        raise Usage("`wye runs clean` deletes what?", "--keep N, --older-than 7d, --cache, or the runs themselves")
    before = time.time() - (older_than or 0.0)
    chosen = [find_run(name) for name in names]
    if not names and (keep is not None or older_than is not None):
        ended = [run for run in all_runs() if not run.in_progress()]
        chosen = [run for run in ended[keep or 0 :] if run.note.get("started", 0.0) < before]
    deleted, busy, freed = [], [], 0
    for run in chosen:
        bytes = size(run.folder)
        if delete(run):
            deleted.append(run.id)
            freed += bytes
        else:
            busy.append(run.id)
    sweep(ROOT)
    counts = {"results": 0, "environments": 0}
    if kept:
        for kind, clean in (("results", results.clean), ("environments", environments.clean)):
            place = cache.folder(kind)
            counts[kind] = clean(place, before) if place else 0
    if format == "json":
        say_json({"deleted": deleted, "in_progress": busy, "bytes": freed} | (counts if kept else {}))
    else:
        for id in busy:
            note(f"the run {id} is in progress and stays")
        say(f"{len(deleted)} run{'s' * (len(deleted) != 1)} deleted, {freed / 1e6:.1f} MB")
        if kept:
            say(f"of the cache: {counts['results']} results, {counts['environments']} environments deleted")
    return 1 if busy and names else 0


def _facts(run: Run) -> dict[str, Any]:
    """What a list says of a run."""
    started, ended = run.note.get("started"), run.note.get("ended")
    return {
        "run": run.id, "pipeline": run.note.get("pipeline"), "source": run.note.get("source"), "status": run.status, "started": started,
        "ended": ended, "sessions": run.note.get("session"), "folder": str(run.folder),
    }  # fmt: skip


def _row(facts: dict[str, Any]) -> list[str]:
    seconds = f"{facts['ended'] - facts['started']:.1f}" if facts["ended"] and facts["started"] else ""
    return [facts["run"], str(facts["pipeline"]), facts["status"], _when(facts["started"]), seconds]


def _when(moment: float | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment)) if moment else ""


def _task(t: dict[str, Any]) -> dict[str, Any]:
    error = t.get("error")
    said = ": ".join([*error["type"][:1], error["message"]]).split("\n")[0] if error else None
    how = {t["how"]: True} if t.get("how") else {}
    return {"id": t["id"], "step": t["step"], "status": t["status"], "seconds": round(t["seconds"], 3), "attempts": t["attempts"],
            "error": said, **how}  # fmt: skip
