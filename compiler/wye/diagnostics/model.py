"""What a diagnostic is, and the collector that the stages of a compile share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
"""A note says what a target does by other means, or needs not; it is no problem."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of source text. `path` is POSIX and relative to the source root; lines and columns count from 1; the end is exclusive."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that explains a diagnostic ("first defined here")."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem in the user's input. `target` names the target that it concerns, when it concerns just one."""

    code: str
    message: str
    span: Span
    labels: tuple[Label, ...] = ()
    help: str | None = None
    severity: Severity = "error"
    target: str | None = None


class CompileFailed(Exception):
    """The user's input has problems; all of them, in source order."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(f"{d.span}: {d.severity}[{d.code}]: {d.message}" for d in self.diagnostics))


class Diagnostics:
    """Collects problems, so that all of them are shown in one go."""

    def __init__(self) -> None:
        self._items: dict[Diagnostic, None] = {}

    def error(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        help: str | None = None,
        labels: Iterable[Label] = (),
        target: str | None = None,
    ) -> Diagnostic:
        """Record an error; the same one twice counts once."""
        found = Diagnostic(code, message, span, tuple(labels), help, "error", target)
        self._items[found] = None
        return found

    def add(self, diagnostic: Diagnostic) -> None:
        self._items[diagnostic] = None

    def withdraw(self, diagnostic: Diagnostic) -> None:
        """Take back what was recorded: what it is about is looked at again."""
        self._items.pop(diagnostic, None)

    @property
    def items(self) -> tuple[Diagnostic, ...]:
        """All diagnostics in source order."""
        return tuple(sorted(self._items, key=lambda d: (d.span, d.target or "", d.code, d.message)))

    @property
    def failed(self) -> bool:
        return any(d.severity == "error" for d in self._items)

    def check(self) -> None:
        """Raise `CompileFailed` when an error was recorded."""
        if self.failed:
            raise CompileFailed(self.items)
