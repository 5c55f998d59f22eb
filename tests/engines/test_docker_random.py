"""Random pipelines with control flow: the compose project, run by compose's rules in this process, comes to what the plain call does.

The containers' adapter runs as it is; in place of the runner that it starts, an attempt runs here. Services that may run at the same
time run in a shuffled order. `WYE_SOAK=2000` looks at that many programs, `WYE_SEED=7000` at others.
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
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml
from docker_engine import ROOT

from wye.diagnostics import CompileFailed
from wye.driver import compile_target
from wye.runtime import files, island, plan, runner
from wye_targets.docker import Docker, DockerOptions, adapter

sys.path.append(str(ROOT / "tests" / "differential"))
import control
import harness

COUNT, SEED = int(os.environ.get("WYE_SOAK", "40")), int(os.environ.get("WYE_SEED", "400000"))
MOST_SERVICES = 600


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


def up(build: Path, volume: Path, launcher: Any, rng: random.Random, environment: dict[str, str]) -> bool:
    """`docker compose up --abort-on-container-failure`: whether every service has ended with 0."""
    services = yaml.load((build / "compose.yaml").read_text("utf-8"), yaml.CSafeLoader)["services"]
    assert len(services) <= MOST_SERVICES
    done: set[str] = set()
    with (
        mock.patch.object(adapter, "HERE", str(build / "steps")),
        mock.patch.object(runner, "main", in_place_of_the_runner(launcher)),
        mock.patch.object(adapter, "say", lambda text: print(text)),
        mock.patch.dict(os.environ, environment),
    ):
        while len(done) < len(services):
            ready = [n for n, s in services.items() if n not in done and set(s.get("depends_on", {})) <= done]
            name = rng.choice(ready)
            if adapter.main(name, "default", str(volume)):
                return False
            done.add(name)
    return True


def ran(build: Path, source: str, name: str, given: dict[str, Any], format: str | None, folder: Path, seed: int) -> harness.Outcome:
    log: harness.Log = []
    launcher, rng, printed = harness.Launcher(seed), random.Random(seed), io.StringIO()
    environment = {f"PARAM_{n}": json.dumps(v) for n, v in given.items()}
    with harness.loaded(source, name, log, program=True), tempfile.TemporaryDirectory(dir=folder) as place:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            succeeded = up(build, Path(place), launcher, rng, environment)
            first = len(log)
            again = succeeded and up(build, Path(place), launcher, rng, environment)
        run = Path(place, "default")
        found = "null"
        if succeeded and format:
            made = run / "tasks" / "outputs" / "out" / ("out" + ".json" * (format == "json"))
            found = harness.text_of(files.load(made, format))
            if format == "json":
                assert (run / "outputs.json").read_text() == made.read_text() + "\n"
        soft = any(json.loads(f.read_text())["status"] == "failed" for f in (run / "state").glob("*.json")) if succeeded else False
    assert again is succeeded, "a second `up` fails"
    assert len(log) == first, "a second `up` repeats something"
    assert not soft, "a failure that nothing handled"
    return harness.Outcome(found if succeeded else None, printed.getvalue()[-3000:], (), log, handled=launcher.failed)


def problem(number: int, folder: Path) -> str:
    """What is wrong with the program of that number; empty when nothing is."""
    program, name = control.program(random.Random(number).randrange), f"random_docker_{os.getpid()}_{number}"
    build = folder / name / "build"
    try:
        wanted = [harness.plain(program.source, name, a) for a in program.arguments]
        made = harness.compiled(program.source, name, folder / name)
        if number % 4 == 0:
            made = replace(made, settings=replace(made.settings, on_failure="continue"))
        emitted, _ = compile_target(made, Docker(), DockerOptions())
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


def test_random_programs_by_the_rules_of_compose(folder: Path) -> None:
    for number in range(SEED, SEED + COUNT):
        assert not (found := problem(number, folder)), found
