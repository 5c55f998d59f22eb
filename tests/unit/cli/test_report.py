"""How each target does what a pipeline asks: by place, and by means."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace

import pytest

from wye.backend.capabilities import FEATURES, Level
from wye.backend.check import Decision
from wye.cli.report import Outcome, show_report
from wye.diagnostics import Diagnostic, Span
from wye.diagnostics.render import Source

LINES = (
    "@step(resources=Resources(cpu=2))",
    "def f(): ...",
    "    if score > 0.5:",
    "    for shard in split(rows):",
    "        while not good(shard):",
    "    return f()",
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def sources(path: str) -> Source:
    return Source(path, LINES)


def decision(feature: str, level: Level, how: str, line: int, path: str = "p.py") -> Decision:
    return Decision(feature, level, how, "", Span(path, line, 1, line, 9), "x", None)


def rejected(target: str, feature: str, why: str, line: int) -> Diagnostic:
    title = next(f.title for f in FEATURES if f.name == feature)
    return Diagnostic("WYE4001", f"{target} cannot do {title}: {why}", Span("p.py", line, 1, line, 9), target=target)


LOCAL = Outcome(
    "local",
    (
        decision("step.cpu", "advisory", "processes share the machine", 1), decision("call", "native", "a process", 2),
        decision("if", "native", "the interpreter", 3), decision("map", "native", "the interpreter", 4),
        decision("while", "native", "the interpreter", 5),
    ),
    (),
)  # fmt: skip
AIRFLOW = Outcome(
    "airflow",
    (
        decision("step.cpu", "advisory", "a worker does not reserve cores", 1), decision("call", "native", "a task", 2),
        decision("if", "native", "@task.branch", 3), decision("map", "emulated", "island: a `while` inside", 4),
    ),
    (),
)  # fmt: skip
OTHER = Outcome("other", (), (rejected("other", "if", "no branches: at all", 3),))


def shown(capsys: pytest.CaptureFixture[str], *outcomes: Outcome) -> str:
    show_report("p", outcomes, sources)
    return capsys.readouterr().out


def test_one_line_per_place_and_a_column_per_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        shown(capsys, AIRFLOW, LOCAL, OTHER)
        == """\
p
  target             native  emulated  advisory  rejected
  airflow  compiled       2         1         1         0
  local    compiled       4         0         1         0
  other    rejected                                     1

  where   feature   airflow    local     other     source
  p.py:1  step.cpu  advisory   advisory            @step(resources=Resources(cpu=2))
  p.py:3  if        native     native    rejected  if score > 0.5:
  p.py:4  map       emulated   native              for shard in split(rows):
  p.py:5  while     in island  native              while not good(shard):

  feature   level     target   how
  step.cpu  advisory  airflow  a worker does not reserve cores
  step.cpu  advisory  local    processes share the machine
  if        native    airflow  @task.branch
  if        native    local    the interpreter
  if        rejected  other    no branches: at all
  map       native    local    the interpreter
  map       emulated  airflow  island: a `while` inside
  while     native    local    the interpreter
"""
    )


def test_a_brief_report_of_many_targets_says_what_is_not_native(capsys: pytest.CaptureFixture[str]) -> None:
    many = [replace(LOCAL, target=f"t{n}") for n in range(6)]
    show_report("p", [*many, AIRFLOW], sources, brief=True)
    assert (
        capsys.readouterr().out.split("\n\n", 1)[1]
        == """\
  where   feature   not native
  p.py:1  step.cpu  advisory: t0, t1, t2, t3, t4, t5, airflow
  p.py:4  map       emulated: airflow

  feature   level     target                  how
  step.cpu  advisory  t0, t1, t2, t3, t4, t5  processes share the machine
  step.cpu  advisory  airflow                 a worker does not reserve cores

  How the emulated ones are done: `wye check FILE --all`, or report.json beside each artifact.
"""
    )
    show_report("p", many[:3], sources, brief=True)
    brief = capsys.readouterr().out
    show_report("p", many[:3], sources)
    assert capsys.readouterr().out == brief


def test_what_is_native_everywhere_and_no_control_flow_is_not_listed(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, Outcome("local", (decision("call", "native", "a process", 2),), ()))
    assert out.splitlines()[-1] == "  local   compiled       1         0         0         0"


def test_the_same_means_once(capsys: pytest.CaptureFixture[str]) -> None:
    one = Outcome("one", (decision("fail", "native", "a task that raises", 3), decision("fail", "native", "a task that raises", 4)), ())
    two = Outcome("two", (decision("fail", "native", "a task that raises", 3),), ())
    out = shown(capsys, one, two)
    assert out.count("a task that raises") == 1
    assert re.search(r"(?m)^  fail +native +one, two +a task that raises$", out)


def test_two_ways_at_one_place(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, Outcome("one", (decision("if", "emulated", "b", 3), decision("if", "native", "a", 3)), ()))
    assert re.search(r"(?m)^  p\.py:3 +if +native/emulated ", out)


def test_what_a_diagnostic_of_another_kind_says(capsys: pytest.CaptureFixture[str]) -> None:
    problem = Diagnostic("WYE4003", "one has no settings of its own for a step: `x`", Span("p.py", 1, 1, 1, 2), target="one")
    out = shown(capsys, Outcome("one", (), (problem,)))
    assert re.search(r"(?m)^  p\.py:1 +WYE4003 +rejected ", out)
    assert re.search(r"(?m)^  WYE4003 +rejected +one +one has no settings", out)


def narrow(monkeypatch: pytest.MonkeyPatch, width: int, *outcomes: Outcome) -> list[str]:
    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    show_report("p", outcomes, sources)
    return [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", out.getvalue()).splitlines()]


@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_it_fits_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    lines = narrow(monkeypatch, width, AIRFLOW, LOCAL, OTHER)
    assert max(map(len, lines)) <= max(width, 58)  # the table of counts is as wide as it is
    assert any(line.startswith("  p.py:4") or re.match(r"  4 +map", line) for line in lines)


def test_long_paths_become_headings(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "some/folder/that/is/rather/deep/and/long/pipeline_of_mine.py"
    lines = narrow(monkeypatch, 80, Outcome("local", (decision("if", "native", "here", 3, path),), ()), Outcome("other", (), ()))
    at = lines.index(f"  {path}")
    assert re.fullmatch(r"  line  feature  local   other", lines[at + 1])
    assert re.match(r"  3     if       native", lines[at + 2])


def test_many_targets_stand_by_level(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [Outcome(f"target{n}", (decision("if", "emulated" if n % 2 else "native", "how", 3),), ()) for n in range(8)]
    text = " ".join(" ".join(narrow(monkeypatch, 100, *many)).split())
    assert "native: target0, target2, target4, target6; emulated: target1, target3, target5, target7" in text
