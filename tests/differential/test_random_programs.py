"""Random pipelines: the plain Python call, the compiled plan, and the plan with every region as an island come to the same, or all fail.

`WYE_SOAK=2000 pytest tests/differential/test_random_programs.py` looks at that many programs of each kind; `WYE_SEED=7` at others.
"""

from __future__ import annotations

import itertools
import os
import random
from pathlib import Path

import pytest
from control import Program, program, programs
from hypothesis import HealthCheck, Phase, given, note, settings
from programs import NARROW, OWNERSHIP, UNBOUND, Report, examine, kind_of
from shrink import shrink
from straight import sources

SOAK = int(os.environ.get("WYE_SOAK", "0"))
SEED = int(os.environ.get("WYE_SEED", "0"))
_numbers = itertools.count()
parts = pytest.mark.parametrize("part", [0, *(() if SOAK else (pytest.param(n, marks=pytest.mark.processes) for n in (1000, 2000, 3000)))])
"""From which number on."""

drawn = settings(
    derandomize=not SOAK,
    deadline=None,
    database=None,
    phases=(Phase.generate,) if "WYE_QUICK" in os.environ else tuple(Phase),
    suppress_health_check=list(HealthCheck),
)


def _look(program: Program, folder: Path, tolerated: frozenset[str] = NARROW | UNBOUND) -> Report:
    return examine(program, f"random_program_{os.getpid()}_{next(_numbers)}", folder, tolerated=tolerated)


@settings(drawn, max_examples=SOAK or 12)
@given(source=sources())
def test_straight_lines(source: str, folder: Path) -> None:
    program = Program(source, ({},))
    note(str(program))
    assert not _look(program, folder, frozenset()).problem


@settings(drawn, max_examples=SOAK or 12)
@given(program=programs())
def test_control_flow(program: Program, folder: Path) -> None:
    note(str(program))
    assert not _look(program, folder).problem


def _first_problem(count: int, seed: int, folder: Path, tolerated: frozenset[str], **kind: bool) -> tuple[list[Report], str]:
    """What became of that many programs up to the first problem, and that with the smallest program that shows it."""
    reports = []
    for number in range(seed, seed + count):
        made = program(random.Random(number).randrange, **kind)
        report = _look(made, folder, tolerated)
        reports.append(report)
        if report.problem:
            kind = kind_of(report.problem)
            small = shrink(made, lambda p, kind=kind: kind_of(_look(p, folder, tolerated).problem) == kind)
            return reports, f"seed {number}\n{small}{_look(small, folder, tolerated).problem}"
    return reports, ""


@parts
def test_control_flow_by_number(part: int, folder: Path) -> None:
    """Programs that differ from each other more than Hypothesis's do."""
    reports, problem = _first_problem(SOAK or 12, SEED + part, folder, NARROW | UNBOUND)
    assert not problem, problem
    runs, failed = sum(len(r.wanted) for r in reports), sum(r.failed for r in reports)
    print(f"{len(reports)} programs, {runs} runs, {failed} of them fail, {sum(bool(r.refused) for r in reports)} programs refused")
    assert part or 0.1 < failed / runs < 0.4, "too many or too few of the programs fail"
    assert part or sum(bool(r.refused) for r in reports) <= len(reports) / 10, "too many of the programs are refused"


@parts
def test_names_that_may_be_unbound(part: int, folder: Path) -> None:
    """Programs that read names which some path does not bind are refused, or come to what Python comes to."""
    reports, problem = _first_problem(SOAK or 12, SEED + 1_000_000 + part, folder, NARROW | UNBOUND, unsure=True)
    assert not problem, problem
    assert part or any(r.refused & UNBOUND for r in reports)


@parts
def test_lists_with_second_references(part: int, folder: Path) -> None:
    """Programs that change lists and dicts whoever else refers to them are refused, or come to what Python comes to."""
    reports, problem = _first_problem(SOAK or 12, SEED + 2_000_000 + part, folder, NARROW | OWNERSHIP, bold=True)
    assert not problem, problem
    assert part or any(r.refused & OWNERSHIP for r in reports)
    assert part or any(not r.refused for r in reports)
