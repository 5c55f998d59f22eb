"""A region, a folder in S3 and a role in; whether SageMaker runs the conformance pipelines as they are meant out.

By the AWS CLI, with the commands that the README of a build has: `aws s3 sync`, `create-pipeline`, `start-pipeline-execution`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from calls import answer, compiled, run
from verify import FAILING, HANDLER, Ended, Values, each, facts, missing, typed

from wye.backend.write import write_build
from wye_targets.sagemaker import Sagemaker, SagemakerOptions

NEEDED = ("REGION", "STORE", "ROLE")
EXAMPLE = "TARGET=sagemaker REGION=eu-west-1 STORE=s3://my-bucket/wye ROLE=arn:aws:iam::123456789012:role/wye"
ENDS = {"Succeeded": True, "Failed": False, "Stopped": None, "CompletedWithFailures": None}


@dataclass(slots=True)
class Client:
    """`work`: a folder on this machine."""

    options: SagemakerOptions
    stamp: str
    work: Path
    pipelines: dict[str, str] = field(default_factory=dict)
    uploaded: bool = False

    def _aws(self, *words: str, cwd: Path | None = None) -> Any:
        return answer(["aws", *words, "--region", str(self.options.region), "--output", "json"], cwd)

    def _s3(self, *words: str, cwd: Path | None = None) -> None:
        run(["aws", "s3", *words, "--region", str(self.options.region), "--only-show-errors"], cwd)

    def deploy(self, pipeline: str, source: Path) -> None:
        build, name = self.work / pipeline, f"wye-verify-{self.stamp}-{pipeline}"
        write_build(build, compiled(source, pipeline, Sagemaker(), self.options))
        self.uploaded = True
        self._s3("sync", "upload", f"{self.options.store}/{pipeline}/", cwd=build)
        files = ["--cli-input-json", "file://create-pipeline.json", "--pipeline-definition", "file://pipeline.json"]
        self._aws("sagemaker", "create-pipeline", *files, "--pipeline-name", name, cwd=build)
        self.pipelines[pipeline] = name

    def start(self, pipeline: str, values: Values) -> str:
        given = [{"Name": n, "Value": v} for n, v in typed(values).items()]
        words = ["--pipeline-parameters", json.dumps(given)] if given else []
        made = self._aws("sagemaker", "start-pipeline-execution", "--pipeline-name", self.pipelines[pipeline], *words)
        return str(made["PipelineExecutionArn"])

    def _described(self, run: str) -> dict[str, Any]:
        found: dict[str, Any] = self._aws("sagemaker", "describe-pipeline-execution", "--pipeline-execution-arn", run)
        return found

    def state(self, run: str) -> tuple[str, bool]:
        state = str(self._described(run).get("PipelineExecutionStatus"))
        return state, state in ENDS

    def ended(self, pipeline: str, run: str) -> Ended:
        about = self._described(run)
        listed = self._aws("sagemaker", "list-pipeline-execution-steps", "--pipeline-execution-arn", run)["PipelineExecutionSteps"]
        steps = {str(s["StepName"]): s for s in listed}
        states, value = self._left(pipeline, run)
        notes = facts(value) if pipeline == "facts" else []
        if pipeline == "broken":
            late = steps.get("slow_2", {}).get("StepStatus", "was not started")
            notes = [f"a step that waits for none that has failed, when another one has: slow_2 {late}"]
            notes += [f"what a failed job has written is {'' if FAILING in states else 'not '}uploaded"]
        state = str(about.get("PipelineExecutionStatus"))
        handled = str(states.get(HANDLER, {}).get("status", "it has left nothing"))
        return Ended(state, ENDS.get(state), _failed(steps, states), handled, value, notes, str(about.get("FailureReason", "no reason")))

    def _left(self, pipeline: str, run: str) -> tuple[dict[str, Any], str | None]:
        """What each job has noted, and what the pipeline returned."""
        execution = run.rpartition("/")[2]
        place = self.work / "runs" / pipeline / execution
        only = ["--exclude", "*", "--include", "*/state.json", "--include", "*/outputs.json"]
        self._s3("sync", f"{self.options.store}/{pipeline}/runs/{execution}/values/", str(place), *only)
        states = {f.parents[1].name: json.loads(f.read_text("utf-8")) for f in place.glob("*/out/state.json")}
        value = place / "outputs" / "out" / "outputs.json"
        return states, value.read_text("utf-8") if value.exists() else None

    def stop(self, run: str) -> None:
        self._aws("sagemaker", "stop-pipeline-execution", "--pipeline-execution-arn", run)

    def clean(self) -> None:
        """The pipelines, and what is in S3. Of a pipeline with runs under way nothing else is to be had than that it cannot be deleted."""
        actions = [partial(self._aws, "sagemaker", "delete-pipeline", "--pipeline-name", n) for n in self.pipelines.values()]
        removal = [partial(self._s3, "rm", "--recursive", f"{self.options.store}/")] if self.uploaded else []
        each((*actions, *removal))


def _failed(steps: dict[str, Any], states: dict[str, Any]) -> dict[str, str]:
    """Tasks that have failed by themselves: as they have noted, or as SageMaker says of those that could note nothing."""
    noted = {n: str((s.get("error") or {}).get("message", "failed")) for n, s in states.items() if s.get("status") == "failed"}
    lost = {n: str(s.get("FailureReason", "failed")) for n, s in steps.items() if s.get("StepStatus") == "Failed"}
    kept = {n for n, s in states.items() if s.get("status") == "stopped"}
    return {n: m for n, m in (lost | noted).items() if n not in kept and not n.endswith("verdict")}


def client(settings: dict[str, str], folder: Path) -> Client | None:
    if missing(settings, NEEDED, EXAMPLE):
        return None
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    store = f"{settings['STORE'].rstrip('/')}/verify-{stamp}"
    return Client(SagemakerOptions(region=settings["REGION"], store=store, role=settings["ROLE"]), stamp, folder)
