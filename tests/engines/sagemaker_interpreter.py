"""SageMaker Pipelines by its documented rules: a compiled folder and the parameters of a run in; what SageMaker would have made of it, out.

It reads the artifact alone: `pipeline.json`, and `upload/` copied to a folder that stands for S3 (`<bucket>/<key>`). Where the
documentation leaves something open it does what is worst for the artifact: empty objects are not kept, a failed job uploads nothing, after
a failure other steps are started or not (by the seed), a prefix takes whatever begins with it.

https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-pipeline.html
"""

from __future__ import annotations

import json
import os
import random
import re
import runpy
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MAX_STEPS, MAX_DEFINITION, MAX_VALUE, MAX_TEXT, MAX_INPUTS, MAX_VARIABLES = 50, 1_048_576, 1024, 256, 10, 100
ML, PROCESSING = "/opt/ml/", "/opt/ml/processing/"
STEP_KEYS = {
    "Processing": {"Name", "Type", "Arguments", "DependsOn", "RetryPolicies", "CacheConfig", "PropertyFiles", "DisplayName", "Description"},
    "Condition": {"Name", "Type", "Arguments", "DependsOn", "DisplayName", "Description"},
    "Fail": {"Name", "Type", "Arguments", "DependsOn", "DisplayName", "Description"},
}
EXECUTION = {"PipelineName", "PipelineExecutionId", "PipelineExecutionArn", "PipelineArn", "StartDateTime", "CurrentDateTime"}
PROPERTY = re.compile(r"Steps\.([A-Za-z0-9_-]+)\.ProcessingOutputConfig\.Outputs\['([A-Za-z0-9_-]+)'\]\.S3Output\.S3Uri")
PROPERTY_FILE = re.compile(r"Steps\.([A-Za-z0-9_-]+)\.PropertyFiles\.([A-Za-z0-9_-]+)")

Json = dict[str, Any]


class Refused(Exception):
    """SageMaker would not take it."""


def need(condition: Any, message: str) -> None:
    if not condition:
        raise Refused(message)


@dataclass
class Deployed:
    """A pipeline as CreatePipeline has taken it. `cache`: the outputs of finished steps by what they were made from. `runs`: how many."""

    definition: Json
    name: str
    s3: Path
    cache: dict[str, Json] = field(default_factory=dict)
    runs: int = 0


@dataclass(frozen=True)
class Run:
    state: str
    steps: dict[str, str]
    """What became of each step that has started: Succeeded or Failed."""
    log: str
    outputs: str | None
    """What stands in `outputs.json`."""
    started: list[str]
    hits: list[str]
    """The steps that a cache has answered for."""


# --- deploying ------------------------------------------------------------------------------------------------------------------------


def deploy(build: Path, s3: Path, place: str, *, quota: int = MAX_STEPS) -> Deployed:
    """`aws s3 sync upload s3://<place>/<name>/` and `create-pipeline`. `place`: a bucket, and a folder in it if there is one."""
    request = json.loads((build / "create-pipeline.json").read_text("utf-8"))
    text = (build / "pipeline.json").read_text("utf-8")
    need(len(text) <= MAX_DEFINITION, "the definition is too large")
    target = s3 / place / request["PipelineName"]
    for file in sorted((build / "upload").rglob("*")):
        if file.is_file():
            put(target / file.relative_to(build / "upload"), file.read_bytes())
    definition = json.loads(text)
    check(definition, quota)
    return Deployed(definition, request["PipelineName"], s3)


def put(place: Path, data: bytes) -> None:
    """An object. One that is empty is lost."""
    if data:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def flat(steps: list[Json], branch: tuple[str, ...] = ()) -> Iterator[tuple[Json, tuple[str, ...]]]:
    """All steps, each with the branches that it stands in."""
    for step in steps:
        yield step, branch
        if step["Type"] == "Condition":
            for arm in ("IfSteps", "ElseSteps"):
                yield from flat(step["Arguments"][arm], (*branch, f"{step['Name']}.{arm}"))


