"""Random programs of the language, compiled for Airflow, under the model of its scheduler: each run is what the plain call is.

`WYE_SOAK=2000 pytest tests/unit/targets/test_airflow_programs.py` looks at that many programs; `WYE_SEED=7` at others.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

sys.path.append(str(Path(__file__).parents[2] / "differential"))

import control
import harness
from airflow_model import Airflow, Broken, installed

from wye import passes
from wye.backend.check import check, judge
from wye.diagnostics import CompileFailed
from wye.ir import model as ir
from wye_targets.airflow import Airflow as Target
from wye_targets.airflow import AirflowOptions, adapter
from wye_targets.airflow.lower import lower
from wye_targets.airflow.tasks import native

SOAK = int(os.environ.get("WYE_SOAK", "0"))
SEED = int(os.environ.get("WYE_SEED", "0"))
ORDERS = 2
LATER = [pytest.param(SEED + n, marks=pytest.mark.processes) for n in range(12, 36)]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """In memory where there is a place for that: runs make many small files."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as place:
        yield Path(place)


def conf(pipeline: ir.Pipeline, arguments: dict[str, Any]) -> dict[str, Any]:
    """The parameters as Airflow has them: declared scalars as they are, all else as JSON text."""
    given = {p.name: arguments[p.name] if p.name in arguments else json.loads(p.default.text) for p in pipeline.parameters if p.default}
    scalars = {p.name for p in pipeline.parameters if native(p)}
    return {name: value if name in scalars else json.dumps(value) for name, value in given.items()}


class Processes:
    """Runs tasks here and now, as the runner's child does."""

    def __init__(self, scratch: Path, seed: int) -> None:
        self.scratch, self.launcher, self.errors, self.count = scratch, harness.Launcher(seed), list[dict[str, Any]](), 0

    def execute(self, task: dict[str, Any], entries: dict[str, Any], ti: Any) -> dict[str, Any]:
        self.count += 1
        folder = self.scratch / str(self.count)
        for name in ("out", "work"):
            (folder / name).mkdir(parents=True)
        harness.write(str(folder / "task.json"), task)
        harness.write(str(folder / "values.json"), entries)
        if asyncio.run(self.launcher.run(task, str(folder), 1)):
            self.errors.append(json.loads((folder / "out" / "error.json").read_text()))
            raise Broken(self.errors[-1]["message"])
        return {o["name"]: adapter.publish(folder / "out", o, str(self.scratch / "store"), {"ti": ti}) for o in task["outputs"]}


def modelled(made: ir.Pipeline, source: str, name: str, arguments: dict[str, Any], scratch: Path, seed: int) -> harness.Outcome:
    """A run of the compiled DAG."""
    target, options, log = Target(), AirflowOptions(), harness.Log()
    dag = lower(check(passes.islands(made, judge(target, options), "airflow"), target, options), options)
    processes = Processes(scratch, seed)
    run = Airflow(dag.body, dag.edges, scratch / "steps", seed, conf(made, arguments))
    interpreter = mock.patch.multiple(harness.plan, write=harness.write, Carried=harness.Carried)
    with harness.loaded(source, name, log, program=True), interpreter, installed(processes.execute):
        if run.run() == "failed":
            return harness.Outcome(None, processes.errors[0]["message"], log=log)
        last = next((id for id, form in run.forms.items() if form.get("returns")), None)
        value = run.xcoms[last, "return_value", -1] if last else "null"
        if value.startswith("file:"):
            value = harness.text_of(harness.files.load(value.removeprefix("file://"), run.forms[last]["outputs"][0]["format"]))
        else:
            value = harness.text_of(harness.values.decode(value))
    return harness.Outcome(value, log=log, handled=processes.launcher.failed)


def problem(program: control.Program, name: str, folder: Path) -> str:
    """What is wrong with the runs of a program; empty for none, and for one that is refused or too big."""
    try:
        made = harness.compiled(program.source, name, folder)
    except CompileFailed:
        return ""
    for arguments in program.arguments:
        try:
            wanted = harness.plain(program.source, name, arguments)
            for seed in range(ORDERS):
                with tempfile.TemporaryDirectory(dir=folder) as scratch:
                    got = modelled(made, program.source, name, arguments, Path(scratch), seed)
                # of several failures at a time any may be the first
                if found := harness.difference(program.source, wanted, replace(got, types=wanted.types)):
                    return f"with {arguments}, order {seed}: {found}\nplain: {wanted}\nrun:   {got}"
        except (harness.TooBig, harness.Endless):
            return ""
    return ""


@pytest.mark.parametrize("number", [*range(SEED, SEED + (SOAK or 12)), *(() if SOAK else LATER)])
def test_a_program_runs_as_the_plain_call(number: int, folder: Path) -> None:
    program = control.program(random.Random(number).randrange)
    found = problem(program, f"airflow_program_{number}", folder)
    assert not found, f"{program}\n{found}"
