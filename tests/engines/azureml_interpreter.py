"""A compiled pipeline job alone in (no IR, no compiler), one run of it by the documented rules of Azure Machine Learning out.

Each job's command runs in bash, in a copy of what `code` uploads, with the outputs of other jobs as copies of the files that they left.
Jobs that may run at the same time run in a shuffled order. What the platform would refuse, or what this interpreter has no rule for,
raises `Refused`.

Rules, by page below https://learn.microsoft.com/azure/machine-learning/: bindings, and what `command` is made of reference-yaml-core-syntax
· continue_on_step_failure, force_rerun, literal inputs, outputs reference-yaml-job-pipeline · limits.timeout reference-yaml-job-command
· names that inputs may not have reference-yaml-component-command · reuse how-to-debug-pipeline-reuse-issues · modes of data
how-to-read-write-data-v2 · limits resource-limits-capacity, how-to-manage-quotas. How a literal is written is the SDK's (azure-ai-ml).
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

NAME, INPUT = re.compile(r"[a-z][a-z0-9_]{0,254}"), re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
RESERVED = {"path", "ld_library_path", "user", "logname", "home", "pwd", "shell"}
MAX_STEPS, MAX_INPUTS, MAX_OUTPUTS, MAX_TAGS, ARGUMENT, MOUNT = 30_000, 200, 20, 50, 131_071, 120
PARENT = re.compile(r"\$\{\{parent\.(?:inputs\.(\w+)|jobs\.(\w+)\.outputs\.(\w+)|outputs\.(\w+))\}\}")
OWN = re.compile(r"\$\{\{(inputs|outputs)\.(\w+)\}\}")
KNOWN = {
    "job": {"$schema", "type", "experiment_name", "tags", "settings", "inputs", "outputs", "jobs"},
    "settings": {"default_compute", "default_datastore", "continue_on_step_failure", "force_rerun"},
    "node": {"type", "component", "code", "command", "environment", "compute", "resources", "queue_settings", "identity", "limits", "tags",
             "inputs", "outputs"},
    "component": {"$schema", "type", "name", "is_deterministic", "code", "command", "environment", "inputs", "outputs"},
}  # fmt: skip
Json = dict[str, Any]
Execute = Callable[[list[str], Path], int]


class Refused(Exception):
    """The platform would not take it, or this interpreter does not know it."""


def need(condition: Any, message: str) -> None:
    if not condition:
        raise Refused(message)


@dataclass
class Deployed:
    """A pipeline job that could be created. `reused`: where the output of a job is that has run before, by all that counts for that."""

    job: Json
    build: Path
    code: str
    reused: dict[str, Path] = field(default_factory=dict)


@dataclass
class Run:
    """What a run came to. `results` are Completed, Failed and NotStarted, by job; `outputs` is what the pipeline returned."""

    state: str
    results: dict[str, str] = field(default_factory=dict)
    outputs: str | None = None
    log: str = ""
    started: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    result: Path | None = None


# --- what is looked at when it is created ---------------------------------------------------------------------------------------------


def deploy(build: Path) -> Deployed:
    job = yaml.load((build / "pipeline.yml").read_text("utf-8"), yaml.CSafeLoader)
    check(job, build)
    need(not any((build / "code" / n).exists() for n in (".amlignore", ".gitignore")), "files that are left out of the upload")
    digest = hashlib.sha256()
    for file in sorted(f for f in (build / "code").rglob("*") if f.is_file()):
        digest.update(f"{file.relative_to(build)}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\0".encode())
    return Deployed(job, build, digest.hexdigest())


def check(job: Json, build: Path) -> None:
    """The rules that a pipeline job is made by, also those that no code of the vendor's looks at before the service does."""
    need(not job.keys() - KNOWN["job"], f"unknown fields: {job.keys() - KNOWN['job']}")
    need(job["type"] == "pipeline", "not a pipeline job")
    settings = job["settings"]
    need(not settings.keys() - KNOWN["settings"], f"unknown settings: {settings.keys() - KNOWN['settings']}")
    need(str(settings["default_compute"]).startswith("azureml:"), "no default compute")
    need(settings["continue_on_step_failure"] is False and isinstance(settings["force_rerun"], bool), "settings without a rule here")
    need(1 <= len(job["jobs"]) <= MAX_STEPS, f"{len(job['jobs'])} jobs")
    _check_tags(job)
    _check_names(job.get("inputs", {}))
    for name, value in job.get("inputs", {}).items():
        need(isinstance(value, bool | int | float | str) and value != "", f"not a literal: {name}")
        need(not isinstance(value, str) or "${{" not in value, f"an expression as a literal: {name}")
    for name, node in job["jobs"].items():
        need(NAME.fullmatch(name), f"not the name of a job: {name!r}")
        try:
            _check_node(node, job, build)
        except Refused as refused:
            raise Refused(f"{name}: {refused}") from None
    order(job)