def references(value: Any) -> Iterator[str]:
    """What `Get` names, at any depth."""
    if isinstance(value, dict):
        if set(value) == {"Get"}:
            yield value["Get"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def waits_for(step: Json) -> set[str]:
    """The steps that a step waits for: those that it says, and those that it names."""
    own = {k: v for k, v in step.get("Arguments", {}).items() if k not in ("IfSteps", "ElseSteps")}
    named = {r.split(".")[1] for r in references(own) if r.startswith("Steps.")}
    return {*step.get("DependsOn", ()), *named}


def check(definition: Json, quota: int) -> None:
    """What CreatePipeline looks at."""
    need(definition["Version"] == "2020-12-01", "Version")
    need(not definition.keys() - {"Version", "Metadata", "Parameters", "PipelineExperimentConfig", "Steps"}, "unknown keys")
    parameters = [p["Name"] for p in definition["Parameters"]]
    need(len(set(parameters)) == len(parameters) <= 200, "parameters")
    kinds = {"String": str, "Integer": int, "Float": float, "Boolean": bool}
    for p in definition["Parameters"]:
        need(re.fullmatch(r"[A-Za-z0-9_-]{1,256}", p["Name"]), f"not the name of a parameter: {p['Name']}")
        need(not p.keys() - {"Name", "Type", "DefaultValue", "EnumValues"}, f"keys of {p['Name']}")
        if "DefaultValue" in p:
            need(type(p["DefaultValue"]) is kinds[p["Type"]], f"the default of {p['Name']} is no {p['Type']}")
            need(p["DefaultValue"] != "" and len(str(p["DefaultValue"])) <= MAX_VALUE, f"the default of {p['Name']}")
    steps = list(flat(definition["Steps"]))
    names = [s["Name"] for s, _ in steps]
    need(1 <= len(names) <= quota, f"{len(names)} steps")
    need(len(set(names)) == len(names), "two steps with one name")
    where = {s["Name"]: branch for s, branch in steps}
    by_name = {s["Name"]: s for s, _ in steps}
    for step, branch in steps:
        name = step["Name"]
        need(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name), f"not the name of a step: {name!r}")
        need(step["Type"] in STEP_KEYS, f"type of {name}")
        need(not step.keys() - STEP_KEYS[step["Type"]], f"keys of {name}: {step.keys() - STEP_KEYS[step['Type']]}")
        for other in waits_for(step):
            need(other in by_name and other != name, f"{name} waits for {other}, which is not there")
            need(where[other] == branch[: len(where[other])], f"{name} waits for {other}, which stands in a branch that it is not in")
        for reference in references(step):
            kind, _, rest = reference.partition(".")
            if kind == "Parameters":
                need(rest in parameters, f"{name}: no parameter {rest}")
            elif kind == "Execution":
                need(rest in EXECUTION, f"{name}: no {reference}")
            elif found := PROPERTY.fullmatch(reference):
                outputs = by_name[found[1]]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
                need(any(o["OutputName"] == found[2] for o in outputs), f"{name}: no {reference}")
            else:
                file = PROPERTY_FILE.fullmatch(reference)
                need(file, f"{name}: not a reference: {reference}")
                assert file
                known = [f["PropertyFileName"] for f in by_name[file[1]].get("PropertyFiles", ())]
                need(file[2] in known, f"{name}: no {reference}")
        if step["Type"] == "Processing":
            check_processing(step)
    done: set[str] = set()
    while len(done) < len(names):
        ready = {n for n in names if n not in done and waits_for(by_name[n]) <= done}
        need(ready, f"a cycle among {sorted(set(names) - done)}")
        done |= ready


