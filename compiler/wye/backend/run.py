"""A checked pipeline and its parameters in; one run on this machine, in a folder of its own, and what came of it out.

.wye/runs/<run>/  plan.json  params.json  run.json  outputs.json
                  programs/<program>/…   tasks/<task>/{task.json,values.json,log.txt,out/,error.json}
A task in a loop has a folder for each iteration: tasks/<loop>/<n>/<task>/…
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, cast

from wye.backend.check import CheckedPipeline
from wye.backend.embed import program_files
from wye.diagnostics.suggest import did_you_mean
from wye.ir.json import dumps, plan_json
from wye.ir.model import Pipeline
from wye.runtime.launch import ProcessLauncher
from wye.runtime.outcome import Event, PlanResult, TaskResult
from wye.runtime.plan import run_plan, write
from wye.runtime.scope import every
from wye.runtime.values import CannotTravel, encode, parse_argument, plain, wire

Status = Literal["succeeded", "failed", "cancelled"]


class Text(str):
    """A parameter as a person typed it (`-p name=TEXT`); any other value is taken as it is."""

    __slots__ = ()


class RunInputError(Exception):
    """The run cannot start; `messages` are all the reasons."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a run. `message` says why it was ended from outside; `outputs_text` is the wire text of the returned value."""

    run_id: str
    status: Status
    outputs_text: str | None
    tasks: tuple[TaskResult, ...]
    folder: Path
    message: str | None = None

    @property
    def outputs(self) -> Any:
        """The returned value for people; an artifact is the path of its file."""
        return None if self.outputs_text is None else plain(self.outputs_text)


def run_local(
    checked: CheckedPipeline,
    params: Mapping[str, Any],
    *,
    root: Path = Path(".wye/runs"),
    workers: int | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> RunResult:
    """Run a pipeline that was checked for the local target. Raises `RunInputError` before anything has started."""
    plan = plan_json(checked.pipeline)
    values = check_inputs(plan, params)
    workers = workers or os.cpu_count() or 1
    run_id = time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(3)
    folder = _make_folder(root, run_id)
    _write_run(checked.pipeline, plan, values, folder)
    _note(folder, run_id, plan, "running", started=(started := time.time()))
    local = deepcopy(plan)
    for node in every(local["nodes"]):
        node.pop("packages", None)  # checked above
    launcher = ProcessLauncher(str(folder / "programs"), workers)
    result = run_plan(local, {n: {"text": text} for n, text in values.items()}, str(folder), launcher, workers, on_event)
    text = None
    if result.returned:
        text = _outputs_text(*result.returned)
        _write_text(folder / "outputs.json", text + "\n")
    _note(folder, run_id, plan, result.status, started=started, ended=time.time(), result=result)
    return RunResult(run_id, cast(Status, result.status), text, tuple(result.tasks), folder, result.message)


def check_inputs(plan: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, str]:
    """The wire text of every parameter of a plan. Raises `RunInputError` with all that is wrong or missing here."""
    problems: list[str] = []
    values = _parameters(plan, params, problems)
    seen: set[str] = set()
    for node in every(plan["nodes"]):
        for secret in node.get("secrets", ()):
            if secret["env"] not in os.environ and secret["env"] not in seen:
                seen.add(secret["env"])
                problems.append(f"secret `{secret['name']}` ({node['span']}): the environment variable {secret['env']} is not set")
        for package in node.get("packages", ()):
            missing = None if package in seen else unmet(package)
            seen.add(package)
            if missing:
                problems.append(f"package `{package}` ({node['span']}) {missing} in this environment; install it: pip install '{package}'")
    if problems:
        raise RunInputError(problems)
    return values


def _parameters(plan: Mapping[str, Any], params: Mapping[str, Any], problems: list[str]) -> dict[str, str]:
    from wye.runtime.types import from_json

    declared = {p["name"]: p for p in plan["parameters"]}
    for name in params:
        if name not in declared:
            problems.append(f"unknown parameter `{name}`; {did_you_mean(name, declared, 'parameters')}")
    values: dict[str, str] = {}
    for name, parameter in declared.items():
        if name not in params:
            if "default" in parameter:
                values[name] = wire(parameter["default"])
            else:
                problems.append(f"parameter `{name}` has no default and no value; give one: -p {name}=…")
            continue
        value, t = params[name], from_json(parameter["type"])
        try:
            values[name] = encode(parse_argument(value, t) if isinstance(value, Text) else value, t)
        except (TypeError, ValueError, CannotTravel) as error:
            problems.append(f"parameter `{name}`: {error}")
    return values


# --- packages --------------------------------------------------------------------------------------------------------------------

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?([^;@()]*)\)?\s*")
_CLAUSE = re.compile(r"(~=|==|!=|<=|>=|<|>)\s*v?(\d+(?:\.\d+)*)(\.\*)?")


