"""The job in, the files of its bundle out: `databricks.yml`, the same as `job.json`, a notebook per task, and what the notebooks run."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Sequence
from importlib.resources import files as resources
from typing import Any

from wye.backend.embed import program_files, runtime_files
from wye.backend.target import EmittedFile, emitted
from wye.backend.yaml import dump
from wye.ir.json import document
from wye_targets.databricks.adapter import VERBATIM
from wye_targets.databricks.lower import FILES, NOTEBOOKS, SOURCES, Job, Task, notebook_of
from wye_targets.databricks.readme import readme

HEAD = "# Compiled by Wye. README.md says how it is deployed.\n"
ROOT = "/".join(["/Workspace", "Users", "${workspace.current_user.userName}", ".bundle", "${bundle.name}", "${bundle.target}"])
"""Whoever deploys for good says where: production mode asks for it."""
MODULE, TURNS = "wye_databricks", "wye_databricks_turns"
_NOTEBOOK = re.compile(rb"(#|//|--) Databricks notebook source")

TEXT = """\
# Databricks notebook source
# The task `{task}` of the pipeline `{pipeline}`, from {place}. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("{task}", dbutils)
"""


def emit(job: Job) -> Sequence[EmittedFile]:
    below = {
        f"{MODULE}.py": (resources("wye_targets.databricks") / "adapter.py").read_text("utf-8"),
        "pipeline.json": document(job.spec),
        **{f"tasks/{t.key}.json": document(t.form) for t in job.tasks},
        **dict(runtime_files(interpreter=job.interpreter, guards=True)),
    }
    if any("loop" in t.form for t in job.tasks):
        below[f"{TURNS}.py"] = (resources("wye_targets.databricks") / "turns.py").read_text("utf-8")
    files = [EmittedFile(f"{SOURCES}/{path}", text) for path, text in below.items()]
    files += [emitted(f"{SOURCES}/programs/{p.id}/{path}", data) for p in job.programs for path, data in verbatim(program_files(p))]
    files += [EmittedFile(f"{NOTEBOOKS}/{t.key}.py", notebook(job, t)) for t in job.tasks]
    return [
        EmittedFile("databricks.yml", HEAD + dump(bundle(job))),
        EmittedFile("job.json", json.dumps(settings(job), indent=2) + "\n"),
        EmittedFile("README.md", readme(job)),
        *sorted(files, key=lambda f: f.path),
    ]


def settings(job: Job) -> dict[str, Any]:
    """The job as `jobs/create` takes it, once the variables are put in."""
    return {**job.job, "tasks": list(job.entries)}


def bundle(job: Job) -> dict[str, Any]:
    """The bundle, which finds the notebooks by their paths beside it."""
    tasks = []
    for entry in copy.deepcopy(job.entries):
        if "condition_task" not in entry:
            told = notebook_of(entry)
            told["notebook_path"] = told["notebook_path"].replace(FILES, ".") + ".py"
        tasks.append(entry)
    made: dict[str, Any] = {"bundle": {"name": job.name}}
    if job.variables:
        made["variables"] = {name: {"description": text} for name, text in job.variables.items()}
    if job.options.host:
        made["workspace"] = {"host": job.options.host}
    made["sync"] = {"include": [f"{NOTEBOOKS}/**", f"{SOURCES}/**"]}
    made["targets"] = {"dev": {"mode": "development", "default": True}, "prod": {"mode": "production", "workspace": {"root_path": ROOT}}}
    return {**made, "resources": {"jobs": {job.name: {**job.job, "tasks": tasks}}}}


def notebook(job: Job, task: Task) -> str:
    place = task.span.split(":")
    source = f"{_quiet(':'.join(place[:-2]))} line {place[-2]}" if len(place) > 2 else _quiet(task.span)
    return TEXT.format(task=task.key, pipeline=job.name, place=source)


def _quiet(text: str) -> str:
    """A path in a comment."""
    return re.sub(r"[^\w./ -]", "?", text, flags=re.ASCII)


def verbatim(files: Iterable[tuple[str, bytes]]) -> Iterable[tuple[str, bytes]]:
    """Files that the workspace would take for notebooks, and rename, have another name there."""
    for path, data in files:
        ours = path.endswith((".ipynb", VERBATIM)) or _NOTEBOOK.match(data.lstrip(b"\xef\xbb\xbf"))
        yield path + VERBATIM * bool(ours), data
