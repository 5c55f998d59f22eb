"""Random pipelines with control flow, and a platform, in; that their artifacts, run by the platform's rules in this process, come to what
the plain call comes to, out.

What the target adds to a task runs as it is; in place of the runner that it starts, an attempt runs here. `WYE_SOAK=2000` looks at that
many programs, `WYE_SEED=7000` at others.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from wye.backend.target import EmittedFile
from wye.diagnostics import CompileFailed
from wye.ir import model as ir
from wye.runtime import island, plan

sys.path.append(str(Path(__file__).parents[1] / "differential"))
import control
import harness


@dataclass(frozen=True)
class Subject:
    """A program, and its artifact in `build`. `format`: of what it returns; None when it returns nothing."""

    number: int
    source: str
    name: str
    build: Path
    format: str | None


Compile = Callable[[ir.Pipeline, int], Iterable[EmittedFile]]
"""The artifact of a program; by its number it may be varied."""
Run = Callable[[Subject, dict[str, Any], int], harness.Outcome]
"""A run with these parameters; whatever may happen in any order happens in an order that the number says."""


@contextmanager
def place(monkeypatch: pytest.MonkeyPatch, *modules: str) -> Iterator[Path]:
    """A folder for runs, in memory where there is a place for that. What runs here finds these modules of the runtime as it does in a task;
    without any, those that are deployed."""
    for name in ("", *(f".{m}" for m in modules)) if modules else ():
        monkeypatch.setitem(sys.modules, f"wye_runtime{name}", importlib.import_module(f"wye.runtime{name}"))
    monkeypatch.setattr(plan, "write", harness.write)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as found:
        yield Path(found)


def attempt(argv: Sequence[str], launcher: harness.Launcher) -> int:
    """What the runner would do with these arguments; its exit code."""
    found = dict(itertools.pairwise(argv))
    task, values = (json.loads(Path(found[n]).read_text()) for n in ("--task", "--values"))
    out = Path(found["--out"])
    for folder in (out, Path(found["--work"])):
        folder.mkdir(parents=True, exist_ok=True)
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


@dataclass(frozen=True)
class Platform:
    """`fits`: whether it takes such parameters. `silent`: whether what a program returns is left out of it, by its number."""

    target: str
    compile: Compile
    run: Run
    fits: Callable[[dict[str, Any]], bool] = lambda params: True
    silent: Callable[[int], bool] = lambda number: False


def check(platform: Platform, folder: Path, count: int, seed: int) -> None:
    """Look at `count` programs. Most of them must compile."""
    count, seed = int(os.environ.get("WYE_SOAK", count)), int(os.environ.get("WYE_SEED", seed))
    seen: Counter[str] = Counter()
    for number in range(seed, seed + count):
        problem = _problem(number, platform, folder, seen)
        assert not problem, problem
    print(platform.target, dict(seen))
    assert seen["programs"] >= count * 0.6, seen
    assert count < 40 or seen["runs"] > seen["failed"] > 0, seen


def _problem(number: int, platform: Platform, folder: Path, seen: Counter[str]) -> str:
    """What is wrong with the program of that number; empty when nothing is."""
    program, name = control.program(random.Random(number).randrange), f"random_{platform.target}_{os.getpid()}_{number}"
    build = folder / name / "build"
    try:
        wanted = [harness.plain(program.source, name, a) for a in program.arguments]
        made = harness.compiled(program.source, name, folder / name)
        emitted = tuple(platform.compile(made, number))
    except (CompileFailed, harness.TooBig) as refused:
        seen[f"not compiled: {type(refused).__name__}"] += 1
        return ""
    for file in emitted:
        (build / file.path).parent.mkdir(parents=True, exist_ok=True)
        (build / file.path).write_bytes(file.content)
    seen["programs"] += 1
    subject = Subject(number, program.source, name, build, getattr(made.body.yields[0], "format", None) if made.body.yields else None)
    for params, outcome in zip(program.arguments, wanted):
        for order in (0, 1) if platform.fits(params) else ():
            try:
                got = platform.run(subject, params, order)
            except harness.TooBig:
                seen["too big to run"] += 1
                continue
            seen["runs"] += 1
            seen["failed"] += got.text is None
            if platform.silent(number) and got.text == "null":
                got = replace(got, text=outcome.text)
            found = harness.difference(program.source, outcome, got)
            # which error a target reports is its affair; and beside what fails in an island, what does not wait for it runs
            if found and found != "another error" and not (got.handled and found.startswith("steps ran after")):
                return f"seed {number}: {found}\n{program}\nwith  {params}\nplain {outcome}\ngot   {got}"
    return ""


def varied(pipeline: ir.Pipeline, **settings: Any) -> ir.Pipeline:
    """The pipeline with other settings."""
    return replace(pipeline, settings=replace(pipeline.settings, **settings))