def unmet(requirement: str) -> str | None:
    """Why this interpreter's environment does not meet a requirement ("is not installed"), or None when it does.

    What cannot be judged here (a marker, a URL, a pre-release) counts as not met.
    """
    match = _REQUIREMENT.fullmatch(requirement)
    if not match:
        return "cannot be checked"
    try:
        installed = metadata.version(match[1])
    except metadata.PackageNotFoundError:
        return "is not installed"
    clauses = [c.strip() for c in match[2].split(",") if c.strip()]
    if all(_holds(installed, clause) for clause in clauses):
        return None
    return f"is not met ({installed} is installed)"


def _holds(installed: str, clause: str) -> bool:
    if clause.startswith("==") and clause[2:].strip() == installed:
        return True
    wanted, have = _CLAUSE.fullmatch(clause), re.fullmatch(r"(\d+(?:\.\d+)*)(?:\.?post\d+)?(?:\+.*)?", installed)
    if not wanted or not have:
        return False
    op, star = wanted[1], bool(wanted[3])
    a, b = ([int(n) for n in m.split(".")] for m in (have[1], wanted[2]))
    prefix = (a + [0] * len(b))[: len(b)] == b
    if star:
        return prefix if op == "==" else not prefix if op == "!=" else False
    width = max(len(a), len(b))
    x, y = (tuple(v + [0] * (width - len(v))) for v in (a, b))
    if op == "~=":
        return len(b) > 1 and x >= y and a[: len(b) - 1] == b[:-1]
    return {"==": x == y, "!=": x != y, "<=": x <= y, ">=": x >= y, "<": x < y, ">": x > y}[op]


# --- the run's folder --------------------------------------------------------------------------------------------------------------


def _make_folder(root: Path, run_id: str) -> Path:
    if not root.exists():
        root.mkdir(parents=True)
        (root / ".gitignore").write_text("*\n")
    folder = root.absolute() / run_id
    folder.mkdir()
    return folder


def _write_run(pipeline: Pipeline, plan: dict[str, Any], values: dict[str, str], folder: Path) -> None:
    _write_text(folder / "plan.json", dumps(plan, indent=2) + "\n")
    _write_text(folder / "params.json", "{" + ",\n ".join(f"{json.dumps(n)}: {text}" for n, text in values.items()) + "}\n")
    for program in pipeline.programs:
        for path, text in program_files(program):
            place = folder / "programs" / program.id / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="")


def _note(folder: Path, run_id: str, plan: dict[str, Any], status: str, *, result: PlanResult | None = None, **times: float) -> None:
    """`run.json`: what this run is, and what became of it so far."""
    content: dict[str, Any] = {"run": run_id, "pipeline": plan["pipeline"], "status": status, "pid": os.getpid(), **times}
    if result:
        content |= {"message": result.message, "tasks": [asdict(t) for t in result.tasks]}
    write(str(folder / "run.json"), content)


def _write_text(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".tmp")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _outputs_text(file: str, format: str) -> str:
    """What the pipeline returned as wire text, without importing anything of the user's: an artifact is the path of its file."""
    if os.path.isdir(file):
        text = Path(file, "value.json").read_text("ascii")
        return wire(json.loads(text, object_hook=lambda d: os.path.join(file, d["$path"]) if list(d) == ["$path"] else d))
    with open(file, "rb") as stream:
        start = stream.read(2)
        if format == "bytes" or start == b"\x80\x04":
            return wire(file)
        return (start + stream.read()).decode("ascii")