def check_processing(step: Json) -> None:
    arguments, name = step["Arguments"], step["Name"]
    need("ProcessingJobName" not in arguments, f"{name} names its job")
    inputs, outputs = arguments.get("ProcessingInputs", []), arguments["ProcessingOutputConfig"]["Outputs"]
    need(len(inputs) <= MAX_INPUTS, f"{name} has {len(inputs)} inputs")
    need(len({i["InputName"] for i in inputs}) == len(inputs), f"two inputs of {name} with one name")
    places = [i["S3Input"]["LocalPath"] for i in inputs] + [o["S3Output"]["LocalPath"] for o in outputs]
    for place in places:
        need(place.startswith(PROCESSING), f"{name}: {place} is not below {PROCESSING}")
        need(sum(p == place or p.startswith(place + "/") for p in places) == 1, f"{name}: {place} is inside another")
    need(len(arguments.get("Environment", {})) <= MAX_VARIABLES, f"{name} has too many variables")
    for f in step.get("PropertyFiles", ()):
        need(f["OutputName"] in [o["OutputName"] for o in outputs], f"a property file of {name}")
    for policy in step.get("RetryPolicies", ()):
        within = 1 <= policy["MaxAttempts"] <= 20 and 1 <= policy["IntervalSeconds"] <= 43200 and policy["BackoffRate"] >= 1
        need(within, f"RetryPolicies of {name}")
        need(all(t.startswith("SageMaker.") for t in policy["ExceptionType"]), f"{name} replaces what Pipelines does by itself")
    if "CacheConfig" in step:
        age = step["CacheConfig"].get("ExpireAfter", "P1D")
        need(re.fullmatch(r"P([0-9]+D|T[0-9]+[HM])", age), f"ExpireAfter of {name}: {age}")


# --- a run ----------------------------------------------------------------------------------------------------------------------------


