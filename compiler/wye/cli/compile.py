"""`wye compile` and `wye check`: what the user wants in, files, tables and diagnostics out. The driver does the compiling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wye import driver
from wye.backend import registry
from wye.backend.placement import check_blocks as check_step_blocks
from wye.backend.write import write_builds
from wye.cli import machine
from wye.cli.failure import Usage
from wye.cli.output import note, say, show_diagnostics, table
from wye.cli.report import Outcome, show_report
from wye.cli.source import split_source
from wye.diagnostics import CompileFailed, Diagnostic, Diagnostics, Span
from wye.diagnostics.render import read_sources
from wye.diagnostics.suggest import did_you_mean
from wye.ir.model import Call
from wye.ir.nodes import every
from wye.ir.settings import PipelineSettings, Settings, thaw
from wye.sources import Layout
from wye.stacks import Choice, Config, Made, Setting, Stack, choose, settings_of_source, stack_options

if TYPE_CHECKING:
    from wye.backend.check import CheckedPipeline
    from wye.backend.target import EmittedFile
    from wye.ir.model import Pipeline


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    source: str
    targets: tuple[str, ...]
    all: bool
    stack: str | None
    strict: bool
    no_schedule: bool
    otherwise: tuple[str, ...] = ()
    """The targets when none is named and no stack is chosen."""
    told: set[str] = field(default_factory=set, compare=False)
    """What was said about the choice of a stack: once for all sources."""


@dataclass(frozen=True, slots=True)
class Result:
    """One target's part of a compile; `checked` is None when it was rejected."""

    target: str
    files: tuple[EmittedFile, ...]
    checked: CheckedPipeline | None
    problems: tuple[Diagnostic, ...]
    options: Any = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compile for all targets. Without a pipeline the source itself has problems."""

    file: Path
    layout: Layout
    pipeline: Pipeline | None
    results: tuple[Result, ...]
    problems: tuple[Diagnostic, ...]

    @property
    def root(self) -> Path:
        """What the spans' paths are relative to."""
        return driver.root_of(self.file, self.layout)

    @property
    def failed(self) -> bool:
        return any(d.severity == "error" for d in self.problems)


def compile_all(wanted: Wanted) -> Compiled:
    """Compile the source once, and the pipeline for each target; problems are collected."""
    file, name = split_source(wanted.source)
    choice = Choice(None, Config())
    problems: list[Diagnostic] = []
    try:
        choice = choose(file, wanted.stack, registry.names(), kept=not wanted.targets and not wanted.all)
        tell_choice(choice, wanted.told)
    except CompileFailed as failure:
        problems += failure.diagnostics
    targets = _targets(wanted, choice.stack) if not problems else ()
    layout = driver.layout_of(file, choice.config)
    try:
        pipeline = driver.compile_source(file, name, layout, cached=True)
        if wanted.no_schedule:
            pipeline = replace(pipeline, settings=replace(pipeline.settings, schedule=None))
        check_blocks(pipeline)
    except CompileFailed as failure:
        return Compiled(file, layout, None, (), _in_order([*problems, *failure.diagnostics]))
    if problems:
        return Compiled(file, layout, None, (), _in_order(problems))
    results = tuple(_one(pipeline, target, choice, wanted.strict) for target in targets)
    return Compiled(file, layout, pipeline, results, _in_order([d for r in results for d in r.problems]))


def tell_choice(choice: Choice, told: set[str]) -> None:
    """A stack that nobody named on the command line is said, once."""
    if choice.stack and choice.by != "--stack":
        text = f"stack {choice.stack.name}, chosen by {choice.by}"
        if text not in told:
            note(text)
        told.add(text)


