"""A resource group and a workspace in; whether Azure Machine Learning runs the conformance pipelines as they are meant out.

By the Azure CLI with its extension `ml`: `az ml job create`, `show`, `list`, `download`.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from calls import answer, compiled, run
from verify import FAILING, HANDLER, Ended, Refused, Values, facts, missing, typed

from wye.backend.write import write_build
from wye_targets.azureml import Azureml
from wye_targets.azureml.capabilities import AzuremlOptions
from wye_targets.azureml.placement import SERVERLESS, Placement

NEEDED = ("RESOURCE_GROUP", "WORKSPACE")
EXAMPLE = "TARGET=azureml RESOURCE_GROUP=my-group WORKSPACE=my-workspace"
ENDS = {"Completed": True, "Failed": False, "Canceled": None, "NotResponding": None, "Paused": None}
QUOTED = r'"\u0022x\u0022"'
"""JSON of a text in quotes: who reads it once finds `"x"`, who reads it twice `x`."""


@dataclass(slots=True)
class Client:
    """`where`: the words that name the workspace; `work`: a folder on this machine."""

    options: AzuremlOptions
    where: tuple[str, ...]
    work: Path
    count: int = 0
    builds: dict[str, Path] = field(default_factory=dict)

    def _az(self, *words: str, cwd: Path | None = None) -> Any:
        return answer(["az", "ml", "job", *words, *self.where, "--output", "json", "--only-show-errors"], cwd)

    def deploy(self, pipeline: str, source: Path) -> None:
        self.builds[pipeline] = self.work / pipeline
        write_build(self.builds[pipeline], compiled(source, pipeline, Azureml(), self.options))

    def start(self, pipeline: str, values: Values) -> str:
        """Values go into a copy of `pipeline.yml`; of `facts` they are given by `--set`, which may read them in its own way."""
        build = self.builds[pipeline]
        if pipeline == "facts":
            given = typed(values) | {"told": QUOTED}
            words = ["--file", "pipeline.yml", "--set", *(f"inputs.{name}={text}" for name, text in given.items())]
        else:
            self.count += 1
            job = yaml.safe_load((build / "pipeline.yml").read_text("utf-8"))
            texts = typed(values)
            job["inputs"] = job.get("inputs", {}) | {n: v if isinstance(v, bool | int) else texts[n] for n, v in values.items()}
            words = ["--file", f"run-{self.count}.yml"]
            (build / words[1]).write_text(json.dumps(job), "utf-8")  # JSON is YAML
        return str(self._az("create", *words, cwd=build)["name"])

    def state(self, run: str) -> tuple[str, bool]:
        state = str(self._az("show", "--name", run).get("status"))
        return state, state in ENDS

    def ended(self, pipeline: str, run: str) -> Ended:
        state = str(self._az("show", "--name", run).get("status"))
        jobs = {str(j.get("display_name")): j for j in self._az("list", "--parent-job-name", run)}
        good = ENDS.get(state)
        value = self._downloaded(run, "result", "outputs.json") if good else None
        states = {} if good else self._states(jobs)
        failed = {n: str((s.get("error") or {}).get("message", "failed")) for n, s in states.items() if s.get("status") == "failed"}
        for name, job in jobs.items():
            if job.get("status") == "Failed" and states.get(name, {}).get("status") not in ("failed", "stopped"):
                failed[name] = f"the job {job.get('name')} has failed, and left nothing"
        handled = str(states.get(HANDLER, {}).get("status", "it has left nothing"))
        words = {name: str(job.get("status")) for name, job in jobs.items()}
        notes = _notes(pipeline, run, value, words, states)
        return Ended(state, good, {n: m for n, m in failed.items() if not n.endswith("verdict")}, handled, value, notes, f"jobs: {words}")

    def _states(self, jobs: dict[str, Any]) -> dict[str, Any]:
        """What each job of a run has noted."""
        wanted = [n for n, j in jobs.items() if j.get("status") in ("Completed", "Failed")]
        with ThreadPoolExecutor(4) as pool:
            texts = list(pool.map(lambda n: self._downloaded(str(jobs[n]["name"]), "out", "state.json"), wanted))
        return {n: json.loads(text) for n, text in zip(wanted, texts, strict=True) if text}

    def _downloaded(self, job: str, output: str, file: str) -> str | None:
        place = self.work / "downloads" / job
        words = ["download", "--name", job, "--output-name", output, "--download-path", str(place), *self.where, "--only-show-errors"]
        try:
            run(["az", "ml", "job", *words])
        except Refused:  # what a failed job leaves may be nothing
            return None
        found = sorted(place.rglob(file))
        return found[0].read_text("utf-8") if found else None

    def stop(self, run: str) -> None:
        self._az("cancel", "--name", run)

    def clean(self) -> None:
        """Jobs stay, to be looked at: they cost nothing once they have ended."""


def _notes(pipeline: str, run: str, value: str | None, words: dict[str, str], states: dict[str, Any]) -> list[str]:
    if pipeline == "broken":
        late = words.get("slow_2", "was not started")
        kept = "" if FAILING in states else "not "
        return [f"beside the job that fails: slow_2 {late}", f"what a failed job has written is {kept}uploaded"]
    if pipeline != "facts":
        return []
    found = facts(value)
    if f"run: {run}" in found:
        found.append("AZUREML_ROOT_RUN_ID is the name of the pipeline job")
    if "told: x" in found:
        found.append("--set reads JSON itself: a text that has to be JSON is to be written twice so")
    return found


def client(settings: dict[str, str], folder: Path) -> Client | None:
    if missing(settings, NEEDED, EXAMPLE):
        return None
    if settings.get("SECRET") and not settings.get("KEY_VAULT"):
        raise Refused("SECRET is in a key vault here: KEY_VAULT=my-vault as well")
    place = Placement(compute=settings.get("COMPUTE") or SERVERLESS)
    options = AzuremlOptions(store=settings.get("STORE") or None, key_vault=settings.get("KEY_VAULT") or None, placement=place)
    where: tuple[str, ...] = ("--resource-group", settings["RESOURCE_GROUP"], "--workspace-name", settings["WORKSPACE"])
    if settings.get("SUBSCRIPTION"):
        where += ("--subscription", settings["SUBSCRIPTION"])
    return Client(options, where, folder)
