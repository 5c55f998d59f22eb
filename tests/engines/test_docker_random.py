"""Random pipelines with control flow: the compose project, run by compose's rules in this process, comes to what the plain call does.
Services that may run at the same time run in a shuffled order. Every fourth project goes on after a failure.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml
from random_programs import Platform, Subject, attempt, check, harness, place, varied

from wye.backend.target import EmittedFile
from wye.driver import compile_target
from wye.ir import model as ir
from wye.runtime import files, runner
from wye_targets.docker import Docker, DockerOptions, adapter

MOST_SERVICES = 600


def compiled(pipeline: ir.Pipeline, number: int) -> Iterable[EmittedFile]:
    return compile_target(varied(pipeline, on_failure="continue") if number % 4 == 0 else pipeline, Docker(), DockerOptions())[0]


def up(build: Path, volume: Path, launcher: Any, rng: random.Random, environment: dict[str, str]) -> bool:
    """`docker compose up --abort-on-container-failure`: whether every service has ended with 0."""
    services = yaml.load((build / "compose.yaml").read_text("utf-8"), yaml.CSafeLoader)["services"]
    assert len(services) <= MOST_SERVICES
    done: set[str] = set()
    with (
        mock.patch.object(adapter, "HERE", str(build / "steps")),
        mock.patch.object(runner, "main", lambda argv: attempt(argv, launcher)),
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


def ran(subject: Subject, given: dict[str, Any], seed: int) -> harness.Outcome:
    log: harness.Log = []
    launcher, rng, printed = harness.Launcher(seed), random.Random(seed), io.StringIO()
    environment = {f"PARAM_{n}": json.dumps(v) for n, v in given.items()}
    with harness.loaded(subject.source, subject.name, log, program=True), tempfile.TemporaryDirectory(dir=subject.build.parent) as place:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            succeeded = up(subject.build, Path(place), launcher, rng, environment)
            first = len(log)
            again = succeeded and up(subject.build, Path(place), launcher, rng, environment)
        run = Path(place, "default")
        found = "null"
        if succeeded and subject.format:
            made = run / "tasks" / "outputs" / "out" / ("out" + ".json" * (subject.format == "json"))
            found = harness.text_of(files.load(made, subject.format))
            if subject.format == "json":
                assert (run / "outputs.json").read_text() == made.read_text() + "\n"
        soft = any(json.loads(f.read_text())["status"] == "failed" for f in (run / "state").glob("*.json")) if succeeded else False
    assert again is succeeded, "a second `up` fails"
    assert len(log) == first, "a second `up` repeats something"
    assert not soft, "a failure that nothing handled"
    return harness.Outcome(found if succeeded else None, printed.getvalue()[-3000:], (), log, handled=launcher.failed)


def test_random_programs_by_the_rules_of_compose(monkeypatch: pytest.MonkeyPatch) -> None:
    with place(monkeypatch, "guards", "types", "values", "runner") as folder:
        check(Platform("docker", compiled, ran), folder, 40, 400_000)
