"""`make verify-cloud`, clients and pipelines, with clouds that are interpreters of their documented rules: all is as it should be.

What happens on the network is `tests/unit/targets/test_cloud_*.py`'s affair; here the artifacts run.
"""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import azureml_interpreter as azureml
import databricks_interpreter as databricks
import pytest
import sagemaker_interpreter as sagemaker
import yaml

from wye_targets.azureml.capabilities import AzuremlOptions
from wye_targets.databricks import DatabricksOptions
from wye_targets.sagemaker import SagemakerOptions

sys.path.append(str(Path(__file__).parents[1] / "cloud"))
calls, fakes, verify = (importlib.import_module(name) for name in ("calls", "fakes", "verify"))
on_azureml, on_databricks, on_sagemaker = (importlib.import_module(f"on_{n}") for n in ("azureml", "databricks", "sagemaker"))
ROLE = "arn:aws:iam::123456789012:role/wye"


def words(given: Sequence[str]) -> dict[str, str]:
    """Options of a command line, by name."""
    return {name: value for name, value in pairwise(given) if name.startswith("--")}


def databricks_run(workspace: Any, folder: Path) -> Any:
    """A run of a job in the workspace, when it is asked for."""

    def finish(job: dict[str, Any], given: dict[str, str]) -> Any:
        count = len(workspace.runs)
        place = folder / f"ws{count}"
        for path, data in workspace.files.items():
            (place / path[1:]).parent.mkdir(parents=True, exist_ok=True)
            (place / path[1:]).write_bytes(data)
        notebooks = {f"{place}{path}": text for path, text in workspace.notebooks.items()}
        there = databricks.Deployed(json.loads(json.dumps(job).replace("/Workspace/", f"{place}/")), notebooks, place)
        databricks.check(there.job, notebooks)
        run = databricks.run(there, folder / f"volumes{count}", given, {("db", "pw"): "secret"}, seed=count)
        errors = {key: "RuntimeError: this run is meant to fail" for key, word in run.results.items() if word == "FAILED"}
        return fakes.Finished(run.state, run.results, run.exits, errors)

    return finish


@dataclass(slots=True)
class Sagemaker(on_sagemaker.Client):  # type: ignore[misc, name-defined]
    there: dict[str, Any] = field(default_factory=dict)
    ran: dict[str, Any] = field(default_factory=dict)

    def _aws(self, *given: str, cwd: Path | None = None) -> Any:
        told = words(given)
        if given[1] == "create-pipeline":
            assert cwd
            self.there[told["--pipeline-name"]] = sagemaker.deploy(cwd, self.work / "s3", str(self.options.store).removeprefix("s3://"))
        if given[1] == "start-pipeline-execution":
            there = self.there[told["--pipeline-name"]]
            parameters = {p["Name"]: p["Value"] for p in json.loads(told.get("--pipeline-parameters", "[]"))}
            run = sagemaker.run(there, self.work / f"run{len(self.ran)}", parameters, {"db:pw": "secret"}, seed=len(self.ran))
            arn = f"arn:{there.name}/execution/e{there.runs:04}"
            self.ran[arn] = run
            return {"PipelineExecutionArn": arn}
        if given[1] == "describe-pipeline-execution":
            return {"PipelineExecutionStatus": self.ran[told["--pipeline-execution-arn"]].state}
        if given[1] == "list-pipeline-execution-steps":
            found = self.ran[told["--pipeline-execution-arn"]].steps
            return {"PipelineExecutionSteps": [{"StepName": n, "StepStatus": s} for n, s in found.items()]}
        return {}

    def _s3(self, *given: str, cwd: Path | None = None) -> None:
        if given[0] == "sync" and given[1].startswith("s3://"):
            shutil.copytree(self.work / "s3" / given[1].removeprefix("s3://"), given[2])
        if given[0] == "rm":
            shutil.rmtree(self.work / "s3" / given[2].removeprefix("s3://"))


@dataclass(slots=True)
class Azureml(on_azureml.Client):  # type: ignore[misc, name-defined]
    ran: dict[str, Any] = field(default_factory=dict)

    def _az(self, *given: str, cwd: Path | None = None) -> Any:
        told = words(given)
        if given[0] == "create":
            assert cwd
            inputs = yaml.safe_load((cwd / told["--file"]).read_text("utf-8")).get("inputs", {})
            if "--set" in given:
                inputs |= {n.removeprefix("inputs."): t for n, t in (w.split("=", 1) for w in given[given.index("--set") + 1 :])}
            name = f"job-{len(self.ran)}"
            self.ran[name] = azureml.run(azureml.deploy(cwd), self.work / name, inputs, seed=len(self.ran), name=name)
            return {"name": name}
        if given[0] == "show":
            return {"status": self.ran[told["--name"]].state}
        parent = told["--parent-job-name"]
        return [{"name": f"{parent} {n}", "display_name": n, "status": s} for n, s in self.ran[parent].results.items()]

    def _downloaded(self, job: str, output: str, file: str) -> str | None:
        parent, _, task = job.partition(" ")
        place = self.work / parent / "store" / (task or "outputs") / file
        return place.read_text("utf-8") if place.exists() else None


def quick(trial: Any) -> Any:
    """Without the time that tasks of `broken` take, for others to fail meanwhile."""
    return replace(trial, values=trial.values | {"seconds": 0}) if trial.pipeline == "broken" else trial


def verified(client: Any, folder: Path, secret: str = "db/pw") -> str:
    lines: list[str] = []
    made = [quick(t) for t in verify.trials({"SECRET": secret}, folder)]
    assert verify.verify(client, made, lines.append, pause=0), "\n".join(lines)
    assert len([line for line in lines if line.startswith("ok ")]) == len(made)
    return "\n".join(lines)


def test_databricks(tmp_path: Path) -> None:
    workspace = fakes.Workspace(lambda job, given: None)
    workspace.finish = databricks_run(workspace, tmp_path)
    with fakes.serving(workspace.answer) as address:
        options = DatabricksOptions(store="/Volumes/main/default/wye")
        said = verified(on_databricks.Client(calls.Api(address, workspace.token), f"{fakes.HOME}/verify", options), tmp_path)
    assert "size: 1099511627776" in said
    assert f"told: trigger {databricks.TRIGGERED}, start {databricks.STARTED}" in said


def test_sagemaker(tmp_path: Path) -> None:
    said = verified(Sagemaker(SagemakerOptions(region="eu-west-1", store="s3://a-bucket/wye", role=ROLE), "1", tmp_path), tmp_path)
    assert "WYE_PARAM_size: 1099511627776" in said
    assert "ratio: 0.30000000000000004" in said
    assert not (tmp_path / "s3" / "a-bucket" / "wye").exists()


def test_azureml(tmp_path: Path) -> None:
    said = verified(Azureml(AzuremlOptions(), (), tmp_path), tmp_path, secret="")
    assert "AZUREML_ROOT_RUN_ID is the name of the pipeline job" in said
    assert "size: 1099511627776" in said
    assert "--set reads JSON itself" not in said


def test_another_value_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the run itself, as no client need know the value."""
    monkeypatch.setattr(verify, "plain", lambda trial: '"something else"')
    lines: list[str] = []
    client = Sagemaker(SagemakerOptions(region="eu-west-1", store="s3://a-bucket/wye", role=ROLE), "1", tmp_path)
    assert not verify.verify(client, verify.TRIALS[:1], lines.append, pause=0)
    assert "agree: not what the plain call returns: [3, 0.30000000000000004" in "\n".join(lines)
