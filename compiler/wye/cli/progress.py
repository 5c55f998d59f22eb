"""Events of a run in; lines on standard error out, and on a terminal a live view of what is running now."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wye.diagnostics.render import colour_on
from wye.diagnostics.screen import paint, safe

if TYPE_CHECKING:
    from rich.console import RenderableType

    from wye.runtime.outcome import Event

SHOWN = 10
"""Running tasks with a line of their own."""

SIGNS = {
    "succeeded": ("✓", "good"),
    "failed": ("✗", "error"),
    "skipped": ("–", "dim"),
    "cancelled": ("–", "dim"),
    "retrying": ("↻", "warning"),
}


@contextmanager
def progress(tasks: int | None) -> Iterator[Callable[[Event], None]]:
    """Show a run while the body runs: of so many tasks, or of nobody knows how many (branches, loops)."""
    if not sys.stderr.isatty():
        yield _line
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    if console.is_dumb_terminal:
        yield _line
        return
    view = _View(tasks)
    with Live(get_renderable=view.draw, console=console, transient=True, refresh_per_second=10) as live:

        def on_event(event: Event) -> None:
            view.take(event)
            if event.kind != "started":
                live.console.print(Text.from_ansi(_text(event)))  # above the live part, and it stays

        yield on_event


def _line(event: Event) -> None:
    sys.stderr.write(_text(event) + "\n")


def _text(event: Event) -> str:
    """One event: "✓ train  1.2 s"."""
    colour = colour_on(sys.stderr)
    if event.kind == "started":
        return f"· {event.task}" + (f"  attempt {event.attempt}" if event.attempt > 1 else "  started")
    sign, name = SIGNS[event.kind]
    parts = [f"{paint(sign, name, colour)} {event.task}"]
    if event.kind in ("succeeded", "failed"):
        said = {"": f"{event.seconds:.1f} s", "cached": "cached", "resumed": "done before"}[event.how]
        parts.append(paint(said, "dim", colour))
    if event.kind in ("skipped", "cancelled"):
        parts.append(event.kind)
    if event.kind in ("failed", "retrying") and event.error:
        kind = str((event.error.get("type") or ["failed"])[0]).rpartition(".")[2]
        message = safe(str(event.error.get("message") or "").split("\n")[0])
        parts.append(f"{kind}: {message[:200]}" if message else kind)
    if event.kind == "retrying":
        parts.append(f"(again in {event.delay:g} s)")
    return "\n".join(["  ".join(parts), *(paint(f"  {event.task} | {safe(line)}", "dim", colour) for line in event.lines)])


def counted(done: int) -> str:
    return f"{done} task{'s' * (done != 1)} done"


class _View:
    """What is running: a line each with a spinner, and how far the run is."""

    def __init__(self, tasks: int | None) -> None:
        self.tasks, self.done = tasks, 0
        self.running: dict[str, _Running] = {}
        self.start = time.monotonic()

    def take(self, event: Event) -> None:
        if event.kind not in ("started", "retrying"):
            self.running.pop(event.task, None)
            self.done += event.kind != "skipped" or self.tasks is not None
            return
        if event.task not in self.running:
            self.running[event.task] = _Running(event.task)
        again = f"attempt {event.attempt}" if event.attempt > 1 else ""
        self.running[event.task].detail = again if event.kind == "started" else f"again in {event.delay:g} s"

    def draw(self) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        now = time.monotonic()
        grid = Table.grid(padding=(0, 2, 0, 0))
        running = list(self.running.values())
        for task in running[:SHOWN]:
            grid.add_row(task.spinner, Text(f"{now - task.since:.0f} s", style="dim"), Text(task.detail, style="yellow"))
        if len(running) > SHOWN:
            grid.add_row(Text(f"  and {len(running) - SHOWN} more"))
        done = f"{self.done} of {self.tasks} tasks" if self.tasks is not None else counted(self.done)
        grid.add_row(Text(f"{done}, {now - self.start:.0f} s", style="dim"))
        return grid


class _Running:
    def __init__(self, task: str) -> None:
        from rich.spinner import Spinner

        self.since, self.detail = time.monotonic(), ""
        self.spinner = Spinner("dots", text=task, style="cyan")
