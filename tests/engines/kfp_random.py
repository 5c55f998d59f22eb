"""Random pipelines with control flow, and Kubeflow or Vertex AI, in; that their specifications, run by the service's rules in this process,
come to what the plain call comes to, out.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest import mock

import kfp_interpreter
import pytest
import yaml
from kfp_engine import arguments
from random_programs import Platform, Subject, attempt, check, harness, place

from wye.backend import registry
from wye.backend.target import EmittedFile
from wye.driver import compile_target
from wye.ir import model as ir
from wye.runtime import files
from wye_targets._kfp import adapter
from wye_targets._kfp.adapter import EXACT
from wye_targets.vertex.emit import text as written

MOST_CONTAINERS = 3000


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
            mock.patch.object(adapter.subprocess, "call", lambda command, env: attempt(command, self.launcher)),
        ):
            return self.module.main(given, str(folder)), printed.getvalue()


def look(target: str, count: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at `count` programs."""

    def compiled(pipeline: ir.Pipeline, number: int) -> Iterable[EmittedFile]:
        kind = registry.load(target)
        return compile_target(pipeline, kind, kind.options())[0]

    def ran(subject: Subject, given: dict[str, Any], order: int) -> harness.Outcome:
        log: harness.Log = []
        containers = Containers(order, target)
        text = specification(subject.build, target)
        spec = next(iter(yaml.load_all(text, yaml.CSafeLoader))) if target == "kubeflow" else json.loads(text)
        with harness.loaded(subject.source, subject.name, log, program=True), tempfile.TemporaryDirectory(dir=folder) as run:
            result = kfp_interpreter.run(text, arguments(spec, given), Path(run), containers, {}, order)
            found = "null" if result.output is None else adapter.unpacked(result.output)
            if result.artifact and subject.format:
                found = harness.text_of(files.load(result.artifact, subject.format))
        return harness.Outcome(found if result.succeeded else None, result.log[-3000:], (), log, handled=containers.launcher.failed)

    monkeypatch.setitem(sys.modules, "wye_kfp", adapter)
    with place(monkeypatch, "types", "values") as folder:
        check(Platform(target, compiled, ran, exact), folder, count, seed)


def specification(build: Path, target: str) -> str:
    if target == "kubeflow":
        return (build / "pipeline.yaml").read_text("utf-8")
    return written(json.loads((build / "pipeline_job.json").read_text("utf-8"))["pipelineSpec"])


def exact(params: dict[str, Any]) -> bool:
    """Whether there are such run parameters."""
    return not any(isinstance(v, int) and abs(v) > EXACT for v in params.values())