def _check_names(names: Mapping[str, Any]) -> None:
    for name in names:
        need(INPUT.fullmatch(name) and name.lower() not in RESERVED, f"not the name of an input: {name!r}")
    need(len({n.lower() for n in names}) == len(names), "two inputs with one name")


def _check_tags(about: Json) -> None:
    tags = about.get("tags", {})
    need(len(tags) <= MAX_TAGS, "too many tags")
    need(all(isinstance(v, str) and len(k) <= 100 and len(v) <= 1000 for k, v in tags.items()), "tags that are none")


def body(node: Json, build: Path) -> tuple[Json, Path]:
    """What a job runs, and the folder that paths in it begin at: that of its component's file, or of the pipeline job."""
    if "component" not in node:
        return node, build
    file = build / node["component"]
    need(file.is_file(), "no such component")
    return dict(yaml.safe_load(file.read_text("utf-8"))), file.parent


def _check_node(node: Json, job: Json, build: Path) -> None:
    need(not node.keys() - KNOWN["node"], f"unknown fields: {node.keys() - KNOWN['node']}")
    need(node["type"] == "command", "not a command job")
    apart, (runs, base) = "component" in node, body(node, build)
    need(not apart or not runs.keys() - KNOWN["component"], "unknown fields of the component")
    need(not apart or (runs["type"] == "command" and NAME.fullmatch(runs["name"])), "not a command component")
    need(not apart or not {"code", "command", "environment"} & node.keys(), "both a component and a command")
    need((base / runs["code"]).is_dir() and (base / runs["code"]).resolve() == (build / "code").resolve(), "no such code")
    environment = runs["environment"]
    need(not environment.keys() - {"image", "conda_file"} and isinstance(environment["image"], str), "an environment that is none")
    need("conda_file" not in environment or (base / environment["conda_file"]).is_file(), "no such conda file")
    inputs, outputs = node.get("inputs", {}), node["outputs"]
    _check_names(inputs)
    need(1 <= len(outputs) <= MAX_OUTPUTS, "outputs")
    data = 0
    for name, text in inputs.items():
        found = PARENT.fullmatch(str(text))
        need(found and not found[4], f"not a binding of an input: {text!r}")
        assert found
        if found[1]:
            need(found[1] in job.get("inputs", {}), f"no input {found[1]} of the pipeline")
        else:
            need(found[2] in job["jobs"] and found[3] in job["jobs"][found[2]]["outputs"], f"no output {text}")
            data += 1
        if apart:
            value = job.get("inputs", {}).get(found[1])
            kind = "boolean" if isinstance(value, bool) else "integer" if isinstance(value, int) else "string"
            need(runs["inputs"][name]["type"] == (kind if found[1] else "uri_folder"), f"the type of {name}")
    need(data <= MAX_INPUTS, f"{data} inputs that are data")
    for name, value in outputs.items():
        bound = PARENT.fullmatch(value) if isinstance(value, str) else None
        need(bound and bound[4] in job.get("outputs", {}) if isinstance(value, str) else value == {"mode": "upload"}, f"the output {name}")
    need(not apart or (runs.get("inputs", {}).keys() == inputs.keys() and runs["outputs"].keys() == outputs.keys()), "other ports")
    used = OWN.findall(runs["command"])
    need({n for kind, n in used if kind == "inputs"} == set(inputs), "the command reads other inputs")
    need({n for kind, n in used if kind == "outputs"} == set(outputs), "the command writes other outputs")
    need("${{" not in OWN.sub("", runs["command"]) and "$[[" not in runs["command"] and "\\\n" not in runs["command"], "the command")
    need(len(runs["command"]) + MOUNT * (data + 1) <= ARGUMENT, "a command that is too long for a shell")
    need(not isinstance(node.get("limits", {}).get("timeout", 1), bool), "limits.timeout")
    need(isinstance(node.get("limits", {}).get("timeout", 1), int) and node.get("limits", {}).get("timeout", 1) > 0, "limits.timeout")
    _check_tags(node)
    serverless = node.get("compute", job["settings"]["default_compute"]) == "azureml:serverless"
    need(serverless or "instance_type" not in node.get("resources", {}), "instance_type beside a cluster")


