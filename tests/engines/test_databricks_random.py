"""Random pipelines with control flow: their bundles, run by the rules of Databricks Jobs in this process, come to what the plain call does.

The notebooks run as they are. Every sixth job keeps its states on the volume, every fifth goes on after a failure, every seventh runs two
tasks at a time.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest import mock

import databricks_interpreter as jobs
import pytest
from random_programs import Platform, Subject, attempt, check, harness, place, varied

from wye.backend.target import EmittedFile
from wye.driver import compile_target
from wye.ir import model as ir
from wye.runtime import files
from wye_targets.databricks import Databricks, DatabricksOptions

OPTIONS = DatabricksOptions(store="/Volumes/main/ml/wye")


def compiled(pipeline: ir.Pipeline, number: int) -> Iterable[EmittedFile]:
    if number % 5 == 0:
        pipeline = varied(pipeline, on_failure="continue")
    if number % 7 == 0:
        pipeline = varied(pipeline, max_parallel=2)
    with mock.patch("wye_targets.databricks.lower.TASK_VALUES", 0 if number % 6 == 0 else 250):
        return compile_target(pipeline, Databricks(), OPTIONS)[0]


def ran(subject: Subject, given: dict[str, Any], seed: int) -> harness.Outcome:
    log: harness.Log = []
    launcher = harness.Launcher(seed)

    def prepare(module: Any) -> None:
        module.start = lambda argv, env: attempt(argv, launcher)

    with harness.loaded(subject.source, subject.name, log, program=True), tempfile.TemporaryDirectory(dir=subject.build.parent) as place:
        there = jobs.deploy(subject.build, Path(place, "workspace"))
        with contextlib.redirect_stderr(io.StringIO()):
            run = jobs.run(there, Path(place, "volumes"), {n: json.dumps(v) for n, v in given.items()}, seed=seed, prepare=prepare)
        found = run.exits.get("outputs") or "null"
        made = json.loads(found) if subject.format != "json" and found.startswith('"/') else ""
        if made and Path(made).exists():  # what only a file can hold
            found = harness.text_of(files.load(made, str(subject.format)))
    assert run.state != "SUCCESS_WITH_FAILURES", run.log
    return harness.Outcome(found if run.state == "SUCCESS" else None, run.log[-3000:], (), log, handled=launcher.failed)


def test_random_programs_by_the_rules_of_databricks(monkeypatch: pytest.MonkeyPatch) -> None:
    with place(monkeypatch) as folder:
        check(Platform("databricks", compiled, ran), folder, 100, 500_000)
