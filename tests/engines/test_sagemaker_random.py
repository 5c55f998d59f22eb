"""Random pipelines with control flow: the definition, run by SageMaker's rules in this process, comes to what the plain call does.

Steps that may run at the same time run in a shuffled order. Every fourth pipeline goes on after a failure; every third returns nothing, so
that nothing is ordered after an `if` at its end, and it is a Condition step.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import sagemaker_interpreter as sagemaker
from random_programs import Platform, Subject, attempt, check, harness, place, varied
from test_sagemaker import FACTS, facts, texts

from wye.backend.target import EmittedFile
from wye.driver import compile_target
from wye.ir import model as ir
from wye.ir.json import returns
from wye.runtime import files, runner
from wye_targets.sagemaker import Sagemaker, SagemakerOptions, adapter

QUOTA = 1000


def silent(number: int) -> bool:
    return number % 3 == 1


def compiled(pipeline: ir.Pipeline, number: int) -> Iterable[EmittedFile]:
    if number % 4 == 0:
        pipeline = varied(pipeline, on_failure="continue")
    if silent(number):
        last = returns(pipeline)
        nodes = tuple(n for n in pipeline.body.nodes if n.id != last)
        pipeline = replace(pipeline, body=replace(pipeline.body, nodes=nodes, yields=()))
    return compile_target(pipeline, Sagemaker(), SagemakerOptions(max_steps=QUOTA))[0]


def short(params: dict[str, Any]) -> bool:
    """Whether a run may be given them."""
    return all(len(t) <= sagemaker.MAX_TEXT for t in texts(params).values())


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


def ran(subject: Subject, given: dict[str, Any], seed: int) -> harness.Outcome:
    log: harness.Log = []
    launcher, printed = harness.Launcher(seed), io.StringIO()
    with harness.loaded(subject.source, subject.name, log, program=True), tempfile.TemporaryDirectory(dir=subject.build.parent) as place:
        there = sagemaker.deploy(subject.build, Path(place, "s3"), FACTS["Bucket"], quota=QUOTA)
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            mock.patch.object(sagemaker.Execution, "container", container),
            mock.patch.object(runner, "main", lambda argv: attempt(argv, launcher)),
            mock.patch.object(adapter, "say", lambda text: print(text)),
        ):
            run = sagemaker.run(there, Path(place, "run"), facts(there) | texts(given), seed=seed)
        succeeded = run.state == "Succeeded"
        format = None if silent(subject.number) else subject.format
        found = returned(there, run, format, Path(place)) if succeeded else None
        states = there.s3.glob("*/*/runs/*/values/*/out/state.json")
        soft = any(json.loads(f.read_text())["status"] == "failed" for f in states) if succeeded else False
    assert not soft, "a failure that nothing handled"
    return harness.Outcome(found, printed.getvalue()[-3000:], (), log, handled=launcher.failed)


def test_random_programs_by_the_rules_of_sagemaker(monkeypatch: pytest.MonkeyPatch) -> None:
    with place(monkeypatch, "guards", "types", "values", "runner") as folder:
        check(Platform("sagemaker", compiled, ran, short, silent), folder, 100, 600_000)
