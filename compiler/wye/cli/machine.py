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


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a reader may want to know: of a compile, or in `messages` why there was none."""

    compiled: Compiled | None
    written: Mapping[str, Sequence[str]]
    messages: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[Diagnostic, ...]:
        return self.compiled.problems if self.compiled else ()

    @property
    def notes(self) -> tuple[Diagnostic, ...]:
        from wye.backend.check import notes

        results = self.compiled.results if self.compiled else ()
        return tuple(note for r in results if r.checked for note in notes(r.checked))

    @property
    def sources(self) -> Sources:
        """Files by their paths in the checkout."""
        file = self.compiled.file if self.compiled else Path()
        return read_sources(self.compiled.root if self.compiled else Path(), checkout(file), inside=True)


def show(compiled: Compiled, written: Mapping[str, Sequence[str]], format: str) -> None:
    """Print it in one of `FORMATS`."""
    FORMATS[format](Findings(compiled, written))


def failed(message: str, format: str) -> None:
    """The document of a compile that failed without a place."""
    FORMATS[format](Findings(None, {}, (message,)))


def show_several(several: Several, builds: Mapping[Path, Sequence[EmittedFile]], format: str) -> None:
    """Print what became of several sources: SARIF and GitHub's commands as of one; JSON with an entry for each pipeline."""
    from wye.backend.check import notes
    from wye.cli.several import rooted

    told = [rooted(n, c.root) for c in several.compiled for r in c.results if r.checked for n in notes(r.checked)]
    sources = read_sources(Path("/"), checkout(several.compiled[0].file), inside=True)
    if format == "sarif":
        from wye.diagnostics.sarif import as_sarif

        say_json(as_sarif((*several.problems, *told), sources, ()))
    elif format == "github":
        import sys

        from wye.diagnostics.github import as_github

        sys.stdout.write(as_github((*several.problems, *told), sources, ()))
    else:
        files = {(f.parent.name, f.name): [(f / e.path).as_posix() for e in sorted(es, key=lambda e: e.path)] for f, es in builds.items()}
        say_json(
            {
                "status": "failed" if several.failed else "compiled",
                "pipelines": [{"source": str(c.file), **_pipeline_json(c, files)} for c in several.compiled],
                "diagnostics": json_diagnostics(several.problems, Path("/")),
                "notes": json_diagnostics(told, Path("/")),
                "messages": [f"{file} holds no pipeline; left out" for file in several.empty],
            }
        )


def _pipeline_json(compiled: Compiled, written: Mapping[tuple[str, str], Sequence[str]]) -> dict[str, Any]:
    from wye.backend.report import report_json

    name = compiled.pipeline.name if compiled.pipeline else None
    targets: dict[str, Any] = {}
    for r in compiled.results:
        status = "rejected" if r.problems else "compiled"
        files = list(written.get((name or "", r.target), ()))
        targets[r.target] = {"status": status, "files": files, "report": report_json(r.checked) if r.checked else None}
    return {"pipeline": name, "status": "failed" if compiled.failed else "compiled", "targets": targets}


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
    compiled = found.compiled
    root = compiled.root if compiled else Path()
    name = compiled.pipeline.name if compiled and compiled.pipeline else ""
    written = {(name, target): files for target, files in found.written.items()}
    say_json(
        {
            **(_pipeline_json(compiled, written) if compiled else {"pipeline": None, "status": "failed", "targets": {}}),
            "diagnostics": json_diagnostics(found.problems, root),
            "notes": json_diagnostics(found.notes, root),
            "messages": list(found.messages),
        }
    )


def _sarif(found: Findings) -> None:
    from wye.diagnostics.sarif import as_sarif

    say_json(as_sarif((*found.problems, *found.notes), found.sources, found.messages))


def _github(found: Findings) -> None:
    import sys

    from wye.diagnostics.github import as_github

    sys.stdout.write(as_github((*found.problems, *found.notes), found.sources, found.messages))


FORMATS: Mapping[str, Callable[[Findings], None]] = {"json": _json, "sarif": _sarif, "github": _github}
