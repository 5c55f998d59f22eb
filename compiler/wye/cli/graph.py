"""`wye graph`: a source in; its picture as text, Mermaid or SVG out, to the terminal or to a file."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from wye.cli.failure import Usage
from wye.cli.output import note, show_diagnostics, unicode_on
from wye.cli.source import split_source
from wye.diagnostics import CompileFailed
from wye.diagnostics.render import colour_on, read_sources

if TYPE_CHECKING:
    from wye.graph.model import Graph

_BY_SUFFIX = {".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid", ".txt": "text"}


def graph_command(source: str, format: str | None, out: Path | None) -> int:
    """Draw the pipeline as it is written. Without a format, the name of the file to write says it."""
    file, name = split_source(source)
    format = format or (_format_of(out) if out else "text")
    if out and out.exists() and file.exists() and out.samefile(file):
        raise Usage(f"{out} is the source itself", "name another file after -o")
    try:
        graph = _graph(file, name)
    except CompileFailed as failure:
        from wye import driver

        show_diagnostics(failure.diagnostics, driver.root_of(file))
        return 1
    picture = _drawn(graph, format, terminal=out is None)
    if out is None:
        sys.stdout.write(picture)
    else:
        out.write_text(picture, "utf-8", newline="\n")
        note(f"{out} written")
    return 0


def _format_of(out: Path) -> str:
    format = _BY_SUFFIX.get(out.suffix.lower())
    if format is None:
        raise Usage(f"`{out.name}` does not say which format to write", "a name that ends in .svg, .mmd or .txt, or --format")
    return format


def _graph(file: Path, name: str | None) -> Graph:
    """The picture of the pipeline as the front end sees it, with the order of its effects: before passes make tasks that nobody wrote."""
    from wye import driver
    from wye.graph.build import build
    from wye.passes.order import order

    pipeline = order(driver.read_pipeline(file, name))
    sources = read_sources(driver.root_of(file))
    return build(pipeline, lambda path: sources(path).lines)


def _drawn(graph: Graph, format: str, *, terminal: bool) -> str:
    match format:
        case "mermaid":
            from wye.graph.mermaid import as_mermaid

            return as_mermaid(graph)
        case "svg":
            from wye.graph.layered import LayoutMissing
            from wye.graph.svg import as_svg

            try:
                return as_svg(graph)
            except LayoutMissing as missing:
                raise Usage(f"an SVG is laid out by Graphviz: {missing}", missing.help) from None
        case _:
            from wye.graph.text import as_text

            if not terminal:
                return as_text(graph)
            width = shutil.get_terminal_size().columns  # in a pipe: $COLUMNS, else 80
            return as_text(graph, width=width, colour=colour_on(sys.stdout), unicode=unicode_on(sys.stdout))