def _in_order(problems: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each once, in source order."""
    found = Diagnostics()
    for problem in problems:
        found.add(problem)
    return found.items


def _targets(wanted: Wanted, stack: Stack | None) -> tuple[str, ...]:
    """The targets to compile for, each once, in the order given."""
    chosen = list(wanted.targets) + ([stack.target] if stack else [])
    chosen += registry.names() if wanted.all else () if chosen else wanted.otherwise
    if not chosen:
        known = ", ".join(registry.names()) or "none is installed"
        raise Usage("no target given", f"-t TARGET, --all or --stack NAME; the targets are: {known}")
    for name in chosen:
        registry.load(name)
    return tuple(dict.fromkeys(chosen))


def _one(pipeline: Pipeline, name: str, choice: Choice, strict: bool) -> Result:
    target = registry.load(name)
    try:
        made = options_for(pipeline, name, choice)
        files, checked = driver.compile_target(pipeline, target, made.value, strict=strict, config=choice.config, effective=made.effective)
    except CompileFailed as failure:
        steps = Diagnostics()
        check_step_blocks(pipeline, name, target.options(), steps)  # all in one go, also when the options are wrong
        return Result(name, (), None, _in_order([*failure.diagnostics, *steps.items]))
    return Result(name, files, checked, (), made.value)


def options_for(pipeline: Pipeline, name: str, choice: Choice) -> Made:
    """A target's options: of the chosen stack when it is that target's, and of the pipeline's own block. Raises `CompileFailed`."""
    stack = choice.stack.settings if choice.stack and choice.stack.target == name else ()
    return stack_options(name, registry.load(name).options, stack, block_settings(pipeline, name))


def block_settings(pipeline: Pipeline, target: str) -> list[Setting]:
    """What the pipeline's own `targets={…}` says for this target; it goes before the stack."""
    settings, before = pipeline.settings, f"targets.{target}."
    spans = {n.removeprefix(before): s for n, s in settings.spans if n.startswith(before)}
    block = [(key, thaw(value)) for name, block in settings.targets if name == target for key, value in block]
    return settings_of_source(block, f'targets={{"{target}": …}} of the pipeline', spans, settings.span("targets", pipeline.span))


def check_blocks(pipeline: Pipeline) -> None:
    """Every target that a `targets={…}` block names exists: a misspelt one would be dropped in silence."""
    problems = Diagnostics()
    known = registry.names()
    holders: list[tuple[Settings | PipelineSettings, Span]] = [(pipeline.settings, pipeline.span)]
    holders += [(s.settings, s.span) for s in pipeline.steps]
    holders += [(n.settings, n.span) for n in every(pipeline.body) if isinstance(n, Call)]
    for settings, whole in holders:
        span, spans = settings.span("targets", whole), settings.spans
        for name, _ in settings.targets:
            if name not in known:
                place = next((s for n, s in spans if n == f"targets.{name}"), span)
                problems.error("WYE5005", f"unknown target `{name}`", place, help=did_you_mean(name, known, "targets"))
    problems.check()


# --- wye compile --------------------------------------------------------------------------------------------------------------------


def compile_command(wanted: Wanted, out: Path, keep_going: bool, format: str) -> int:
    """Compile and write. Nothing is written when a target is rejected, unless `keep_going`."""
    builds: dict[Path, Sequence[EmittedFile]] = {}
    with machine.whole(format):
        compiled = compile_all(wanted)
        if compiled.pipeline and (keep_going or not compiled.failed):
            done = [r for r in compiled.results if not r.problems]
            builds = {out / compiled.pipeline.name / r.target: r.files for r in done}
            write_builds(builds)
    if format in machine.FORMATS:
        machine.show(compiled, machine.written(builds), format)
    else:
        if compiled.problems:
            show_diagnostics(compiled.problems, compiled.root)
        if builds and compiled.pipeline:
            _show_report(compiled, [r for r in compiled.results if not r.problems], brief=True)
            _show_files(builds)
    return 1 if compiled.failed else 0


def _show_files(builds: dict[Path, Sequence[EmittedFile]]) -> None:
    """A line for each folder, with what lies in it."""
    say()
    rows = []
    for folder, files in builds.items():
        tops = Counter(f.path.partition("/")[0] for f in files)
        whole = {f.path for f in files}
        parts = (name if name in whole else f"{name}/ ({tops[name]})" for name in sorted(tops))
        rows.append([f"{folder.as_posix()}/", str(len(files)), ", ".join(parts)])
    table(["written", "files#", "in it~"], rows)


# --- wye check ----------------------------------------------------------------------------------------------------------------------


def check_command(wanted: Wanted, format: str) -> int:
    """Compile, show the result, write nothing."""
    with machine.whole(format):
        compiled = compile_all(wanted)
    if format in machine.FORMATS:
        machine.show(compiled, {}, format)
    else:
        if compiled.problems:
            show_diagnostics(compiled.problems, compiled.root)
        if compiled.pipeline:
            _show_report(compiled, compiled.results)
    return 1 if compiled.failed else 0


def _show_report(compiled: Compiled, results: Sequence[Result], *, brief: bool = False) -> None:
    """How each target does what the pipeline asks, with its places."""
    assert compiled.pipeline
    outcomes = [Outcome(r.target, r.checked.decisions if r.checked else (), r.problems) for r in results]
    show_report(compiled.pipeline.name, outcomes, read_sources(compiled.root), brief=brief)
