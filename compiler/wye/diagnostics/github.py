"""Diagnostics in, workflow commands out: GitHub shows them beside the changed lines. One line each.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wye.diagnostics.model import Diagnostic, Span
from wye.diagnostics.render import Sources

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def command(name: str, message: str, **properties: Any) -> str:
    """One command, escaped as the runner's own toolkit does."""
    fields = ",".join(f"{key}={_escape(str(value), ':,')}" for key, value in properties.items())
    return f"::{name}{' ' if fields else ''}{fields}::{_escape(message)}\n"


def _escape(text: str, more: str = "") -> str:
    for char in "%\r\n" + more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def as_github(diagnostics: Sequence[Diagnostic], sources: Sources, messages: Sequence[str] = ()) -> str:
    """A command for each diagnostic, and for each message that has no place in a file."""
    lines = [command("error", message, title="wye") for message in messages]
    for d in diagnostics:
        message = d.message + (f"\nhelp: {d.help}" if d.help else "")
        lines.append(command(_COMMANDS[d.severity], message, file=sources(d.span.path).path, **_place(d.span), title=d.code))
    return "".join(lines)


def _place(span: Span) -> dict[str, int]:
    """Columns count from 1 and the last one is inclusive; they are not taken of a place of several lines."""
    lines = {"line": span.line, "endLine": span.end_line}
    if span.line != span.end_line:
        return lines
    return {**lines, "col": span.column, "endColumn": max(span.column, span.end_column - 1)}
