"""A graph in; every box and arrow with its place in one picture out: each block of a region is laid out by itself, then counts as one box.

Boxes are as large as their texts, which are measured as a fixed-width font sets them: the same on every machine.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from wye.diagnostics.screen import cell, safe
from wye.graph.layered import Arrow, Course, Point, Size, layered
from wye.graph.model import Graph, Item, Kind, Region, RegionKind, Task, place, shortened

TITLE, SMALL = 13.0, 11.0
"""Sizes of the font: for names and headings, for arguments and places."""
PAD = 10.0
LINE = 15.0
HEADING = 26.0
_ADVANCE = 0.61
"""A column's width, as a part of the font's size. Of the usual fixed-width fonts none is wider."""
_MARGIN = 14.0
_AROUND = 7.0
_LONGEST = 34
_ARM_LONGEST = 60
_ROW = 6
"""More boxes with the same neighbours stand in several rows."""
_WIDEST = 1000.0
"""The arms of an `if` stand side by side, or, when that is wider, one below the other."""

Key = tuple[str, int]
"""A block: its region's id and which arm; ("", 0) is the pipeline's own."""


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; `at` is where its baseline begins, or ends when `right`."""

    text: str
    at: Point
    size: float
    style: str
    right: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A task, a region or one arm of a region. `tip` is what a pointing device shows: everything that the box stands for."""

    kind: Kind | RegionKind | str
    corner: Point
    size: Size
    texts: tuple[Text, ...]
    tip: str


@dataclass(frozen=True, slots=True)
class Line:
    course: Course
    data: bool
    tip: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes from the outermost to the innermost, then arrows."""

    size: Size
    boxes: tuple[Box, ...] = ()
    lines: tuple[Line, ...] = ()

    def moved(self, x: float, y: float) -> Picture:
        boxes = (replace(b, corner=_by(b.corner, x, y), texts=tuple(replace(t, at=_by(t.at, x, y)) for t in b.texts)) for b in self.boxes)
        lines = (
            replace(line, course=Course(tuple(_by(p, x, y) for p in line.course.points), _by(line.course.tip, x, y))) for line in self.lines
        )
        return replace(self, boxes=tuple(boxes), lines=tuple(lines))


def _by(point: Point, x: float, y: float) -> Point:
    return point[0] + x, point[1] + y


def width(text: str, size: float) -> float:
    return sum(cell(c)[1] for c in text) * size * _ADVANCE


def layout(graph: Graph) -> Picture:
    """The whole picture, its heading included."""
    title = [safe(line) for line in textwrap.wrap(graph.signature, 90, subsequent_indent="    ")]
    body = _Layout(graph).block(graph.items, ("", 0))
    top = _MARGIN + (len(title) + 1) * (LINE + 2) + 6
    texts = [Text(line, (_MARGIN, _MARGIN + LINE + n * (LINE + 2)), TITLE, "name", False) for n, line in enumerate(title)]
    texts.append(Text(place(graph.span), (_MARGIN, _MARGIN + LINE + len(title) * (LINE + 2)), SMALL, "place"))
    wide = max([body.size.width, *(width(t.text, t.size) for t in texts)]) + 2 * _MARGIN
    size = Size(wide, top + body.size.height + _MARGIN)
    moved = body.moved((wide - body.size.width) / 2, top)
    return Picture(size, (Box("page", (0.0, 0.0), size, tuple(texts), ""), *moved.boxes), moved.lines)


