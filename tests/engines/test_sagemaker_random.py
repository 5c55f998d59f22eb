"""Random pipelines with control flow: the definition, run by SageMaker's rules in this process, comes to what the plain call does.

The jobs' adapter runs as it is; in place of the runner that it starts, an attempt runs here. Steps that may run at the same time run in a
shuffled order. `WYE_SOAK=2000` looks at that many programs, `WYE_SEED=7000` at others.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import io
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import sagemaker_interpreter as sagemaker
from test_sagemaker import FACTS, ROOT, facts, texts

from wye.diagnostics import CompileFailed
from wye.driver import compile_target
from wye.ir.json import returns
from wye.runtime import files, island, plan, runner
from wye_targets.sagemaker import Sagemaker, SagemakerOptions, adapter

sys.path.append(str(ROOT / "tests" / "differential"))
import control
import harness

COUNT, SEED = int(os.environ.get("WYE_SOAK", "100")), int(os.environ.get("WYE_SEED", "600000"))
QUOTA = 1000


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("", ".guards", ".types", ".values", ".runner"):
        monkeypatch.setitem(sys.modules, f"wye_runtime{name}", importlib.import_module(f"wye.runtime{name}"))
    monkeypatch.setattr(plan, "write", harness.write)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as place:
        yield Path(place)


def in_place_of_the_runner(launcher: Any) -> Any:
    def main(argv: list[str]) -> int:
        found = dict(zip(argv[::2], argv[1::2]))
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
        (out / "done.json").write_text("{}")
        return 0

    return main


def container(self: sagemaker.Execution, arguments: Any, environment: Mapping[str, str], root: Path) -> int:
    """The adapter, in this process."""
    with mock.patch.dict(os.environ, environment):
        return adapter.main(str(root / arguments["AppSpecification"]["ContainerEntrypoint"][-1].lstrip("/")).removesuffix("/adapter.py"))


def returned(there: sagemaker.Deployed, run: sagemaker.Run, format: str | None, place: Path) -> str:
    """What the pipeline returned, as the harness spells it."""
    if not format:
        return "null"
    base = next((there.s3 / FACTS["Bucket"] / there.name / "runs").iterdir())
    if format == "json":
        made = base / "values" / "outputs" / "out" / "out.json"
        assert run.outputs == made.read_text()
        return str(harness.text_of(files.load(str(made), format)))
    made = base / "files" / "outputs" / "out" / "out"
    if not made.exists():
        adapter.unpack(str(made) + ".tar", str(place / "returned"))
        made = place / "returned" / "out"
    return str(harness.text_of(files.load(str(made), format)))


def ran(build: Path, source: str, name: str, given: dict[str, Any], format: str | None, folder: Path, seed: int) -> harness.Outcome:
    log: harness.Log = []
    launcher, printed = harness.Launcher(seed), io.StringIO()
    with harness.loaded(source, name, log, program=True), tempfile.TemporaryDirectory(dir=folder) as place:
        there = sagemaker.deploy(build, Path(place, "s3"), FACTS["Bucket"], quota=QUOTA)
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            mock.patch.object(sagemaker.Execution, "container", container),
            mock.patch.object(runner, "main", in_place_of_the_runner(launcher)),
            mock.patch.object(adapter, "say", lambda text: print(text)),
        ):
            run = sagemaker.run(there, Path(place, "run"), facts(there) | texts(given), seed=seed)
        succeeded = run.state == "Succeeded"
        found = returned(there, run, format, Path(place)) if succeeded else None
        states = there.s3.glob("*/*/runs/*/values/*/out/state.json")
        soft = any(json.loads(f.read_text())["status"] == "failed" for f in states) if succeeded else False
    assert not soft, "a failure that nothing handled"
    return harness.Outcome(found, printed.getvalue()[-3000:], (), log, handled=launcher.failed)


def problem(number: int, folder: Path, seen: dict[str, int]) -> str:
    """What is wrong with the program of that number; empty when nothing is. `seen` counts."""
    program, name = control.program(random.Random(number).randrange), f"random_sagemaker_{os.getpid()}_{number}"
    build = folder / name / "build"
    try:
        wanted = [harness.plain(program.source, name, a) for a in program.arguments]
        made = harness.compiled(program.source, name, folder / name)
        if number % 4 == 0:
            made = replace(made, settings=replace(made.settings, on_failure="continue"))
        silent = number % 3 == 1
        if silent:  # nothing is ordered after an `if` at its end
            last = returns(made)
            made = replace(made, body=replace(made.body, nodes=tuple(n for n in made.body.nodes if n.id != last), yields=()))
        emitted, _ = compile_target(made, Sagemaker(), SagemakerOptions(max_steps=QUOTA))
    except (CompileFailed, harness.TooBig):
        return ""
    for file in emitted:
        (build / file.path).parent.mkdir(parents=True, exist_ok=True)
        (build / file.path).write_bytes(file.content)
    seen["programs"] += 1
    seen["conditions"] += (build / "pipeline.json").read_text("utf-8").count('"Type": "Condition"')
    format = getattr(made.body.yields[0], "format", None) if made.body.yields else None
    for params, outcome in zip(program.arguments, wanted):
        if any(len(t) > sagemaker.MAX_TEXT for t in texts(params).values()):
            continue
        for seed in (0, 1):
            got = ran(build, program.source, name, params, format, folder, seed)
            seen["runs"] += 1
            if silent and got.text == "null":
                got = replace(got, text=outcome.text)
            found = harness.difference(program.source, outcome, got)
            # which error a target reports is its affair; and beside what fails in an island, what does not wait for it runs
            if found and found != "another error" and not (got.handled and found.startswith("steps ran after")):
                return f"seed {number}: {found}\n{program}\nwith  {params}\nplain {outcome}\ngot   {got}"
    return ""


def test_random_programs_by_the_rules_of_sagemaker(folder: Path) -> None:
    seen = {"programs": 0, "runs": 0, "conditions": 0}
    for number in range(SEED, SEED + COUNT):
        assert not (found := problem(number, folder, seen)), found
    assert seen["programs"] >= COUNT * 0.6, seen
    print(seen)
