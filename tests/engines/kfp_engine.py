"""How the tests run a compiled pipeline: a file in; what `kfp.local`, or a run by the service's own rules, comes to, out."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import kfp_interpreter
import pytest
import vertex_cloud
import yaml

from wye.backend import registry
from wye.cli.compile import options_for
from wye.diagnostics import CompileFailed
from wye.driver import compile_source, compile_target
from wye.runtime.values import decode, encode
from wye.stacks import Choice, Config
from wye.testing.cases import Case, examples, further
from wye_targets._kfp.adapter import EXACT, arrived
from wye_targets.vertex.emit import text

ROOT = Path(__file__).parents[2]
EXAMPLES = [c for c in examples(ROOT) if "kubeflow" in c.targets]
REQUIREMENTS = ("kfp==2.17.0", "kfp-kubernetes==2.17.0", "pip", *sorted({r for c in EXAMPLES for r in c.requirements}))


@dataclass(frozen=True)
class Outcome:
    """What the root output `Output` held, or why the run failed; and all that was printed."""

    output: str | None
    artifact: str | None
    error: str | None
    log: str

    @property
    def text(self) -> str | None:
        """The wire text of the value: of an artifact it is the file's content."""
        if self.artifact is None:
            return self.output and arrived("Output", self.output, {"as": "text"})
        folder = Path(self.artifact)
        return (folder / "value.json" if folder.is_dir() else folder).read_text("ascii")


class Engine:
    """One process in the kfp environment, which runs one compiled pipeline after the other, each compiled for a target whose services
    run specifications of Kubeflow Pipelines."""

    def __init__(self, python: Path, target: str = "kubeflow") -> None:
        self.python, self.target = python, target
        driver = Path(__file__).with_name("kfp_driver.py")
        self._process = subprocess.Popen([python, "-B", driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def compiled(self, source: Path, folder: Path) -> dict[str, Any]:
        """Compile to `folder`; the specification of the pipeline, which stands in `pipeline.yaml`."""
        pipeline = compile_source(source)
        schedule = pipeline.settings.schedule
        options = options_for(pipeline, self.target, Choice(None, Config())).value
        if schedule and self.target == "kubeflow":  # the cluster reads schedules in the pipeline's own zone
            options = replace(options, timezone=schedule.timezone)
        files, _ = compile_target(pipeline, registry.load(self.target), options)
        for file in files:
            (folder / file.path).write_bytes(file.content)
        if self.target == "vertex":
            job = json.loads((folder / "pipeline_job.json").read_text("utf-8"))
            (folder / "pipeline.yaml").write_text(text(job["pipelineSpec"]), "utf-8")
        return next(iter(yaml.safe_load_all((folder / "pipeline.yaml").read_text("utf-8"))))

    def run(self, folder: Path, arguments: dict[str, Any], variables: dict[str, str]) -> Outcome:
        with self._cloud(folder, variables) as told:
            case = {"pipeline": str(folder / "pipeline.yaml"), "arguments": arguments, "variables": told, "root": str(folder / "root")}
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(json.dumps(case) + "\n")
            self._process.stdin.flush()
            return Outcome(**json.loads(self._process.stdout.readline()))

    def by_the_rules(self, folder: Path, given: dict[str, Any], variables: dict[str, str], seed: int = 0) -> Outcome:
        """A run by the service's rules."""
        text = (folder / "pipeline.yaml").read_text("utf-8")
        launch = kfp_interpreter.process(str(self.python))
        with self._cloud(folder, variables) as told:
            result = kfp_interpreter.run(text, given, folder / f"rules-{seed}", launch, told, seed)
        return Outcome(result.output, result.artifact, None if result.succeeded else "failed", result.log)

    def _cloud(self, folder: Path, variables: dict[str, str]) -> AbstractContextManager[dict[str, str]]:
        """The variables that containers have."""
        if self.target == "vertex":
            return vertex_cloud.cloud((folder / "pipeline.yaml").read_text("utf-8"), variables)
        return nullcontext(variables)

    def close(self) -> None:
        self._process.communicate(timeout=60)


def arguments(spec: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Run parameters as a client gives them: KFP's own types, and JSON for what is a STRING."""
    kinds = {n: p["parameterType"] for n, p in spec["root"].get("inputDefinitions", {}).get("parameters", {}).items()}
    exact = {"STRING": lambda v: encode(decode(json.dumps(v))), "NUMBER_DOUBLE": float}
    return {n: exact.get(kinds[n], lambda v: v)(v) for n, v in params.items()}


def carried(spec: dict[str, Any], case: Case) -> Case:
    """The case with run parameters that a NUMBER_INTEGER carries; that any other fails has a test of its own."""
    kinds = {n: p["parameterType"] for n, p in spec["root"].get("inputDefinitions", {}).get("parameters", {}).items()}
    params = {n: max(-EXACT, min(v, EXACT)) if kinds[n] == "NUMBER_INTEGER" else v for n, v in case.params.items()}
    return replace(case, params=params)


def dags(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Every sub-DAG."""
    return [c["dag"] for c in spec["components"].values() if "dag" in c]


def beyond(spec: dict[str, Any]) -> bool:
    """Whether `kfp.local` cannot run it: it takes one of several parameters, but not of several artifacts, and knows no scheduled time."""
    if any(name in json.dumps(spec) for name in ("{{$.pipeline_job_schedule_time_utc}}", "{{$.pipeline_job_create_time_utc}}")):
        return True
    return any(len(o["artifactSelectors"]) > 1 for d in dags(spec) for o in d.get("outputs", {}).get("artifacts", {}).values())


def same(outcome: Outcome, expected: Any, spec: dict[str, Any]) -> None:
    assert expected.value is not None, expected.error
    assert outcome.error is None, outcome.log
    assert outcome.text == (None if expected.value == "null" and not spec["root"].get("outputDefinitions") else expected.value)


def equals_the_plain_call(case: Case, kfp: Engine, plain: Callable[[Case], Any], folder: Path) -> None:
    """By `kfp.local`, but for what it cannot do; what has sub-DAGs, by the service's rules too."""
    try:
        spec = kfp.compiled(case.source, folder)
    except CompileFailed as refused:
        if case in further() and {d.code for d in refused.diagnostics} == {"WYE4005"}:
            pytest.skip("the steps of an island do not share an image")
        raise
    case = carried(spec, case)
    given = arguments(spec, case.params)
    expected = plain(case)
    outcomes = [] if beyond(spec) else [kfp.run(folder, given, case.variables)]
    if dags(spec) or not outcomes:
        outcomes.append(kfp.by_the_rules(folder, given, case.variables))
    for outcome in outcomes:
        if case.fails:
            assert expected.error
            assert outcome.error, "the plain call raises, and the run succeeded"
        else:
            same(outcome, expected, spec)


def written(folder: Path, text: str) -> Case:
    source = folder / "flow.py"
    source.write_text(text, "utf-8")
    return Case("flow", source)