class _Layout:
    def __init__(self, graph: Graph) -> None:
        self._paths: dict[str, list[tuple[Key, str]]] = {}  # per box: the blocks that it stands in, with the item of each, outermost first
        self._titles: dict[str, str] = {}
        self._walk(graph.items, ("", 0), [])
        self._arrows: dict[Key, dict[tuple[str, str], bool]] = {}  # per block: arrows between its own items
        for edge in graph.edges:
            self._lift(edge.source, edge.target, edge.data)

    def _walk(self, items: Iterable[Item], key: Key, path: list[tuple[Key, str]]) -> None:
        for item in items:
            self._paths[item.id] = here = [*path, (key, item.id)]
            self._titles[item.id] = item.title if isinstance(item, Task) else item.arms[0].title
            if isinstance(item, Region):
                for n, arm in enumerate(item.arms):
                    self._walk(arm.items, (item.id, n), here)

    def _lift(self, source: str, target: str, data: bool) -> None:
        """An arrow between the two items, of the innermost block that holds both ends, in which the ends stand."""
        for (key, a), (other, b) in reversed(list(zip(self._paths[source], self._paths[target]))):
            if key == other and a != b:
                arrows = self._arrows.setdefault(key, {})
                arrows[a, b] = arrows.get((a, b), False) or data

    def block(self, items: Sequence[Item], key: Key) -> Picture:
        """One block by itself."""
        parts = [self._task(i) if isinstance(i, Task) else self._region(i) for i in items]
        if not parts:
            return _nothing()
        index = {item.id: n for n, item in enumerate(items)}
        shown = {(index[a], index[b]): data for (a, b), data in self._arrows.get(key, {}).items()}
        arrows = [Arrow(a, b) for a, b in shown] + _rows(len(parts), list(shown))
        found = layered([p.size for p in parts], arrows)
        boxes = [b for part, corner in zip(parts, found.corners) for b in part.moved(*corner).boxes]
        inner = [line for part, corner in zip(parts, found.corners) for line in part.moved(*corner).lines]
        lines = [Line(course, data, self._tip(items[a], items[b], data)) for course, ((a, b), data) in zip(found.courses, shown.items())]
        return Picture(found.size, tuple(boxes), (*lines, *inner))

    def _tip(self, a: Item, b: Item, data: bool) -> str:
        verb = "reads" if data else "waits for"
        return f"{self._titles[b.id]} {verb} {self._titles[a.id]}"

    def _task(self, task: Task) -> Picture:
        where = safe(place(task.span))
        lines = [safe(line) for line in _two_lines(task.detail)]
        if task.kind == "expression":
            return self._expression(task, lines, where)
        title = safe(shortened(task.title, _LONGEST))
        first = width(title, TITLE) + 14 + width(where, SMALL)
        wide = max([first, *(width(line, SMALL) for line in lines)]) + 2 * PAD
        texts = [Text(title, (PAD, PAD + 11), TITLE, "name"), Text(where, (wide - PAD, PAD + 11), SMALL, "place", True)]
        texts += [Text(line, (PAD, PAD + 11 + LINE * (n + 1)), SMALL, "detail") for n, line in enumerate(lines)]
        size = Size(wide, 2 * PAD + 14 + LINE * len(lines))
        return Picture(size, (Box(task.kind, (0.0, 0.0), size, tuple(texts), f"{task.words()}  {place(task.span)}"),))

    def _expression(self, task: Task, lines: list[str], where: str) -> Picture:
        """Small, and without a title: it is not a step of the user's."""
        wide = max([width(line, SMALL) for line in lines[1:]] + [width(lines[0], SMALL) + 12 + width(where, SMALL)]) + 2 * PAD
        texts = [Text(line, (PAD, PAD + 9 + LINE * n), SMALL, "detail") for n, line in enumerate(lines)]
        texts.append(Text(where, (wide - PAD, PAD + 9), SMALL, "place", True))
        size = Size(wide, 2 * PAD - 3 + LINE * len(lines))
        return Picture(size, (Box(task.kind, (0.0, 0.0), size, tuple(texts), f"{task.words()}  {place(task.span)}"),))

    def _region(self, region: Region) -> Picture:
        arms = [self._arm(region, n) for n in range(len(region.arms))]
        around = _AROUND if len(arms) > 1 else 0.0
        beside = region.kind == "if" and sum(a.size.width + around for a in arms) <= _WIDEST
        size = Size(max(a.size.width for a in arms), max(a.size.height for a in arms))
        x = y = around
        moved = []
        for arm in arms:
            arm = _stretched(arm, Size(arm.size.width, size.height) if beside else Size(size.width, arm.size.height))
            moved.append(arm.moved(x, y))
            x, y = (x + arm.size.width + around, y) if beside else (x, y + arm.size.height + around)
        size = Size(x, size.height + 2 * around) if beside else Size(size.width + 2 * around, y)
        outer = Box(region.kind, (0.0, 0.0), size, (), f"{region.arms[0].title}  {place(region.span)}")
        boxes = (b for m in moved for b in m.boxes)
        return Picture(size, (outer, *boxes), tuple(line for m in moved for line in m.lines))

    def _arm(self, region: Region, n: int) -> Picture:
        arm = region.arms[n]
        inside = self.block(arm.items, (region.id, n))
        title = safe(shortened(arm.title, _ARM_LONGEST))
        span = region.span if n == 0 else arm.span
        where = safe(" · ".join(p for p in (region.detail if n == 0 else "", place(span) if span else "") if p))
        wide = max(inside.size.width, width(title, TITLE) + 18 + width(where, SMALL)) + 2 * PAD
        size = Size(wide, HEADING + inside.size.height + PAD + 2)
        texts = (Text(title, (PAD, 18.0), TITLE, "heading"), Text(where, (wide - PAD, 18.0), SMALL, "place", True))
        box = Box("arm" if len(region.arms) > 1 else "only", (0.0, 0.0), size, texts, arm.title)
        moved = inside.moved((wide - inside.size.width) / 2, HEADING)
        return Picture(size, (box, *moved.boxes), moved.lines)


def _stretched(arm: Picture, size: Size) -> Picture:
    """An arm as wide and high as the others beside or above it."""
    by = (size.width - arm.size.width) / 2
    first, *rest = arm.boxes
    texts = tuple(replace(t, at=_by(t.at, 2 * by, 0)) if t.right else t for t in first.texts)
    moved = Picture(arm.size, tuple(rest), arm.lines).moved(by, 0.0)
    return Picture(size, (replace(first, size=size, texts=texts), *moved.boxes), moved.lines)


def _nothing() -> Picture:
    text = Text("nothing", (0.0, 14.0), SMALL, "detail")
    size = Size(width(text.text, SMALL), LINE + 4)
    return Picture(size, (Box("nothing", (0.0, 0.0), size, (text,), ""),))


def _two_lines(text: str) -> list[str]:
    lines = textwrap.wrap(" ".join(text.split()), _LONGEST, break_on_hyphens=False)
    return lines if len(lines) <= 2 else [lines[0], shortened(" ".join(lines[1:]), _LONGEST)]


def _rows(count: int, arrows: Sequence[tuple[int, int]]) -> list[Arrow]:
    """Arrows that are not shown: of many boxes with the same neighbours, each row stands below the one before."""
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for a, b in arrows:
        above[b].append(a)
        below[a].append(b)
    alike: dict[tuple[tuple[int, ...], tuple[int, ...]], list[int]] = {}
    for n in range(count):
        alike.setdefault((tuple(sorted(above[n])), tuple(sorted(below[n]))), []).append(n)
    return [Arrow(a, b, False) for same in alike.values() if len(same) > _ROW for a, b in zip(same, same[_ROW:])]
