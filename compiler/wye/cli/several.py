"""Several sources of one command in; each compiled, all that is wrong in one go, and all of it written or nothing, out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wye.backend.write import write_builds
from wye.cli import machine
from wye.cli.output import heading, note, say, show_diagnostics, table
from wye.cli.source import split_source
from wye.diagnostics import Diagnostic, Diagnostics, Label, Span

if TYPE_CHECKING:
    from wye.backend.target import EmittedFile
    from wye.cli.compile import Compiled, Wanted

EMPTY = "WYE1035"
"""A source without a pipeline: `pipelines/*.py` may well name modules that only help."""


@dataclass(frozen=True, slots=True)
class Several:
    """The compiles of all sources that hold a pipeline; what is wrong in any, by absolute paths; the files that hold none."""

    compiled: tuple[Compiled, ...]
    problems: tuple[Diagnostic, ...]
    empty: tuple[Path, ...]

    @property
    def failed(self) -> bool:
        return any(d.severity == "error" for d in self.problems)


def compile_several(wanted: Wanted, sources: Sequence[str]) -> Several:
    """Each source once, in the order given."""
    from wye.cli.compile import compile_all

    found: dict[tuple[Path, str | None], Compiled] = {}
    for source in sources:
        file, name = split_source(source)
        key = (file.resolve(), name)
        if key not in found:
            found[key] = compile_all(replace(wanted, source=source))
    helpers = [c for c in found.values() if [d.code for d in c.problems] == [EMPTY]]
    compiled = [c for c in found.values() if c not in helpers] or list(found.values())
    problems = Diagnostics()
    for c in compiled:
        for d in c.problems:
            problems.add(rooted(d, c.root))
    _check_names(compiled, problems)
    return Several(tuple(compiled), problems.items, tuple(c.file for c in helpers if c not in compiled))


def _check_names(compiled: Sequence[Compiled], problems: Diagnostics) -> None:
    """A build is found by its pipeline's name: two of one name would be one folder."""
    seen: dict[str, Span] = {}
    for c in compiled:
        if c.pipeline:
            span = _rooted(c.pipeline.span, c.root)
            first = seen.setdefault(c.pipeline.name.casefold(), span)
            if first is not span:
                problems.error(
                    "WYE1038", f"two pipelines are called `{c.pipeline.name}`: both would be written to one folder", span,
                    labels=[Label(first, "the other")], help='rename one, `@pipeline(name="…")`, or compile them into two folders, -o',
                )  # fmt: skip


def rooted(d: Diagnostic, root: Path) -> Diagnostic:
    """The diagnostic with absolute paths, which mean the same beside those of another source."""
    return replace(d, span=_rooted(d.span, root), labels=tuple(replace(label, span=_rooted(label.span, root)) for label in d.labels))


def _rooted(span: Span, root: Path) -> Span:
    return replace(span, path=os.path.abspath(root / span.path).replace(os.sep, "/"))


def several_command(wanted: Wanted, sources: Sequence[str], out: Path | None, keep_going: bool, format: str) -> int:
    """Compile all; write what is to be written (with `out`) when nothing is wrong anywhere, or, with `keep_going`, what is right."""
    builds: dict[Path, Sequence[EmittedFile]] = {}
    with machine.whole(format):
        several = compile_several(wanted, sources)
        clash = any(d.code == "WYE1038" for d in several.problems)
        if out is not None and not clash and (keep_going or not several.failed):
            for c in several.compiled:
                builds |= {out / c.pipeline.name / r.target: r.files for r in c.results if not r.problems} if c.pipeline else {}
            write_builds(builds)
    if format in machine.FORMATS:
        machine.show_several(several, machine.written(builds), format)
        return 1 if several.failed else 0
    for file in several.empty:
        note(f"{file} holds no pipeline; left out")
    if several.problems:
        show_diagnostics(several.problems, Path("/"))
    _show_summary(several)
    if builds:
        say()
        heading(f"{len(builds)} builds written")
        for folder, files in builds.items():
            say(f"  {folder.as_posix()}/  {len(files)} files")
    return 1 if several.failed else 0


def _show_summary(several: Several) -> None:
    """A line for each pipeline and target."""
    rows = []
    for c in several.compiled:
        name = c.pipeline.name if c.pipeline else ""
        if not c.results:
            rows.append([name, str(c.file), "", "failed", "", "", ""])
        for r in c.results:
            levels = [d.level for d in r.checked.decisions] if r.checked else []
            counts = [str(levels.count(level)) if r.checked else "" for level in ("native", "emulated", "advisory")]
            rows.append([name, str(c.file), r.target, "rejected" if r.problems else "compiled", *counts])
    table(["pipeline", "source", "target", "", "native#", "emulated#", "advisory#"], rows)
