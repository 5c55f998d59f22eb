"""A graph in; a standalone SVG file out, for light and dark pages: nested boxes for regions, arrows for data, dashed ones for order."""

from __future__ import annotations

import re
from html import escape

from wye.graph.layered import Course
from wye.graph.layout import Box, Line, Picture, Text, layout
from wye.graph.model import Graph

_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ROUND = {"expression": 14, "return": 14, "arm": 5, "page": 0}
# Plain classes: some viewers know neither variables nor media queries, and must still show the light page.
_LIGHT = """\
.page { fill: #ffffff }
.name, .heading { fill: #1f2328; font-weight: 600 }
.detail { fill: #424a53 }
.place { fill: #636c76 }
.step { fill: #ffffff; stroke: #8c959f }
.expression { fill: #f6f8fa; stroke: #8c959f }
.return { fill: #dafbe1; stroke: #4ac26b }
.raise { fill: #ffebe9; stroke: #ff8182 }
.if { fill: #ddf4ff; stroke: #54aeff }
.map, .for, .while { fill: #fff8c5; stroke: #d4a72c }
.try { fill: #ffe4f2; stroke: #ff80c8 }
.pipeline, .island { fill: #eff2f5; stroke: #afb8c1 }
.arm { fill: #ffffff; fill-opacity: 0.55 }
.line { fill: none; stroke: #57606a; stroke-width: 1.3 }
.head { fill: #57606a }
"""
_DARK = """\
.page { fill: #0d1117 }
.name, .heading { fill: #e6edf3 }
.detail { fill: #b1bac4 }
.place { fill: #8d96a0 }
.step { fill: #161b22; stroke: #6e7681 }
.expression { fill: #21262d; stroke: #6e7681 }
.return { fill: #12261e; stroke: #2ea043 }
.raise { fill: #331418; stroke: #f85149 }
.if { fill: #0c2138; stroke: #388bfd }
.map, .for, .while { fill: #2b2411; stroke: #bb8009 }
.try { fill: #301529; stroke: #db61a2 }
.pipeline, .island { fill: #161b22; stroke: #484f58 }
.arm { fill: #010409; fill-opacity: 0.35 }
.line { stroke: #9ea7b3 }
.head { fill: #9ea7b3 }
"""


def as_svg(graph: Graph) -> str:
    """The file, ending with a newline. Raises `LayoutMissing` without the layout library."""
    picture = layout(graph)
    wide, high = _number(picture.size.width), _number(picture.size.height)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" role="img" '
        f'font-family="{_FONT}">',
        f"<title>{_escaped(graph.signature)}</title>",
        f"<style>\n{_LIGHT}@media (prefers-color-scheme: dark) {{\n{_DARK}}}\n</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" '
        'orient="auto"><path class="head" d="M0,0.8 L8,4 L0,7.2 z"/></marker></defs>',
        *_drawn(picture),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _drawn(picture: Picture) -> list[str]:
    return [*(line for box in picture.boxes for line in _box(box)), *map(_line, picture.lines)]


def _box(box: Box) -> list[str]:
    x, y = map(_number, box.corner)
    size = f'width="{_number(box.size.width)}" height="{_number(box.size.height)}"'
    shape = f'<rect class="{box.kind}" x="{x}" y="{y}" {size} rx="{_ROUND.get(box.kind, 7)}"/>'
    drawn = [] if box.kind in ("only", "nothing") else [shape]
    drawn += map(_text, box.texts)
    return ["<g>", *([f"<title>{_escaped(box.tip)}</title>"] if box.tip else []), *drawn, "</g>"] if drawn else []


def _text(text: Text) -> str:
    x, y = map(_number, text.at)
    anchor = ' text-anchor="end"' if text.right else ""
    size = f'font-size="{_number(text.size)}"'
    return f'<text class="{text.style}" x="{x}" y="{y}" {size}{anchor} xml:space="preserve">{_escaped(text.text)}</text>'


def _line(line: Line) -> str:
    dashes = "" if line.data else ' stroke-dasharray="5 4"'
    return f'<path class="line" d="{_path(line.course)}"{dashes} marker-end="url(#head)"><title>{_escaped(line.tip)}</title></path>'


def _path(course: Course) -> str:
    start, *rest = (f"{_number(x)},{_number(y)}" for x, y in course.points)
    return f"M{start} C{' '.join(rest)} L{_number(course.tip[0])},{_number(course.tip[1])}"


def _number(value: float) -> str:
    """One decimal at most, and no `-0`."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def _escaped(text: str) -> str:
    """Text for an XML file, without the characters that XML 1.0 cannot hold."""
    return escape(_NOT_XML.sub("\ufffd", text))
