"""What only a terminal sees: tables that fit, and the live view of a run."""

from __future__ import annotations

import io
import re
import sys

import pytest
from rich.console import Console

from wye.cli.output import table
from wye.cli.progress import SHOWN, _text, _View, progress
from wye.runtime.plan import Event


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


ROWS = [
    ["airflow", "emulated", "in-process by the runner, with its own clock", "flow.py:4"],
    ["x\x1b[2J", "native", "y " * 40, "flow.py:12"],
]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_table_fits_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    table(["target", "level", "how~", "where"], ROWS)
    lines = re.sub(r"\x1b\[[\d;]*m", "", out.getvalue()).rstrip("\n").split("\n")
    assert max(map(len, lines)) <= width
    assert any("airflow" in line and "flow.py:4" in line for line in lines)
    assert "\x1b[2J" not in out.getvalue()


def test_a_table_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    table(["name", "count#"], [["a", "1"], ["long", "100"]])
    assert capsys.readouterr().out == "  name  count\n  a         1\n  long    100\n"


def drawn(view: _View) -> str:
    console = Console(file=io.StringIO(), width=80, record=True)
    console.print(view.draw())
    return console.export_text()


def test_the_live_view_shows_what_runs() -> None:
    view = _View(3)
    view.take(Event("started", "load", "m:load", 1))
    view.take(Event("started", "train", "m:train", 1))
    view.take(Event("succeeded", "load", "m:load", 1, 0.5))
    view.take(Event("retrying", "train", "m:train", 1, 1.0, 30.0, {"type": ["ValueError"], "message": "no"}))
    text = drawn(view)
    assert "train" in text
    assert "again in 30 s" in text
    assert "load" not in text
    assert "1 of 3 tasks" in text
    view.take(Event("started", "train", "m:train", 2))
    assert "attempt 2" in drawn(view)


def test_the_live_view_stays_small() -> None:
    view = _View(100)
    for n in range(50):
        view.take(Event("started", f"task{n}", None, 1))
    text = drawn(view)
    assert len(text.splitlines()) == SHOWN + 2
    assert f"and {50 - SHOWN} more" in text


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Event("started", "a", None, 1), "· a  started"),
        (Event("started", "a", None, 2), "· a  attempt 2"),
        (Event("succeeded", "a", None, 1, 1.25), "✓ a  1.2 s"),
        (Event("failed", "a", None, 1, 2.0, 0.0, {"type": ["m.Boom", "Exception"], "message": "x\x1b\ny"}), "✗ a  2.0 s  Boom: x␛"),
        (Event("retrying", "a", None, 1, 2.0, 1.5, {"type": ["ValueError"], "message": ""}), "↻ a  ValueError  (again in 1.5 s)"),
        (Event("skipped", "a", None), "– a  skipped"),
    ],
)
def test_lines(event: Event, line: str) -> None:
    assert _text(event) == line


def test_off_a_terminal_a_line_per_event(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(1) as on_event:
        on_event(Event("started", "a", None, 1))
        on_event(Event("succeeded", "a", None, 1, 0.1))
    assert capsys.readouterr().err == "· a  started\n✓ a  0.1 s\n"


def test_on_a_terminal_the_lines_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    err = Terminal()
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("TERM", "xterm")
    with progress(1) as on_event:
        on_event(Event("started", "a", None, 1))
        on_event(Event("succeeded", "a", None, 1, 0.1))
    assert "0 of 1 tasks" in err.getvalue() or "1 of 1 tasks" in err.getvalue()
    assert "✓" in err.getvalue()
