"""One diagnostic in, the lines of source that it points to out, with the places underlined.

   |
 3 | def train(rows): ...
   |     ----- first defined here
...
12 | def train(x): ...
   |     ^^^^^
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from wye.diagnostics.model import Diagnostic, Span
from wye.diagnostics.screen import cell, paint, safe

_TAB = 4
_LONGEST = 6
"""A longer multi-line span is shown without its middle."""


class _Source(Protocol):
    @property
    def path(self) -> str: ...
    @property
    def lines(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class _Mark:
    span: Span
    text: str
    primary: bool

    @property
    def colour(self) -> str:
        return "error" if self.primary else "label"


def excerpt(d: Diagnostic, sources: Callable[[str], _Source], colour: bool, width: int) -> list[str]:
    """The lines of the diagnostic's file, then those of other files that its labels are in."""
    same = [label for label in d.labels if label.span == d.span]
    marks = [_Mark(d.span, "; ".join(label.text for label in same), True)]
    marks += [_Mark(label.span, label.text, False) for label in d.labels if label not in same]
    paths = list(dict.fromkeys(m.span.path for m in marks))
    lines: list[str] = []
    gutter = len(str(max(m.span.end_line for m in marks)))
    for path in paths:
        source = sources(path)
        here = [m for m in marks if m.span.path == path and 1 <= m.span.line <= len(source.lines)]
        if path != d.span.path:
            span = min(m.span for m in marks if m.span.path == path)
            arrow = paint(" " * gutter + "-->", "gutter", colour)
            lines.append(f"{arrow} {safe(source.path)}:{span.line}:{span.column}")
            if not here:
                lines += [f"{' ' * gutter}     {safe(m.text)}" for m in marks if m.span.path == path]
        if here:
            lines += _Page(source.lines, here, gutter, colour, width).draw()
    return lines


class _Page:
    """The excerpt of one file."""

    def __init__(self, lines: Sequence[str], marks: Sequence[_Mark], gutter: int, colour: bool, width: int) -> None:
        self.lines, self.gutter, self.colour = lines, gutter, colour
        self.tall = next((m for m in marks if m.primary and m.span.end_line > m.span.line), None)
        self.marks = [m for m in marks if m is not self.tall]
        self.room = max(30, width - gutter - 3 - (2 if self.tall else 0))

    def draw(self) -> list[str]:
        out = [self._row(None, "").rstrip()]
        shown = self._shown()
        for n, before in zip(shown, [0, *shown]):
            if before and n > before + 1:
                out.append(paint("." * max(3, self.gutter), "gutter", self.colour) + (self._bar() if self._inside(before) else ""))
            out += self._line(n)
        return out

    def _shown(self) -> list[int]:
        """The numbers of the lines to show; a gap of one line is filled."""
        numbers = {m.span.line for m in self.marks}
        if self.tall:
            first, last = self.tall.span.line, min(self.tall.span.end_line, len(self.lines))
            every = range(first, last + 1)
            numbers |= set(every if len(every) <= _LONGEST else [*every[:3], *every[-2:]])
        return sorted(numbers | {n + 1 for n in numbers if n + 2 in numbers})

    def _inside(self, n: int) -> bool:
        return self.tall is not None and self.tall.span.line <= n < self.tall.span.end_line

    def _bar(self) -> str:
        """The side of a multi-line span, in a row of dots."""
        return " " * (self.gutter + 3 - max(3, self.gutter)) + paint("|", "error", self.colour)

    def _row(self, number: int | None, text: str, bar: str = " ") -> str:
        head = paint(f"{'' if number is None else number:>{self.gutter}} |", "gutter", self.colour)
        side = (paint(bar, "error", self.colour) if bar.strip() else bar) + " " if self.tall else ""
        return f"{head} {side}{text}".rstrip()

    def _line(self, n: int) -> list[str]:
        text = self.lines[n - 1]
        here = sorted((m for m in self.marks if m.span.line == n), key=lambda m: (m.span.column, not m.primary))
        focus = [m.span for m in here] + ([self.tall.span] if self.tall and n == self.tall.span.line else [])
        view = _View(text, self.room, min((s.column for s in focus), default=1))
        tall = self.tall.span if self.tall else None
        opens = tall is not None and n == tall.line
        flush = opens and tall is not None and not text[: tall.column - 1].strip()
        inside = tall is not None and tall.line < n <= tall.end_line
        out = [self._row(n, view.text, "/" if flush else "|" if inside else " ")]
        for m in here:
            start, stop = view.reach(m.span)
            marks = ("^" if m.primary else "-") * (stop - start) + (f" {safe(m.text)}" if m.text else "")
            side = "|" if self._inside(n) and not (opens and not flush) else " "
            out.append(self._row(None, " " * start + paint(marks, m.colour, self.colour), side))
        if tall is not None and self.tall is not None:
            if opens and not flush:
                out.append(self._rail(view.column(tall.column), " ", ""))
            if n == min(tall.end_line, len(self.lines)):
                end = view.column(tall.end_column) - 1 if tall.end_line <= len(self.lines) else view.column(len(text))
                out.append(self._rail(max(end, 0), "|", self.tall.text))
        return out

    def _rail(self, column: int, bar: str, text: str) -> str:
        head = paint(f"{'':>{self.gutter}} |", "gutter", self.colour)
        return f"{head} " + paint(f"{bar}_{'_' * column}^{' ' + safe(text) if text else ''}", "error", self.colour)


class _View:
    """One source line on the screen: tabs and controls drawn, cut to the room around the place of interest."""

    def __init__(self, line: str, room: int, focus: int) -> None:
        cells: list[tuple[str, int]] = []
        starts = [0]
        for char in line:
            drawn = (" " * (_TAB - starts[-1] % _TAB), _TAB - starts[-1] % _TAB) if char == "\t" else cell(char)
            cells.append(drawn)
            starts.append(starts[-1] + drawn[1])
        self.starts, self.left = starts, 0
        first, last = 0, len(cells)
        if starts[-1] > room:
            at = starts[min(focus - 1, len(cells))]
            left = max(0, min(at - room // 3, starts[-1] - room + 2))
            first = next(i for i, s in enumerate(starts) if s >= left)
            right = starts[first] + room - 2
            last = max(i for i, s in enumerate(starts) if s <= right)
            self.left = starts[first] - (1 if first else 0)
        self.text = ("…" if first else "") + "".join(c for c, _ in cells[first:last]) + ("…" if last < len(cells) else "")
        self.right = starts[last] - self.left + (1 if first else 0)

    def column(self, column: int) -> int:
        """Where a column (from 1) stands on the screen, from 0."""
        at = self.starts[max(0, min(column - 1, len(self.starts) - 1))] - self.left
        return max(0, min(at, self.right))

    def reach(self, span: Span) -> tuple[int, int]:
        """First and last screen column of a span on this line; at least one column wide."""
        start = self.column(span.column)
        stop = self.column(span.end_column) if span.end_line == span.line else self.column(len(self.starts))
        return start, max(stop, start + 1)
