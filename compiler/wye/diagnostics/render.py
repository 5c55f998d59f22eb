"""Diagnostics in, text for people or machines out: a table of formats, one function each.

The text form follows rustc: `path:line:column: error[CODE]: message`, the source line with the place underlined, labels, `help:`.
Whatever comes from a file is shown so that it cannot steer the terminal, and is aligned by display width.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from wye.diagnostics.excerpt import excerpt
from wye.diagnostics.model import Diagnostic, Span
from wye.diagnostics.screen import paint, safe

__all__ = ["FORMATS", "Source", "Sources", "as_json", "colour_on", "read_sources", "render", "summary"]


@dataclass(frozen=True, slots=True)
class Source:
    """A file as the reader sees it: its path from the current directory, and its lines (none when it cannot be read)."""

    path: str
    lines: tuple[str, ...]


Sources = Callable[[str], Source]
"""From a span's path to the file."""


def read_sources(root: Path, here: Path | None = None) -> Sources:
    """Sources below `root` (absolute span paths stand for themselves), read when first asked for."""
    import re
    from functools import cache

    base = here or Path.cwd()

    @cache
    def source(path: str) -> Source:
        file = Path(os.path.abspath(root / path))
        shown = min(os.path.relpath(file, base), str(file), key=len)
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


def render(diagnostics: Sequence[Diagnostic], sources: Sources, format: str = "text", *, colour: bool = False, width: int = 140) -> str:
    """The diagnostics in one of `FORMATS`, ending with a newline."""
    return FORMATS[format](diagnostics, sources, colour, width)


def _as_text(diagnostics: Sequence[Diagnostic], sources: Sources, colour: bool, width: int) -> str:
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


# --- for machines -----------------------------------------------------------------------------------------------------------------


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


def _as_json(diagnostics: Sequence[Diagnostic], sources: Sources, colour: bool, width: int) -> str:
    return json.dumps([as_json(d, sources) for d in diagnostics], indent=2) + "\n"


def _as_github(diagnostics: Sequence[Diagnostic], sources: Sources, colour: bool, width: int) -> str:
    """Workflow commands: GitHub shows them beside the changed lines."""

    def escape(text: str, more: str = "") -> str:
        for char in "%\r\n" + more:
            text = text.replace(char, f"%{ord(char):02X}")
        return text

    lines = []
    for d in diagnostics:
        span = d.span
        message = d.message + (f"\nhelp: {d.help}" if d.help else "")
        where = {"file": sources(span.path).path, "line": span.line, "endLine": span.end_line, "col": span.column}
        if span.line == span.end_line:
            where["endColumn"] = max(span.column, span.end_column - 1)
        where["title"] = d.code
        fields = ",".join(f"{key}={escape(str(value), ':,')}" for key, value in where.items())
        lines.append(f"::{d.severity} {fields}::{escape(message)}\n")
    return "".join(lines)


def _as_sarif(diagnostics: Sequence[Diagnostic], sources: Sources, colour: bool, width: int) -> str:
    """SARIF 2.1.0, as code-scanning services read it."""

    def location(span: Span) -> dict[str, Any]:
        region = {"startLine": span.line, "startColumn": span.column, "endLine": span.end_line, "endColumn": max(1, span.end_column)}
        return {"physicalLocation": {"artifactLocation": {"uri": sources(span.path).path}, "region": region}}

    def result(d: Diagnostic) -> dict[str, Any]:
        text = d.message + (f"\nhelp: {d.help}" if d.help else "")
        related = [{**location(label.span), "message": {"text": label.text}} for label in d.labels]
        out = {"ruleId": d.code, "level": d.severity, "message": {"text": text}, "locations": [location(d.span)]}
        return {**out, "relatedLocations": related} if related else out

    rules = [{"id": code} for code in sorted({d.code for d in diagnostics})]
    driver = {"name": "wye", "rules": rules}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": [result(d) for d in diagnostics]}],
    }
    return json.dumps(log, indent=2) + "\n"


FORMATS: Mapping[str, Callable[[Sequence[Diagnostic], Sources, bool, int], str]] = {
    "text": _as_text,
    "json": _as_json,
    "github": _as_github,
    "sarif": _as_sarif,
}
