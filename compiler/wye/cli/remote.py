"""`wye run --on TARGET`: a source, a target and parameters in; a run of the target's artifact on its own engine, and its result, out."""

from __future__ import annotations

import argparse
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wye.backend import registry
from wye.backend.remote import Launch
from wye.backend.write import write_build
from wye.cli.compile import Wanted, compile_all
from wye.cli.failure import Usage
from wye.cli.output import json_diagnostics, say_json, show_diagnostics, tell
from wye.cli.progress import progress
from wye.cli.result import failed, show_result
from wye.cli.source import read_moment, read_parameters, split_parameters
from wye.ir.json import plan_json
from wye.runs.execute import RunResult
from wye.runs.inputs import Text, parameters
from wye.runtime.outcome import shown_text

ROOT = Path(".wye")


def run_on(given: argparse.Namespace) -> int:
    """Run it. Exit 0 when it succeeded, 1 when a step failed or the input is wrong, 130 when it was stopped."""
    run = registry.runner(given.on)
    if given.workers:
        raise Usage("--workers goes with a run on this machine", "there, @pipeline(max_parallel=…) says how many tasks run at a time")
    params: dict[str, Any] = read_parameters(given.params) if given.params else {}
    params |= {name: Text(text) for name, text in split_parameters(given.parameters).items()}
    moment = (read_moment(given.scheduled_time) if given.scheduled_time else datetime.now(UTC)).astimezone(UTC)
    compiled = compile_all(Wanted(str(given.source), (given.on,), False, given.stack, False, True))
    result = next((r for r in compiled.results if r.target == given.on and r.checked), None)
    if result is None or result.checked is None:
        show_diagnostics(compiled.problems, compiled.root)
        if given.format == "json":
            say_json(failed(diagnostics=json_diagnostics(compiled.problems, compiled.root)))
        return 1
    checked = result.checked
    values, problems = parameters(plan_json(checked.pipeline), params, moment)
    if problems:
        for problem in problems:
            tell(problem)
        if given.format == "json":
            say_json(failed(messages=problems))
        return 1
    run_id = time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(3)
    folder = _make_folder(given.on, run_id)
    write_build(folder, result.files)
    tasks = len(checked.pipeline.body.nodes) if not any(hasattr(n, "then") for n in checked.pipeline.body.nodes) else None
    with progress(tasks) as on_event:
        ran = run(Launch(checked, result.options, folder, run_id, values, moment.isoformat(), given.keep, on_event))
    text = shown_text(str(ran.returned[0]), ran.returned[1]) if ran.returned else None
    if text is not None:
        (folder / "outputs.json").write_text(text + "\n", "ascii")
    made = RunResult(run_id, ran.status, text, ran.tasks, folder, ran.message)
    return show_result(made, tasks, given.format, ran.again, ran.notes)


def _make_folder(target: str, run_id: str) -> Path:
    root = ROOT / target
    if not root.exists():
        root.mkdir(parents=True)
        (root / ".gitignore").write_text("*\n")
    return root.absolute() / run_id