def given(definition: Json, values: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a run, as StartPipelineExecution takes them."""
    known = {p["Name"]: p for p in definition["Parameters"]}
    need(not values.keys() - known.keys(), f"no such parameters: {sorted(values.keys() - known.keys())}")
    found: dict[str, Any] = {}
    for name, p in known.items():
        if name not in values:
            need("DefaultValue" in p, f"the parameter {name} must be given")
            found[name] = p["DefaultValue"]
            continue
        text = values[name]
        need(isinstance(text, str) and len(text) <= MAX_VALUE, f"the value of {name}")
        try:
            found[name] = {"String": str, "Integer": int, "Float": float, "Boolean": lambda t: {"true": True, "false": False}[t.lower()]}[
                p["Type"]
            ](text)
        except (ValueError, KeyError):
            raise Refused(f"{name}: {text!r} is no {p['Type']}") from None
    return found


@dataclass
class Execution:
    deployed: Deployed
    id: str
    parameters: dict[str, Any]
    start: str
    work: Path
    secrets: Mapping[str, str]
    log: Path
    images: Mapping[str, Path]
    outputs: dict[str, Json] = field(default_factory=dict)
    """The outputs of each step that has succeeded, by name: where in S3."""

    def resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.resolved(v) for v in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Get"}:
            return self.got(value["Get"])
        if set(value) == {"Std:Join"}:
            parts = [self.resolved(v) for v in value["Std:Join"]["Values"]]
            return value["Std:Join"]["On"].join(p if isinstance(p, str) else json.dumps(p) for p in parts)
        if set(value) == {"Std:JsonGet"}:
            asked = value["Std:JsonGet"]
            found = PROPERTY_FILE.fullmatch(asked["PropertyFile"]["Get"])
            assert found
            step = next(s for s, _ in flat(self.deployed.definition["Steps"]) if s["Name"] == found[1])
            file = next(f for f in step["PropertyFiles"] if f["PropertyFileName"] == found[2])
            content = json.loads(self.object(self.outputs[found[1]][file["OutputName"]] + "/" + file["FilePath"]).read_text("utf-8"))
            for key in asked["Path"].split("."):
                content = content[key]
            return content
        return {k: self.resolved(v) for k, v in value.items()}

    def got(self, reference: str) -> Any:
        kind, _, rest = reference.partition(".")
        if kind == "Parameters":
            return self.parameters[rest]
        if kind == "Execution":
            known = {"PipelineExecutionId": self.id, "PipelineName": self.deployed.name, "StartDateTime": self.start}
            return known[rest]
        found = PROPERTY.fullmatch(reference)
        assert found
        need(found[1] in self.outputs, f"{reference}: the step has not run")
        return self.outputs[found[1]][found[2]]

    def object(self, uri: str) -> Path:
        need(uri.startswith("s3://"), f"not in S3: {uri}")
        return self.deployed.s3 / uri.removeprefix("s3://")

    # --- steps ------------------------------------------------------------------------------------------------------------------------

    def condition(self, step: Json) -> str:
        """Which branch."""
        holds = True
        for c in step["Arguments"]["Conditions"]:
            need(c["Type"] == "Equals", f"the interpreter knows no {c['Type']}")
            left, right = self.resolved(c["LeftValue"]), self.resolved(c["RightValue"])
            need(type(left) is type(right), f"{left!r} and {right!r} are of different types")
            holds = holds and left == right
        return "IfSteps" if holds else "ElseSteps"

    def processing(self, step: Json, lost: bool) -> bool:
        """One job. Whether it has completed."""
        arguments = self.resolved(step["Arguments"])
        key = json.dumps([arguments[k] for k in ("AppSpecification", "ProcessingInputs")] + [arguments.get("Environment")], sort_keys=True)
        if step.get("CacheConfig", {}).get("Enabled") and key in self.deployed.cache:
            self.outputs[step["Name"]] = self.deployed.cache[key]
            return True
        environment = arguments.get("Environment", {})
        for name, value in environment.items():
            need(re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name) and isinstance(value, str), f"{step['Name']}: the variable {name}")
            need(len(value) <= MAX_TEXT, f"{step['Name']}: the variable {name} has {len(value)} characters")
        image = arguments["AppSpecification"]["ImageUri"]
        need(re.fullmatch(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/\S+", image), f"not an image in ECR: {image}")
        need(re.fullmatch(r"arn:aws:iam::\d{12}:role/\S+", arguments["RoleArn"]), "not a role")
        root = self.work / step["Name"]
        if self.images:
            need(image in self.images, f"{step['Name']}: nobody has pushed {image}")
            for part in ("wye_runtime", "programs"):
                if (self.images[image] / part).is_dir():
                    shutil.copytree(self.images[image] / part, root / "opt/wye" / part)
        for one in arguments["ProcessingInputs"]:
            if not self.download(one["S3Input"]["S3Uri"], root / one["S3Input"]["LocalPath"].lstrip("/")):
                self.say(f"{step['Name']}: no S3 objects found under {one['S3Input']['S3Uri']}")
                return False
        for one in arguments["ProcessingOutputConfig"]["Outputs"]:
            (root / one["S3Output"]["LocalPath"].lstrip("/")).mkdir(parents=True)
        code = 137 if lost else self.container(arguments, environment, root)
        self.say(f"{step['Name']}: exit code {code}")
        if code == 0:
            made = {}
            for one in arguments["ProcessingOutputConfig"]["Outputs"]:
                place = one["S3Output"]["S3Uri"].rstrip("/")
                self.upload(root / one["S3Output"]["LocalPath"].lstrip("/"), place)
                made[one["OutputName"]] = place
            self.outputs[step["Name"]] = self.deployed.cache[key] = made
        elif not lost:
            message = root / "opt/ml/output/message"
            need(message.exists() and 0 < len(message.read_bytes()) <= 1024, f"{step['Name']} failed without a message")
        shutil.rmtree(root)
        return code == 0

    def download(self, uri: str, place: Path) -> bool:
        """All objects whose keys begin so."""
        start = uri.removeprefix("s3://")
        base = self.deployed.s3 / start if start.endswith("/") else (self.deployed.s3 / start).parent
        found = False
        for file in sorted(base.rglob("*")) if base.is_dir() else ():
            key = file.relative_to(self.deployed.s3).as_posix()
            if file.is_file() and key.startswith(start):
                target = place / key[len(start) :].lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
                found = True
        return found

    def upload(self, folder: Path, uri: str) -> None:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                put(self.object(f"{uri}/{file.relative_to(folder).as_posix()}"), file.read_bytes())

    def container(self, arguments: Json, environment: Mapping[str, str], root: Path) -> int:
        """The exit code of what the container starts."""
        entrypoint = arguments["AppSpecification"]["ContainerEntrypoint"]
        need(all(len(a) <= MAX_TEXT and "\n" not in a for a in entrypoint), "the entry point")
        need(re.match(r"python3|/", entrypoint[0]) and entrypoint[1:3] == ["-I", "-B"] and entrypoint[3].startswith(ML), f"{entrypoint}")
        variables = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR", "PIP_INDEX_URL", "PIP_CONFIG_FILE")}
        script = root / entrypoint[3].lstrip("/")
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            os._exit(contained(script, {**variables, **environment}, self.log, self.secrets))
        status = os.waitpid(child, 0)[1]
        need(time.monotonic() - began <= arguments["StoppingCondition"]["MaxRuntimeInSeconds"], "StoppingCondition")
        return os.waitstatus_to_exitcode(status)

    def say(self, text: str) -> None:
        with self.log.open("a", encoding="utf-8") as file:
            file.write(text + "\n")


def contained(script: Path, environment: Mapping[str, str], log: Path, secrets: Mapping[str, str]) -> int:
    """The script as the main program of this process. Secrets Manager answers from `secrets`."""
    try:
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        for number in (1, 2):
            os.dup2(output, number)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(script.parent)
        sys.path[:] = [p for p in sys.path if p and not p.startswith(str(Path(__file__).parents[1]))]
        sys.argv = [str(script)]
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        sys.stdout, sys.stderr = (open(n, "w", encoding="utf-8", buffering=1, closefd=False) for n in (1, 2))  # noqa: SIM115
        if secrets:
            import types

            module = types.ModuleType("secretsmanager")
            module.value = lambda name, key, ml: secrets[f"{name}:{key}" if key else name]  # type: ignore[attr-defined]
            sys.modules["secretsmanager"] = module
        runpy.run_path(str(script), run_name="__main__")
        return 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        traceback.print_exc()
        return 99
    finally:
        sys.stdout.flush()


def run(
    deployed: Deployed,
    work: Path,
    parameters: Mapping[str, str],
    secrets: Mapping[str, str] | None = None,
    seed: int = 0,
    lost: frozenset[str] = frozenset(),
    start: str | None = None,
    images: Mapping[str, Path] | None = None,
) -> Run:
    """`start-pipeline-execution`. `lost`: steps whose first machine goes away. `images`: those of one's own in ECR, each with the folder
    that it was built from."""
    rng = random.Random(seed)
    work.mkdir(parents=True, exist_ok=True)
    deployed.runs += 1
    execution = Execution(
        deployed, f"e{deployed.runs:04}", given(deployed.definition, parameters), start or datetime.now(UTC).isoformat(),
        work / "jobs", secrets or {}, work / "log.txt", images or {},
    )  # fmt: skip
    waiting, results, started, hits = list(deployed.definition["Steps"]), {}, [], []
    stops = rng.random() < 0.5  # whether SageMaker starts no more steps once one has failed
    while True:
        ready = [s for s in waiting if all(results.get(n) == "Succeeded" for n in waits_for(s))]
        if not ready or (stops and "Failed" in results.values()):
            break
        step = rng.choice(ready)
        waiting.remove(step)
        started.append(step["Name"])
        if step["Type"] == "Condition":
            waiting += step["Arguments"][execution.condition(step)]
            results[step["Name"]] = "Succeeded"
            continue
        attempts = 1 + sum(p["MaxAttempts"] for p in step.get("RetryPolicies", ()) if "SageMaker.JOB_INTERNAL_ERROR" in p["ExceptionType"])
        before = len(deployed.cache)
        good = execution.processing(step, step["Name"] in lost)
        if not good and step["Name"] in lost and attempts > 1:
            good = execution.processing(step, False)
        if good and step.get("CacheConfig") and len(deployed.cache) == before:
            hits.append(step["Name"])
        results[step["Name"]] = "Succeeded" if good else "Failed"
    state = "Failed" if "Failed" in results.values() else "Succeeded"
    if state == "Succeeded":
        need(not waiting, f"steps that never start: {[s['Name'] for s in waiting]}")
    written = next(iter(execution.outputs.get(n, {}).get("values") for n in ("outputs",)), None)
    file = execution.object(written + "/outputs.json") if written else None
    outputs = file.read_text("utf-8").strip() if file and file.exists() else None
    return Run(state, results, execution.log.read_text("utf-8") if execution.log.exists() else "", outputs, started, hits)
