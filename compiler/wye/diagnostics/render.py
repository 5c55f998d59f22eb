"""Diagnostics in, text for people out, or one as a JSON object. `github.py` and `sarif.py` beside it are for other readers.

The text follows rustc: `path:line:column: error[CODE]: message`, the source line with the place underlined, labels, `help:`.
Whatever comes from a file is shown so that it cannot steer the terminal, and is aligned by display width.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from wye.diagnostics.excerpt import excerpt
from wye.diagnostics.model import Diagnostic, Span
from wye.diagnostics.screen import paint, safe

__all__ = ["Source", "Sources", "as_json", "colour_on", "read_sources", "render", "summary"]


@dataclass(frozen=True, slots=True)
class Source:
    """A file as the reader sees it: its path from the current directory, and its lines (none when it cannot be read)."""

    path: str
    lines: tuple[str, ...]


Sources = Callable[[str], Source]
"""From a span's path to the file."""


def read_sources(root: Path, here: Path | None = None, *, inside: bool = False) -> Sources:
    """Sources below `root` (absolute span paths stand for themselves), read when first asked for. `inside`: the path of what is not
    below `here` is absolute."""
    import re
    from functools import cache

    base = here or Path.cwd()

    @cache
    def source(path: str) -> Source:
        file = Path(os.path.abspath(root / path))
        near = os.path.relpath(file, base)
        shown = str(file) if inside and near.startswith("..") else min(near, str(file), key=len)
        return Source(shown.replace(os.sep, "/"), tuple(re.split(r"\r\n|\r|\n", _text(file))))

    return source


def _text(file: Path) -> str:
    from io import BytesIO
    from tokenize import detect_encoding

    try:
        data = file.read_bytes()
    except OSError:
        return ""
    try:
        encoding = detect_encoding(BytesIO(data).readline)[0] if file.suffix == ".py" else "utf-8-sig"
    except SyntaxError:
        encoding = "utf-8-sig"
    return data.decode(encoding, errors="replace")


def colour_on(stream: IO[str], environ: Mapping[str, str] = os.environ) -> bool:
    """Whether to colour what goes to this stream: NO_COLOR, then FORCE_COLOR, then only on a terminal."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"


def render(diagnostics: Sequence[Diagnostic], sources: Sources, *, colour: bool = False, width: int = 140) -> str:
    """The diagnostics as text, ending with a newline."""
    parts = [_one(d, sources, colour, width) for d in diagnostics]
    return "\n\n".join([*parts, summary(diagnostics, colour)]) + "\n"


def _one(d: Diagnostic, sources: Sources, colour: bool, width: int) -> str:
    source = sources(d.span.path)
    place = f"{safe(source.path)}:{d.span.line}:{d.span.column}"
    severity = paint(f"{d.severity}[{d.code}]", d.severity, colour)
    message = safe(d.message, newlines=True)
    if d.target and d.target not in message:
        message = f"{d.target}: {message}"
    lines = [f"{paint(place, 'bold', colour)}: {severity}: {paint(message, 'bold', colour)}"]
    lines += excerpt(d, sources, colour, width)
    if d.help:
        first, *more = safe(d.help, newlines=True).split("\n")
        lines.append(f"{paint('help', 'help', colour)}: {first}")
        lines += ["      " + line for line in more]
    return "\n".join(lines)


def summary(diagnostics: Sequence[Diagnostic], colour: bool = False) -> str:
    """ "2 errors, 1 warning"."""
    parts = []
    for severity in ("error", "warning"):
        n = sum(d.severity == severity for d in diagnostics)
        if n:
            parts.append(paint(f"{n} {severity}{'s' * (n > 1)}", severity, colour))
    return ", ".join(parts) or "no problems"


def as_json(d: Diagnostic, sources: Sources) -> dict[str, Any]:
    """One diagnostic as a JSON object; paths are relative to the current directory, ends are exclusive."""
    return {
        "code": d.code,
        "severity": d.severity,
        "message": d.message,
        **_place(d.span, sources),
        "labels": [{**_place(label.span, sources), "text": label.text} for label in d.labels],
        "help": d.help,
        "target": d.target,
    }


def _place(span: Span, sources: Sources) -> dict[str, Any]:
    ends = {"end_line": span.end_line, "end_column": span.end_column}
    return {"path": sources(span.path).path, "line": span.line, "column": span.column, **ends}
