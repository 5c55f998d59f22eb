"""Random pipelines with control flow: their bundles, run by the rules of Databricks Jobs in this process, come to what the plain call does.

The notebooks and the adapter run as they are; in place of the runner that they start, an attempt runs here. Every sixth job keeps its
states on the volume, every fifth goes on after a failure, every seventh runs two tasks at a time. `WYE_SOAK=2000` looks at that many
programs, `WYE_SEED=7000` at others.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
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

import databricks_interpreter as jobs
import pytest

from wye.diagnostics import CompileFailed
from wye.driver import compile_target
from wye.runtime import files, island, plan
from wye_targets.databricks import Databricks, DatabricksOptions

sys.path.append(str(Path(__file__).parents[1] / "differential"))
import control
import harness

COUNT, SEED = int(os.environ.get("WYE_SOAK", "100")), int(os.environ.get("WYE_SEED", "500000"))
OPTIONS = DatabricksOptions(store="/Volumes/main/ml/wye")


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(plan, "write", harness.write)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as place:
        yield Path(place)


def in_place_of_the_runner(launcher: Any) -> Any:
    def start(argv: list[str], env: dict[str, str]) -> int:
        found = dict(itertools.pairwise(argv))
        task, values = (json.loads(Path(found[n]).read_text()) for n in ("--task", "--values"))
        out = Path(found["--out"])
        for place in (out, Path(found["--work"])):
            place.mkdir(parents=True, exist_ok=True)
        if task["op"] == "island":
            work = os.path.join(found["--work"], "island")
            error = asyncio.run(island.run_island(task, values, work, str(out), launcher, 4, launcher.note))
            harness.write(str(out / ("error.json" if error else "done.json")), error or {})
            return int(error["exit"]) if error else 0
        try:
            harness.Attempt(task, values, found["--work"]).run(str(out))
        except Exception as error:
            harness.write(str(out / "error.json"), {"type": harness._mro(error), "message": str(error), "traceback": "", "exit": 1})
            return 1
        return 0

    return start


def ran(build: Path, source: str, name: str, given: dict[str, Any], format: str | None, folder: Path, seed: int) -> harness.Outcome:
    log: harness.Log = []
    launcher = harness.Launcher(seed)

    def prepare(module: Any) -> None:
        module.start = in_place_of_the_runner(launcher)

    with harness.loaded(source, name, log, program=True), tempfile.TemporaryDirectory(dir=folder) as place:
        there = jobs.deploy(build, Path(place, "workspace"))
        with contextlib.redirect_stderr(io.StringIO()):
            run = jobs.run(there, Path(place, "volumes"), {n: json.dumps(v) for n, v in given.items()}, seed=seed, prepare=prepare)
        found = run.exits.get("outputs") or "null"
        made = json.loads(found) if format != "json" and found.startswith('"/') else ""
        if made and Path(made).exists():  # what only a file can hold
            found = harness.text_of(files.load(made, str(format)))
    assert run.state != "SUCCESS_WITH_FAILURES", run.log
    return harness.Outcome(found if run.state == "SUCCESS" else None, run.log[-3000:], (), log, handled=launcher.failed)


def problem(number: int, folder: Path) -> str:
    """What is wrong with the program of that number; empty when nothing is."""
    program, name = control.program(random.Random(number).randrange), f"random_databricks_{os.getpid()}_{number}"
    build = folder / name / "build"
    try:
        wanted = [harness.plain(program.source, name, a) for a in program.arguments]
        made = harness.compiled(program.source, name, folder / name)
        if number % 5 == 0:
            made = replace(made, settings=replace(made.settings, on_failure="continue"))
        if number % 7 == 0:
            made = replace(made, settings=replace(made.settings, max_parallel=2))
        with mock.patch("wye_targets.databricks.lower.TASK_VALUES", 0 if number % 6 == 0 else 250):
            emitted, _ = compile_target(made, Databricks(), OPTIONS)
        for file in emitted:
            (build / file.path).parent.mkdir(parents=True, exist_ok=True)
            (build / file.path).write_bytes(file.text.encode())
        format = getattr(made.body.yields[0], "format", None) if made.body.yields else None
        for params, outcome in zip(program.arguments, wanted):
            for seed in (0, 1):
                got = ran(build, program.source, name, params, format, folder, seed)
                found = harness.difference(program.source, outcome, got)
                # which error a target reports is its affair; and beside what fails in an island, what does not wait for it runs
                if found and found != "another error" and not (got.handled and found.startswith("steps ran after")):
                    return f"seed {number}: {found}\n{program}\nwith  {params}\nplain {outcome}\ngot   {got}"
    except (CompileFailed, harness.TooBig):
        return ""
    return ""


def test_random_programs_by_the_rules_of_databricks(folder: Path) -> None:
    for number in range(SEED, SEED + COUNT):
        assert not (found := problem(number, folder)), found
