"""Random pipelines with control flow: their pipeline jobs, run by the rules of Azure Machine Learning in this process, come to what the
plain call does.

The adapter runs as it is; in place of the runner that it starts, an attempt runs here. Every fourth job goes on after a failure, every
seventh runs two tasks at a time. `WYE_SOAK=2000` looks at that many programs, `WYE_SEED=7000` at others.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
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

import azureml_interpreter as azureml
import pytest
from test_azureml import ROOT, texts

from wye.diagnostics import CompileFailed
from wye.driver import compile_target
from wye.runtime import files, island, plan
from wye_targets.azureml import Azureml, AzuremlOptions, adapter

sys.path.append(str(ROOT / "tests" / "differential"))
import control
import harness

COUNT, SEED = int(os.environ.get("WYE_SOAK", "100")), int(os.environ.get("WYE_SEED", "700000"))


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("", ".guards", ".types", ".values"):
        monkeypatch.setitem(sys.modules, f"wye_runtime{name}", importlib.import_module(f"wye.runtime{name}"))
    monkeypatch.setattr(plan, "write", harness.write)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as place:
        yield Path(place)


def in_place_of_the_runner(launcher: Any) -> Any:
    def start(argv: list[str], env: dict[str, str], deadline: float | None) -> int:
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


def execute(argv: list[str], cwd: Path) -> int:
    """The adapter, in this process."""
    assert argv[:3] == ["python3", "-B", "wye_azureml.py"]
    with mock.patch.multiple(adapter, HERE=str(cwd), HOME=str(cwd)):
        return adapter.main(argv[3:])


def returned(run: azureml.Run, format: str | None, place: Path) -> str | None:
    """What the pipeline returned, as the harness spells it."""
    if run.state != "Completed" or not format or not run.result:
        return "null" if run.state == "Completed" else None
    made = run.result / "out" / ("out.json" if format == "json" else "out")
    if not made.exists():
        adapter.unpack(f"{made}.tar", str(place / "returned"))
        made = place / "returned" / made.name
    return str(harness.text_of(files.load(str(made), format)))


def ran(build: Path, source: str, name: str, given: dict[str, Any], format: str | None, folder: Path, seed: int) -> harness.Outcome:
    log: harness.Log = []
    launcher, printed = harness.Launcher(seed), io.StringIO()
    with harness.loaded(source, name, log, program=True), tempfile.TemporaryDirectory(dir=folder) as place:
        there = azureml.deploy(build)
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            mock.patch.object(adapter, "start", in_place_of_the_runner(launcher)),
            mock.patch.object(adapter, "say", print),
        ):
            run = azureml.run(there, Path(place, "run"), texts(given), seed=seed, execute=execute)
        found = returned(run, format, Path(place))
        states = [json.loads(f.read_text())["status"] for f in Path(place).glob("run/store/*/state.json")] if found is not None else []
    assert not {"failed", "stopped"} & set(states), "a failure that nothing handled"
    return harness.Outcome(found, printed.getvalue()[-3000:], (), log, handled=launcher.failed)


def problem(number: int, folder: Path, seen: dict[str, int]) -> str:
    """What is wrong with the program of that number; empty when nothing is. `seen` counts."""
    program, name = control.program(random.Random(number).randrange), f"random_azureml_{os.getpid()}_{number}"
    build = folder / name / "build"
    try:
        wanted = [harness.plain(program.source, name, a) for a in program.arguments]
        made = harness.compiled(program.source, name, folder / name)
        if number % 4 == 0:
            made = replace(made, settings=replace(made.settings, on_failure="continue"))
        if number % 7 == 0:
            made = replace(made, settings=replace(made.settings, max_parallel=2))
        emitted, _ = compile_target(made, Azureml(), AzuremlOptions())
    except (CompileFailed, harness.TooBig):
        return ""
    for file in emitted:
        (build / file.path).parent.mkdir(parents=True, exist_ok=True)
        (build / file.path).write_bytes(file.content)
    seen["programs"] += 1
    format = getattr(made.body.yields[0], "format", None) if made.body.yields else None
    for params, outcome in zip(program.arguments, wanted):
        for seed in (0, 1):
            got = ran(build, program.source, name, params, format, folder, seed)
            seen["runs"] += 1
            seen["failed"] += got.text is None
            found = harness.difference(program.source, outcome, got)
            # which error a target reports is its affair; and beside what fails in an island, what does not wait for it runs
            if found and found != "another error" and not (got.handled and found.startswith("steps ran after")):
                return f"seed {number}: {found}\n{program}\nwith  {params}\nplain {outcome}\ngot   {got}"
    return ""


def test_random_programs_by_the_rules_of_azureml(folder: Path) -> None:
    seen = {"programs": 0, "runs": 0, "failed": 0}
    for number in range(SEED, SEED + COUNT):
        assert not (found := problem(number, folder, seen)), found
    assert seen["programs"] >= COUNT * 0.6, seen
    print(seen)
