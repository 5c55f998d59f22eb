"""A graph in; a tree for the terminal out: one line per box with its place in the source, what it reads and what it waits for.

churn(lr: float = 0.1) -> str                  churn.py:30
├─ load                    churn.py:32
├─ train                   churn.py:33  reads load, lr
├─ if auc > 0.8            churn.py:34  reads train
│  └─ deploy               churn.py:35  reads train
├─ else
│  └─ notify               churn.py:37
└─ return url              churn.py:38  reads if:34
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wye.diagnostics import Span
from wye.diagnostics.screen import cell, paint, safe
from wye.graph.model import Arm, Graph, Item, Region, Task, place, shortened, tasks_and_regions

_KEYWORDS = {"if", "elif", "else", "for", "while", "do", "try", "except", "finally", "return", "raise", "assert"}
_LEAST_NOTES = 26
"""Columns for what a box reads, before its name is cut short."""


@dataclass(frozen=True, slots=True)
class _Line:
    """`branch` leads to the box, `below` to its further lines."""

    branch: str
    below: str
    label: str
    place: str
    notes: str


@dataclass(frozen=True, slots=True)
class _Guides:
    between: str
    last: str
    down: str
    cut: str


_BOX = _Guides("├─ ", "└─ ", "│  ", "…")
_ASCII = _Guides("|- ", "`- ", "|  ", "...")


def as_text(graph: Graph, *, width: int = 80, colour: bool = False, unicode: bool = True) -> str:
    """The tree, ending with a newline. `unicode`: whether the reader's screen has the characters for lines."""
    guides = _BOX if unicode else _ASCII
    lines = list(_lines(graph.items, "", guides, _Notes(graph)))
    places = max((len(line.place) for line in lines), default=0)
    names = max((_columns(line.branch + line.label) for line in lines), default=0)
    names = min(names, max(24, width - places - _LEAST_NOTES - 4))
    head = textwrap.wrap(safe(graph.signature), max(30, width - len(place(graph.span)) - 2), subsequent_indent="    ")
    text = [f"{paint(head[0], 'bold', colour)}  {paint(place(graph.span), 'dim', colour)}", *(paint(h, "bold", colour) for h in head[1:])]
    for line in lines:
        text += _shown(line, names, places, width, colour, guides)
    return "\n".join(text) + "\n"


def _shown(line: _Line, names: int, places: int, width: int, colour: bool, guides: _Guides) -> Iterator[str]:
    label = shortened(line.label, max(8, names - len(line.branch)), guides.cut)
    gap = " " * (names - _columns(line.branch + label))
    start = f"{paint(line.branch, 'dim', colour)}{_painted(label, colour)}"
    if not line.place and not line.notes:
        yield start
        return
    left = names + 2 + places + 2
    notes = textwrap.wrap(line.notes, max(20, width - left), break_on_hyphens=False) or [""]
    where = line.place.ljust(places) if line.notes else line.place
    yield f"{start}{gap}  {paint(where, 'dim', colour)}  {notes[0]}".rstrip()
    for more in notes[1:]:
        yield paint(line.below, "dim", colour) + " " * (left - len(line.below)) + more


def _columns(text: str) -> int:
    return sum(cell(c)[1] for c in text)


def _painted(label: str, colour: bool) -> str:
    first, space, rest = label.partition(" ")
    if first in _KEYWORDS:
        return paint(first, "error" if first in ("raise", "assert") else "label", colour) + space + rest
    return paint(label, "bold", colour)


def _lines(items: Iterable[Item], indent: str, guides: _Guides, notes: _Notes) -> Iterator[_Line]:
    """The lines of a block. Each arm of a region stands beside the others, as in the source."""
    rows: list[tuple[Item, Arm | None]] = []
    for item in items:
        rows += [(item, None)] if isinstance(item, Task) else [(item, arm) for arm in item.arms]
    for n, (item, arm) in enumerate(rows):
        last = n == len(rows) - 1
        branch = indent + (guides.last if last else guides.between)
        below = indent + ("   " if last else guides.down)
        inside = arm.items if arm else ()
        under = below + (guides.down if inside else "   ")
        if isinstance(item, Task):
            yield _Line(branch, under, safe(item.title if item.kind == "step" else item.words()), place(item.span), notes.of(item))
            continue
        assert arm
        first = arm is item.arms[0]
        span: Span | None = item.span if first else arm.span
        yield _Line(branch, under, safe(arm.title), place(span) if span else "", notes.of(item) if first else "")
        yield from _lines(inside, below, guides, notes)


def _local(id: str) -> str:
    """A task's id without the nested pipelines around it."""
    return id.rsplit("/", 1)[-1]


class _Notes:
    """What stands at the end of a box's line."""

    def __init__(self, graph: Graph) -> None:
        self._boxes = {item.id: item for item in tasks_and_regions(graph.items)}
        self._reads: dict[str, list[str]] = {}
        self._waits: dict[str, list[str]] = {}
        for edge in graph.edges:
            (self._reads if edge.data else self._waits).setdefault(edge.target, []).append(self._name(edge.source))

    def of(self, item: Item) -> str:
        reads = list(dict.fromkeys([*self._reads.get(item.id, []), *item.names]))
        waits = list(dict.fromkeys(self._waits.get(item.id, [])))
        parts = [item.detail] if isinstance(item, Region) and item.detail else []
        parts += [f"reads {', '.join(reads)}"] if reads else []
        parts += [f"after {', '.join(waits)}"] if waits else []
        return safe("; ".join(parts))

    def _name(self, id: str) -> str:
        """A task by its own name; what has none by its keyword and line: `if:34`."""
        box = self._boxes[id]
        if isinstance(box, Region) and box.kind != "pipeline":
            return f"{'for' if box.kind == 'map' else box.kind}:{box.span.line}"
        match box:
            case Task(kind="raise"):
                return f"{box.title}:{box.span.line}"
            case Task(kind="expression"):
                return box.title or f"value:{box.span.line}"
            case _:
                return _local(id)
