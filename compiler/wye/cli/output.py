"""What a command found in, lines and tables on the terminal (rich) or in a pipe (plain, aligned) out."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from wye.diagnostics import Diagnostic
from wye.diagnostics.render import Sources, as_json, colour_on, read_sources, render
from wye.diagnostics.screen import paint, safe

STYLES = {"native": "green", "emulated": "yellow", "advisory": "cyan", "rejected": "bold red", "succeeded": "green", "failed": "bold red",
          "in island": "dim"}  # fmt: skip
"""Words that are coloured wherever they stand alone in a cell."""


def tell(message: str, help: str | None = None) -> None:
    """One line of error on standard error, and the remedy."""
    colour = colour_on(sys.stderr)
    lines = [f"{paint('error', 'error', colour)}: {safe(message, newlines=True)}"]
    if help:
        lines.append(f"{paint('help', 'help', colour)}: {safe(help, newlines=True)}")
    sys.stderr.write("\n".join(lines) + "\n")


def note(text: str) -> None:
    """A line for people on standard error."""
    sys.stderr.write(text + "\n")


def say(text: str = "") -> None:
    """A line on standard output."""
    sys.stdout.write(text + "\n")


def heading(text: str) -> None:
    say(paint(text, "bold", colour_on(sys.stdout)))


def unicode_on(stream: TextIO) -> bool:
    """Whether the stream can carry the characters that lines are drawn with."""
    try:
        "├─└│…".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def say_json(value: Any) -> None:
    """One JSON document on standard output."""
    say(json.dumps(value, indent=2))


def show_diagnostics(problems: Sequence[Diagnostic], root: Path) -> None:
    """The diagnostics as text on standard error."""
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else 140
    sys.stderr.write(render(problems, read_sources(root), colour=colour_on(sys.stderr), width=width))


def json_diagnostics(problems: Iterable[Diagnostic], root: Path) -> list[dict[str, Any]]:
    sources: Sources = read_sources(root)
    return [as_json(d, sources) for d in problems]


def columns_of(stream: TextIO, otherwise: int) -> int:
    """How wide the terminal is; `otherwise`, if it is none."""
    return shutil.get_terminal_size().columns if stream.isatty() else otherwise


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, indent: int = 2) -> None:
    """A table on standard output. A column whose name ends in `#` holds numbers, one that ends in `~` text that may be folded."""
    cells = [[safe(c) for c in row] for row in rows]
    if sys.stdout.isatty():
        _rich(columns, cells, indent)
    else:
        _plain(columns, cells, indent)


def _plain(columns: Sequence[str], rows: Sequence[Sequence[str]], indent: int) -> None:
    heads = [c.rstrip("#~") for c in columns]
    widths = [max(len(r[i]) for r in [heads, *rows]) for i in range(len(columns))]
    for row in [heads, *rows]:
        line = "  ".join(c.rjust(w) if name.endswith("#") else c.ljust(w) for c, w, name in zip(row, widths, columns))
        say((" " * indent + line).rstrip())


def _rich(columns: Sequence[str], rows: Sequence[Sequence[str]], indent: int) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    sheet = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0), collapse_padding=True)
    fold = any(c.endswith("~") for c in columns)  # without such a column any may be
    for column in columns:
        number = column.endswith("#")
        whole = number or (fold and not column.endswith("~"))
        sheet.add_column(column.rstrip("#~"), justify="right" if number else "left", overflow="fold", no_wrap=whole)
    for row in rows:
        sheet.add_row(*(Text(c, style=STYLES.get(c.partition("/")[0], "")) for c in row))
    Console(file=sys.stdout, highlight=False).print(Padding(sheet, (0, 0, 0, indent)))
