"""What became of a compile in; the one document that `--format json|sarif|github` prints on standard output out.

A format is a function in `FORMATS`; docs/machine-output.md says what readers may rely on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wye.cli.failure import known_failure
from wye.cli.output import json_diagnostics, say_json
from wye.diagnostics import Diagnostic
from wye.diagnostics.render import Sources, read_sources

if TYPE_CHECKING:
    from wye.backend.target import EmittedFile
    from wye.cli.compile import Compiled
    from wye.cli.several import Several


Written = Mapping[tuple[str, str], Sequence[str]]
"""The files of each pipeline and target."""


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a reader may want to know of a compile of one source, or of `several`; in `messages`, why there was none.

    The diagnostics' paths are relative to `root`. `left_out`: sources among several that hold no pipeline.
    """

    compiled: tuple[Compiled, ...]
    root: Path
    problems: tuple[Diagnostic, ...]
    notes: tuple[Diagnostic, ...]
    written: Written
    messages: tuple[str, ...] = ()
    several: bool = False
    left_out: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        return bool(self.messages) or any(d.severity == "error" for d in self.problems)

    @property
    def sources(self) -> Sources:
        """Files by their paths in the checkout."""
        return read_sources(self.root, checkout(self.compiled[0].file if self.compiled else Path()), inside=True)


def findings(compiled: Compiled, written: Written) -> Findings:
    """Those of one source."""
    return Findings((compiled,), compiled.root, compiled.problems, tuple(_notes(compiled)), written)


def show(compiled: Compiled, written: Written, format: str) -> None:
    """Print what became of one source, in one of `FORMATS`."""
    FORMATS[format](findings(compiled, written))


def show_several(several: Several, written: Written, format: str) -> None:
    """Print what became of several."""
    from wye.cli.several import rooted

    told = tuple(rooted(n, c.root) for c in several.compiled for n in _notes(c))
    left_out = tuple(str(file) for file in several.empty)
    FORMATS[format](Findings(several.compiled, Path("/"), several.problems, told, written, several=True, left_out=left_out))


def failed(message: str, format: str) -> None:
    """The document of a compile that failed without a place."""
    FORMATS[format](Findings((), Path(), (), (), {}, (message,)))


def written(builds: Mapping[Path, Sequence[EmittedFile]]) -> Written:
    """The files of builds in `<pipeline>/<target>/`."""
    return {(f.parent.name, f.name): [(f / e.path).as_posix() for e in sorted(es, key=lambda e: e.path)] for f, es in builds.items()}


def _notes(compiled: Compiled) -> Iterator[Diagnostic]:
    from wye.backend.check import notes

    return (note for r in compiled.results if r.checked for note in notes(r.checked))


@contextmanager
def whole(format: str, document: Callable[[str, str], None] = failed) -> Iterator[None]:
    """While this lasts, whatever ends the command with exit code 1 is also told in the format; people read it on standard error."""
    try:
        yield
    except Exception as error:
        found = known_failure(error) if format != "text" else None
        if found and found[0] == 1:
            _, message, help = found
            document(message + (f"\nhelp: {help}" if help else ""), format)
        raise


def checkout(file: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The root of the checkout that the file is in; without one, the current directory."""
    folder = file.resolve().parent
    for above in (folder, *folder.parents):
        if (above / ".git").exists():
            return above
    workspace = environ.get("GITHUB_WORKSPACE")  # a checkout without git has no `.git`
    if workspace and folder.is_relative_to(Path(workspace).resolve()):
        return Path(workspace).resolve()
    return Path.cwd()


def _json(found: Findings) -> None:
    pipelines = [_pipeline(c, found.written) for c in found.compiled]
    if found.several:
        each = [{"source": str(c.file), **p} for c, p in zip(found.compiled, pipelines)]
        what = {"status": _status(found.failed), "pipelines": each, "left_out": list(found.left_out)}
    else:
        what = {**(pipelines or [{"pipeline": None, "targets": {}}])[0], "status": _status(found.failed)}
    told = {"diagnostics": json_diagnostics(found.problems, found.root), "notes": json_diagnostics(found.notes, found.root)}
    say_json({**what, **told, "messages": list(found.messages)})


def _pipeline(compiled: Compiled, written: Written) -> dict[str, Any]:
    from wye.backend.report import report_json

    name = compiled.pipeline.name if compiled.pipeline else None
    targets: dict[str, Any] = {}
    for r in compiled.results:
        status = "rejected" if r.problems else "compiled"
        files = list(written.get((name or "", r.target), ()))
        targets[r.target] = {"status": status, "files": files, "report": report_json(r.checked) if r.checked else None}
    return {"pipeline": name, "status": _status(compiled.failed), "targets": targets}


def _status(failed: bool) -> str:
    return "failed" if failed else "compiled"


def _sarif(found: Findings) -> None:
    from wye.diagnostics.sarif import as_sarif

    say_json(as_sarif((*found.problems, *found.notes), found.sources, found.messages))


def _github(found: Findings) -> None:
    import sys

    from wye.diagnostics.github import as_github

    sys.stdout.write(as_github((*found.problems, *found.notes), found.sources, found.messages))


FORMATS: Mapping[str, Callable[[Findings], None]] = {"json": _json, "sarif": _sarif, "github": _github}
