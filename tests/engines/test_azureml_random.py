"""Random pipelines with control flow: their pipeline jobs, run by the rules of Azure Machine Learning in this process, come to what the
plain call does. Every fourth job goes on after a failure, every seventh runs two tasks at a time.
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

import azureml_interpreter as azureml
import pytest
from random_programs import Platform, Subject, attempt, check, harness, place, varied
from test_azureml import texts

from wye.backend.target import EmittedFile
from wye.driver import compile_target
from wye.ir import model as ir
from wye.runtime import files
from wye_targets.azureml import Azureml, AzuremlOptions, adapter


def compiled(pipeline: ir.Pipeline, number: int) -> Iterable[EmittedFile]:
    if number % 4 == 0:
        pipeline = varied(pipeline, on_failure="continue")
    if number % 7 == 0:
        pipeline = varied(pipeline, max_parallel=2)
    return compile_target(pipeline, Azureml(), AzuremlOptions())[0]


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


def ran(subject: Subject, given: dict[str, Any], seed: int) -> harness.Outcome:
    log: harness.Log = []
    launcher, printed = harness.Launcher(seed), io.StringIO()
    with harness.loaded(subject.source, subject.name, log, program=True), tempfile.TemporaryDirectory(dir=subject.build.parent) as place:
        there = azureml.deploy(subject.build)
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            mock.patch.object(adapter, "start", lambda argv, env, deadline: attempt(argv, launcher)),
            mock.patch.object(adapter, "say", print),
        ):
            run = azureml.run(there, Path(place, "run"), texts(given), seed=seed, execute=execute)
        found = returned(run, subject.format, Path(place))
        states = [json.loads(f.read_text())["status"] for f in Path(place).glob("run/store/*/state.json")] if found is not None else []
    assert not {"failed", "stopped"} & set(states), "a failure that nothing handled"
    return harness.Outcome(found, printed.getvalue()[-3000:], (), log, handled=launcher.failed)


def test_random_programs_by_the_rules_of_azureml(monkeypatch: pytest.MonkeyPatch) -> None:
    with place(monkeypatch, "guards", "types", "values") as folder:
        check(Platform("azureml", compiled, ran), folder, 100, 700_000)