def waits(node: Json) -> set[str]:
    return {found[2] for v in node.get("inputs", {}).values() if (found := PARENT.fullmatch(v)) and found[2]}


def order(job: Json) -> list[str]:
    """The jobs, each after what it reads. Refuses a cycle."""
    left, done = dict(job["jobs"]), list[str]()
    while left:
        ready = [n for n, node in left.items() if waits(node) <= set(done)]
        need(ready, f"a cycle among {sorted(left)}")
        done += ready
        for name in ready:
            del left[name]
    return done


# --- a run ----------------------------------------------------------------------------------------------------------------------------


def literal(value: Any) -> str:
    """As the SDK writes it."""
    return str(value)


@dataclass
class _State:
    deployed: Deployed
    folder: Path
    texts: dict[str, str]
    env: dict[str, str]
    execute: Execute | None
    made: dict[str, Path] = field(default_factory=dict)
    log: str = ""


def run(
    deployed: Deployed,
    folder: Path,
    given: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    seed: int = 0,
    lost: frozenset[str] = frozenset(),
    execute: Execute | None = None,
    name: str = "busy_leaf_1",
) -> Run:
    """`az ml job create --set inputs.NAME=…`, and what comes of it. `lost`: jobs whose machine goes away. `execute` runs a command in
    place of a shell."""
    job, rng = deployed.job, random.Random(seed)
    literals = job.get("inputs", {}) | dict(given or {})
    need(literals.keys() == job.get("inputs", {}).keys(), f"no such inputs: {literals.keys() - job.get('inputs', {}).keys()}")
    folder.mkdir(parents=True)
    shutil.copytree(deployed.build / "code", folder / "code")
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("AZUREML_", "MSI_", "OBO_"))}
    variables |= {"AZUREML_ROOT_RUN_ID": name, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **(env or {})}
    state = _State(deployed, folder, {n: literal(v) for n, v in literals.items()}, variables, execute)
    found = Run("Completed", dict.fromkeys(job["jobs"], "NotStarted"))
    while found.state == "Completed":
        ready = [n for n, node in job["jobs"].items() if found.results[n] == "NotStarted" and waits(node) <= state.made.keys()]
        if not ready:
            break
        key = rng.choice(ready)
        again = _identity(state, key)
        if again in deployed.reused:
            state.made[key] = deployed.reused[again]
            found.reused.append(key)
            found.results[key] = "Completed"
            continue
        found.started.append(key)
        state.log += f"--- {key}\n"
        if key in lost or not _job(state, key):
            found.results[key], found.state = "Failed", "Failed"
        else:
            found.results[key] = "Completed"
            if again:
                deployed.reused[again] = state.made[key]
    need(found.state == "Failed" or "NotStarted" not in found.results.values(), "jobs that never start")
    found.log = state.log
    if found.state == "Completed" and "outputs" in job["jobs"]:
        found.result = state.made["outputs"]
        found.outputs = (found.result / "outputs.json").read_text("utf-8").rstrip("\n")
    return found


