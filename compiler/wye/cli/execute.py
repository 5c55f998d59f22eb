"""`wye run`: a source and parameters in; one run on this machine, its progress on standard error and its result on standard output out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wye import driver
from wye.backend import registry
from wye.backend.check import CheckedPipeline, check
from wye.cli.compile import check_blocks, options_for, tell_choice
from wye.cli.failure import Refused
from wye.cli.output import json_diagnostics, note, say_json, show_diagnostics, tell
from wye.cli.progress import progress
from wye.cli.result import failed, show_result
from wye.cli.source import read_moment, read_parameters, split_parameters, split_source
from wye.diagnostics import CompileFailed
from wye.diagnostics.screen import safe
from wye.ir.nodes import blocks
from wye.runs.execute import Changed, How, RunResult, resume_run, run_local
from wye.runs.folders import find_run
from wye.runs.inputs import RunInputError, Text
from wye.stacks import choose

TARGET = "local"


@dataclass(frozen=True, slots=True)
class Asked:
    """How to run: what the options say of any run, new or not. `cached`: results that are kept by content count."""

    workers: int | None
    format: str
    stack: str | None
    cached: bool


def run_command(source: str, texts: Sequence[str], file: Path | None, scheduled: str | None, asked: Asked) -> int:
    """Run it. Exit 0 when it succeeded, 1 when a step failed or the input is wrong, 130 when it was stopped."""
    params: dict[str, Any] = read_parameters(file) if file else {}
    params |= {name: Text(text) for name, text in split_parameters(texts).items()}
    moment = read_moment(scheduled) if scheduled else None

    def go(how: How, checked: CheckedPipeline | None) -> RunResult:
        assert checked is not None
        return run_local(checked, params, scheduled=moment, source=source, how=how)

    return _session(go, source, asked)


def resume_command(text: str, source: str | None, asked: Asked) -> int:
    """Go on with a run. The exit code is that of `run_command`."""
    run = find_run(text)
    if source is None:
        note(f"going on with the plan and the programs that the run {run.id} began with")

    def go(how: How, checked: CheckedPipeline | None) -> RunResult:
        return resume_run(run, checked=checked, how=how)

    try:
        return _session(go, source, asked)
    except Changed as changed:
        them = "it is" if len(changed.what) == 1 else "they are"
        message = f"the source has changed since the run {run.id} began: {', '.join(changed.what)}"
        help = f"wye run --resume {run.id} goes on with what {them} in the run; wye run {source} begins a new one"
        raise Refused(message, help) from None


def _session(go: Callable[[How, CheckedPipeline | None], RunResult], source: str | None, asked: Asked) -> int:
    """Compile the source, if there is one, run, and tell."""
    checked, most = None, None
    if source is not None:
        path, name = split_source(source)
        try:
            checked, most = _prepare(path, name, asked.stack)
        except CompileFailed as failure:
            show_diagnostics(failure.diagnostics, driver.root_of(path))
            if asked.format == "json":
                say_json(failed(diagnostics=json_diagnostics(failure.diagnostics, driver.root_of(path))))
            return 1
    tasks = _tasks(checked) if checked else None
    try:
        with progress(tasks) as on_event:
            result = go(How(asked.workers or most, asked.cached, on_event, _say), checked)
    except RunInputError as error:
        for message in error.messages:
            tell(message)
        if asked.format == "json":
            say_json(failed(messages=error.messages))
        return 1
    return show_result(result, tasks, asked.format, f"wye run --resume {result.run_id}")


def _say(text: str) -> None:
    note(safe(f"· {text}"))


def _prepare(path: Path, name: str | None, stack: str | None) -> tuple[CheckedPipeline, int | None]:
    """The pipeline as the local executor takes it, and how many tasks at a time its source wants. Who starts it does not matter here."""
    choice = choose(path, stack, registry.names())
    tell_choice(choice, set())
    pipeline = driver.compile_source(path, name, driver.layout_of(path, choice.config), cached=True)
    pipeline = replace(pipeline, settings=replace(pipeline.settings, schedule=None))
    check_blocks(pipeline)
    target = registry.load(TARGET)
    made = options_for(pipeline, TARGET, choice)
    checked = check(pipeline, target, made.value, config=choice.config, effective=made.effective)
    return checked, getattr(made.value, "workers", None)


def _tasks(checked: CheckedPipeline) -> int | None:
    """How many tasks a run has, when that can be known."""
    nodes = checked.pipeline.body.nodes
    return None if any(blocks(n) for n in nodes) or checked.pipeline.on_failure else len(nodes)
