"""Random pipelines with control flow in; what is wrong with the specifications that targets make of them out.

Each is run by the service's rules in this process and compared with the plain call. The containers' adapter runs as it is; in place of
the runner that it starts, an attempt runs here.
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
from pathlib import Path
from typing import Any
from unittest import mock

import kfp_interpreter
import pytest
import yaml
from kfp_engine import ROOT, arguments

from wye.backend import registry
from wye.diagnostics import CompileFailed
from wye.driver import compile_target
from wye.runtime import files, island, plan
from wye_targets._kfp import adapter
from wye_targets._kfp.adapter import EXACT
from wye_targets.vertex.emit import text as written

sys.path.append(str(ROOT / "tests" / "differential"))
import control
import harness

MOST_CONTAINERS = 3000


@contextlib.contextmanager
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for runs, whose containers find the modules that travel."""
    for name in ("", ".types", ".values"):
        monkeypatch.setitem(sys.modules, f"wye_runtime{name}", importlib.import_module(f"wye.runtime{name}"))
    monkeypatch.setitem(sys.modules, "wye_kfp", adapter)
    monkeypatch.setattr(plan, "write", harness.write)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as found:
        yield Path(found)


class Containers:
    """Runs containers here: the command that `emit` writes, without its processes."""

    def __init__(self, seed: int, target: str) -> None:
        self.launcher = harness.Launcher(seed)
        self.count = 0
        self.module = importlib.import_module("wye_targets.vertex.container") if target == "vertex" else adapter

    def __call__(self, argv: list[str], env: dict[str, str], cwd: Path) -> tuple[int, str]:
        self.count += 1
        if self.count > MOST_CONTAINERS:
            raise harness.TooBig
        _, _, _, *given, _ = argv  # python3 -c BOOT …, and the runtime
        printed, folder = io.StringIO(), cwd / "run"
        folder.mkdir()
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            mock.patch.object(adapter.subprocess, "call", self.call),
        ):
            return self.module.main(given, str(folder)), printed.getvalue()

    def call(self, command: list[str], env: dict[str, str]) -> int:
        """The runner."""
        found = dict(zip(command[2::2], command[3::2]))
        task, values = (json.loads(Path(found[n]).read_text()) for n in ("--task", "--values"))
        for name in ("--out", "--work"):
            os.makedirs(found[name], exist_ok=True)
        if task["op"] == "island":
            run = island.run_island(
                task, values, os.path.join(found["--work"], "island"), found["--out"], self.launcher, 4, self.launcher.note
            )
            error = asyncio.run(run)
            print(error)
            return int(error["exit"]) if error else 0
        try:
            harness.Attempt(task, values, found["--work"]).run(found["--out"])
        except Exception as error:
            print(repr(error))
            return 1
        return 0


def ran(
    text: str, source: str, name: str, given: dict[str, Any], format: str | None, folder: Path, seed: int, target: str
) -> harness.Outcome:
    """A run of the specification. `format`: of what it returns."""
    log: harness.Log = []
    containers = Containers(seed, target)
    with harness.loaded(source, name, log, program=True), tempfile.TemporaryDirectory(dir=folder) as place:
        result = kfp_interpreter.run(text, given, Path(place), containers, {}, seed)
        found = "null" if result.output is None else adapter.unpacked(result.output)
        if result.artifact and format:
            found = harness.text_of(files.load(result.artifact, format))
    return harness.Outcome(found if result.succeeded else None, result.log[-3000:], (), log, handled=containers.launcher.failed)


def problem(number: int, folder: Path, target: str) -> str:
    """What is wrong with the program of that number; empty when nothing is."""
    program, name = control.program(random.Random(number).randrange), f"random_{target}_{os.getpid()}_{number}"
    try:
        wanted = [harness.plain(program.source, name, a) for a in program.arguments]
        made = harness.compiled(program.source, name, folder / name)
        kind = registry.load(target)
        emitted, _ = compile_target(made, kind, kind.options())
        text = emitted[0].text if target == "kubeflow" else written(json.loads(emitted[0].text)["pipelineSpec"])
        spec = next(iter(yaml.load_all(text, yaml.CSafeLoader))) if target == "kubeflow" else json.loads(text)
        format = getattr(made.body.yields[0], "format", None) if made.body.yields else None
        for params, outcome in zip(program.arguments, wanted):
            if any(isinstance(v, int) and abs(v) > EXACT for v in params.values()):
                continue  # no such run parameter
            for seed in (0, 1):
                got = ran(text, program.source, name, arguments(spec, params), format, folder, seed, target)
                found = harness.difference(program.source, outcome, got)
                # which error a target reports is its affair; and beside what fails in an island, what does not wait for it runs
                if found and found != "another error" and not (got.handled and found.startswith("steps ran after")):
                    return f"seed {number}: {found}\n{program}\nwith  {params}\nplain {outcome}\ngot   {got}"
    except (CompileFailed, harness.TooBig):
        return ""
    return ""