def _identity(state: _State, key: str) -> str:
    """All that counts for reuse, as text; empty when the job is not to be reused."""
    node, job = state.deployed.job["jobs"][key], state.deployed.job
    runs, _ = body(node, state.deployed.build)
    if job["settings"]["force_rerun"] or not runs.get("is_deterministic", True):
        return ""
    inputs = {n: str(_value(state, text)) for n, text in node.get("inputs", {}).items()}
    about = [state.deployed.code, runs["command"], runs["environment"], inputs, node["outputs"], node.get("resources")]
    return json.dumps(about, sort_keys=True)


def _value(state: _State, text: str) -> str | Path:
    found = PARENT.fullmatch(text)
    assert found
    return state.texts[found[1]] if found[1] else state.made[found[2]]


def _job(state: _State, key: str) -> bool:
    """Run a job; whether it has succeeded."""
    node = state.deployed.job["jobs"][key]
    (runs, base), place = body(node, state.deployed.build), state.folder / "jobs" / key
    put = {}
    for name, text in node.get("inputs", {}).items():
        value = _value(state, text)
        if isinstance(value, Path):
            if not value.exists():
                state.log += f"no data at {value}\n"
                return False
            mounted = place / f"INPUT_{name}"
            shutil.copytree(value, mounted)
            value = str(mounted)
        put["inputs", name] = value
    out = place / "OUTPUT_out"
    out.mkdir(parents=True)
    put |= {("outputs", name): str(out) for name in node["outputs"]}
    command = OWN.sub(lambda found: put[found[1], found[2]], runs["command"])
    need(len(command.encode()) <= ARGUMENT, "the command is too long for a shell")
    conda = runs["environment"].get("conda_file")
    code = _command(state, command, node, base / conda if conda else None)
    if code == 0:
        state.made[key] = _uploaded(out, state.folder / "store" / key)
    shutil.rmtree(place)
    return code == 0


def _command(state: _State, command: str, node: Json, conda: Path | None) -> int:
    cwd = state.folder / "code"
    if state.execute:
        return state.execute(shlex.split(command), cwd)
    env = dict(state.env)
    if conda:
        env["PATH"] = f"{_environment(conda)}:{env['PATH']}"
    limit = node.get("limits", {}).get("timeout")
    try:
        done = subprocess.run(["bash", "-c", command], cwd=cwd, env=env, capture_output=True, timeout=limit)
    except subprocess.TimeoutExpired:
        state.log += "cancelled: limits.timeout\n"
        return 1
    state.log += (done.stdout + done.stderr).decode("utf-8", "replace")
    return done.returncode


def _environment(file: Path) -> Path:
    """The folder of the Python of a conda file: this one's, if it has all of that."""
    from wye.testing.environments import python_environment

    (pip,) = [d["pip"] for d in yaml.safe_load(file.read_text("utf-8"))["dependencies"] if isinstance(d, dict)]
    installed = {d.name.lower() for d in metadata.distributions()}
    here = all(re.split(r"[^\w.-]", requirement)[0].lower() in installed for requirement in pip)
    return Path(sys.executable).parent if here else python_environment("azureml-job", pip).parent


def _uploaded(out: Path, store: Path) -> Path:
    """What is in the datastore after a job: files with their contents; neither folders nor modes nor links."""
    for file in sorted(out.rglob("*")):
        need(not file.is_symlink(), f"a link cannot be uploaded: {file}")
        if file.is_file():
            path = file.relative_to(out)
            need(not any(p.endswith(".") or "\\" in p for p in path.parts), f"no name for a blob: {path}")
            (store / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, store / path)
            (store / path).chmod(0o644)
    return store
