"""A pipeline document in; a run of it by the rules of the Kubeflow service, not of kfp.local, and what came of it, out.

It knows nothing of Wye: documents alone. Containers are run for real. The rules are those of kubeflow/pipelines 2.17 on Argo:
- backend/src/v2/compiler/argocompiler/dag.go: a task starts when all that it depends on have succeeded (`depends: a.Succeeded`); one whose
  condition is false is skipped, what depends on it omitted. A task with ALL_UPSTREAM_TASKS_COMPLETED is an exit hook of *each* task that
  it depends on; its failure changes no state of its DAG.
- backend/src/v2/driver/{dag,resolve}.go: how conditions, iterators, outputs of sub-DAGs, joins and collected outputs are resolved.
- backend/src/v2/driver/resolve.go: placeholders that are the whole of a constant; argocompiler/container.go: KFP_RETRY_INDEX.
- backend/src/v2/metadata/client.go (UpdateDAGExecutionsState): the state by which a join chooses. Only the end of a container updates it,
  and a task served from the cache has none: here every task with a cache is taken for one.
Ready tasks and iterations run in a random order, so that a dependency that is missing shows; but the drivers of all that is ready end
before any of their containers does.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

COMPLETE, CACHED, CANCELED, FAILED, RUNNING = "COMPLETE", "CACHED", "CANCELED", "FAILED", "RUNNING"


class Broken(Exception):
    """The driver of a task fails, or the service refuses the document."""


@dataclass(eq=False)
class Execution:
    """A task in a DAG: a container's, or a DAG with executions of its own. `phase` is Argo's word, `state` that of the metadata store."""

    name: str
    component: dict[str, Any]
    parent: Execution | None
    cached: bool = False
    phase: str = ""
    state: str = RUNNING
    inputs: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Any] = field(default_factory=dict)
    tasks: dict[str, Execution] = field(default_factory=dict)
    """A DAG's tasks by name; of a loop, its iterations by number."""
    count: int | None = None
    outputs: dict[str, Any] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def dag(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.component.get("dag")
        return found


@dataclass
class Result:
    """`ran`: every container that was started, in order, with what became of it."""

    succeeded: bool
    output: Any
    artifact: str | None
    ran: list[tuple[str, str]]
    log: str


Launch = Callable[[list[str], dict[str, str], Path], tuple[int, str]]
"""A container's command, its variables and a folder of its own in; its exit code and what it printed out."""


def process(python: str = sys.executable) -> Launch:
    """Containers as processes, with this Python as their `python3`."""

    def launch(argv: list[str], env: dict[str, str], cwd: Path) -> tuple[int, str]:
        argv = [python if argv[0] == "python3" else argv[0], *argv[1:]]
        try:
            done = subprocess.run(argv, env={**os.environ, **env}, capture_output=True, text=True, errors="replace", cwd=cwd)
        except OSError as problem:
            raise Broken(str(problem)) from None
        return done.returncode, done.stdout + done.stderr

    return launch


class Run:
    def __init__(self, spec: dict[str, Any], folder: Path, launch: Launch, variables: dict[str, str], seed: int) -> None:
        self.spec, self.folder, self.launch, self.variables = spec, folder, launch, variables
        self.random = random.Random(seed)
        created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.told = {
            "{{$.pipeline_job_uuid}}": f"run-{seed}",
            "{{$.pipeline_job_schedule_time_utc}}": "2026-01-31T06:00:00Z",
            "{{$.pipeline_job_create_time_utc}}": created,
        }
        self.ran: list[tuple[str, str]] = []
        self.log: list[str] = []

    # --- DAGs ------------------------------------------------------------------------------------------------------------------

    def run_dag(self, dag: Execution) -> None:
        """Run all tasks of a DAG; its phase afterwards."""
        assert dag.dag
        steps = dag.dag["tasks"]
        hooks: dict[str, str] = {}
        for name, step in steps.items():
            if is_hook(step):
                for before in dependencies(step):
                    hooks[before] = name  # the last one wins
            for before in dependencies(step):
                if before not in steps or (is_hook(steps[before]) and not is_hook(step)):
                    raise Broken(f"{dag.name}: {name} depends on {before!r}, which is no task of the DAG")
        waiting = {n for n, s in steps.items() if not is_hook(s)}
        if not waiting:
            raise Broken(f"{dag.name}: must contain one or more non-exit tasks")
        driven: list[str] = []
        while waiting or driven:
            ready = sorted(n for n in waiting if not any(b in waiting or b in driven for b in dependencies(steps[n])))
            if not ready and not driven:
                raise Broken(f"{dag.name}: a cycle")
            self.random.shuffle(ready)
            for name in ready:
                waiting.remove(name)
                met = all(b in dag.tasks and dag.tasks[b].phase == "Succeeded" for b in dependencies(steps[name]))
                if met and self.drive(dag, name, steps[name]):  # else omitted, or skipped
                    driven.append(name)
            if driven:
                name = driven.pop(self.random.randrange(len(driven)))
                self.run_task(dag.tasks[name], steps[name])
                if name in hooks and self.drive(dag, hooks[name], steps[hooks[name]]):
                    self.run_task(dag.tasks[hooks[name]], steps[hooks[name]])
        failed = any(t.phase == "Failed" for n, t in dag.tasks.items() if not is_hook(steps[n]))
        dag.phase = "Failed" if failed else "Succeeded"

    def drive(self, dag: Execution, name: str, step: dict[str, Any]) -> bool:
        """The driver of a task: whether the task is to run."""
        component = self.spec["components"][step["componentRef"]["name"]]
        task = Execution(name, component, dag, bool(step.get("cachingOptions", {}).get("enableCache")))
        dag.tasks[name] = task
        try:
            self.resolve_inputs(dag, task, step)
            condition = step.get("triggerPolicy", {}).get("condition")
            if condition and not evaluate(condition, task.inputs):
                task.phase, task.state = "Skipped", CANCELED
                return False
            return True
        except Broken as problem:
            self.fail(task, problem)
            return False

    def fail(self, task: Execution, problem: Broken) -> None:
        self.log.append(f"{task.name}: {problem}")
        task.phase, task.state = "Failed", FAILED

    def run_task(self, task: Execution, step: dict[str, Any]) -> None:
        try:
            if "parameterIterator" in step:
                self.run_loop(task, step)
            elif task.dag:
                self.run_dag(task)
            else:
                self.run_container(task, step)
        except Broken as problem:
            self.fail(task, problem)

    def run_loop(self, head: Execution, step: dict[str, Any]) -> None:
        iterator = step["parameterIterator"]
        items = iterator["items"]
        values = head.inputs[items["inputParameter"]] if "inputParameter" in items else json.loads(items["raw"])
        if not isinstance(values, list):
            raise Broken("the items are no list")
        head.count = len(values)
        order = list(range(len(values)))
        if step.get("iteratorPolicy", {}).get("parallelismLimit") != 1:
            self.random.shuffle(order)
        for i in order:
            one = Execution(head.name, head.component, head)
            head.tasks[str(i)] = one
            one.inputs = {n: v for n, v in head.inputs.items() if n != items.get("inputParameter")}
            one.inputs[iterator["itemInput"]] = values[i]
            one.artifacts = head.artifacts
            try:
                self.run_dag(one)
            except Broken as problem:
                self.fail(one, problem)
        head.phase = "Failed" if any(t.phase == "Failed" for t in head.tasks.values()) else "Succeeded"

    # --- inputs ----------------------------------------------------------------------------------------------------------------

    def resolve_inputs(self, dag: Execution, task: Execution, step: dict[str, Any]) -> None:
        declared = task.component.get("inputDefinitions", {})
        given = step.get("inputs", {})
        for name, source in given.get("parameters", {}).items():
            if "runtimeValue" in source:
                value = source["runtimeValue"]["constant"]
                value = self.told.get(value, value) if isinstance(value, str) else value
            elif "taskFinalStatus" in source:
                producer = dag.tasks[step["dependentTasks"][0]]
                value = {"state": producer.state, "pipelineTaskName": producer.name, "error": {}}
            elif "componentInputParameter" in source:
                if source["componentInputParameter"] not in dag.inputs:
                    raise Broken(f"parent DAG does not have input parameter {source['componentInputParameter']}")
                value = dag.inputs[source["componentInputParameter"]]
            else:
                at = source["taskOutputParameter"]
                value = self.upstream(dag, at["producerTask"], at["outputParameterKey"], artifact=False)
            task.inputs[name] = value
        for name, source in given.get("artifacts", {}).items():
            if "componentInputArtifact" in source:
                if source["componentInputArtifact"] not in dag.artifacts:
                    raise Broken(f"parent DAG does not have input artifact {source['componentInputArtifact']}")
                task.artifacts[name] = dag.artifacts[source["componentInputArtifact"]]
            else:
                at = source["taskOutputArtifact"]
                task.artifacts[name] = self.upstream(dag, at["producerTask"], at["outputArtifactKey"], artifact=True)
        for name, definition in declared.get("parameters", {}).items():
            if name == step.get("parameterIterator", {}).get("itemInput"):
                continue
            if name not in task.inputs:
                if not definition.get("isOptional") and "defaultValue" not in definition:
                    raise Broken(f"neither value nor default value provided for non-optional parameter {name!r}")
                continue
            task.inputs[name] = typed(name, task.inputs[name], definition["parameterType"])

    def upstream(self, dag: Execution, producer: str, key: str, *, artifact: bool) -> Any:
        """resolveUpstreamParameters, resolveUpstreamArtifacts."""
        if producer not in dag.tasks:
            raise Broken(f"producer task, {producer}, not in tasks")
        current = dag.tasks[producer]
        while current.dag:
            if current.count:
                return self.collect(current, key, artifact)
            task, key = self.producer(current, key, artifact)
            if task not in current.tasks:
                raise Broken(f"subTaskName, {task}, not in tasks")
            current = current.tasks[task]
        if artifact:
            if key not in current.made:
                raise Broken(f"cannot find output artifact key {key!r} in producer task {producer!r}")
            return [current.made[key]]
        return current.outputs.get(key)

    def collect(self, head: Execution, key: str, artifact: bool) -> list[Any]:
        """CollectInputs, with the keys as it carries them from one task to the next: breadth first, whatever the task."""
        found: list[Any] = []
        queue = [head]
        working = previous_key = key
        previous = head.name
        while queue:
            current = queue.pop(0)
            if current.name == previous:
                working = previous_key
            previous, previous_key = current.name, working
            if not current.dag:
                values = current.made if artifact else current.outputs
                if artifact and working not in values:
                    raise Broken(f"no artifact {working!r} of {current.name}")
                found.append(values.get(working))
                continue
            if current.count is not None:
                self.producer(current, working, artifact)
                queue += [current.tasks[str(i)] for i in range(current.count)]
                continue
            task, working = self.producer(current, working, artifact)
            if task not in current.tasks:
                raise Broken(f"{task}, not in tasks")
            queue.append(current.tasks[task])
        return found

    def producer(self, dag: Execution, key: str, artifact: bool) -> tuple[str, str]:
        """GetProducerTask."""
        assert dag.dag
        outputs = dag.dag.get("outputs", {}).get("artifacts" if artifact else "parameters", {})
        if key not in outputs:
            raise Broken(f"output key {key!r} not found in parent task {dag.name!r}")
        output = outputs[key]
        if "valueFromParameter" in output:
            return output["valueFromParameter"]["producerSubtask"], output["valueFromParameter"]["outputParameterKey"]
        word = "outputArtifactKey" if artifact else "outputParameterKey"
        selectors = output["artifactSelectors"] if artifact else output["valueFromOneof"]["parameterSelectors"]
        if artifact and len(selectors) == 1:
            return selectors[0]["producerSubtask"], selectors[0][word]
        for selector in selectors:
            task = dag.tasks.get(selector["producerSubtask"])
            if task and task.state in (COMPLETE, CACHED):
                return selector["producerSubtask"], selector[word]
        raise Broken(f"processing OneOf: No successful task found for output key {key!r} in parent task {dag.name!r}")

    # --- containers --------------------------------------------------------------------------------------------------------------

    def run_container(self, task: Execution, step: dict[str, Any]) -> None:
        executor = self.spec["deploymentSpec"]["executors"][task.component["executorLabel"]]["container"]
        declared = task.component.get("outputDefinitions", {})
        retries = step.get("retryPolicy", {}).get("maxRetryCount", 0)
        for attempt in range(retries + 1):
            place = Path(tempfile.mkdtemp(prefix=f"{task.name}-", dir=self.folder))
            outputs = {
                "parameters": {n: {"outputFile": str(place / "parameters" / n)} for n in declared.get("parameters", {})},
                "artifacts": {
                    n: {"artifacts": [{"name": n, "type": d["artifactType"], "uri": str(place / "artifacts" / n), "metadata": {}}]}
                    for n, d in declared.get("artifacts", {}).items()
                },
                "outputFile": str(place / "output.json"),
            }
            inputs = {"parameterValues": task.inputs, "artifacts": {n: {"artifacts": a} for n, a in task.artifacts.items()}}
            executor_input = dumped({"inputs": inputs, "outputs": outputs})
            argv = [a.replace("{{$}}", executor_input) for a in (*executor["command"], *executor.get("args", ()))]
            env = {**self.variables, **{e["name"]: e["value"] for e in executor.get("env", ())}}
            env |= {"KFP_RETRY_INDEX": str(attempt)} if retries else {}
            code, printed = self.launch(argv, env, place)
            self.log.append(f"--- {task.name}: {code}\n{printed}")
            self.ran.append((task.name, "failed" if code else "succeeded"))
            if code == 0:
                self.take(task, outputs, declared)
                task.phase = "Succeeded"
                task.state = CACHED if task.cached else COMPLETE
                if not task.cached:
                    assert task.parent
                    update(task.parent)
                return
        task.phase, task.state = "Failed", FAILED

    def take(self, task: Execution, outputs: dict[str, Any], declared: dict[str, Any]) -> None:
        """What the launcher collects when a container has ended."""
        for name, definition in declared.get("parameters", {}).items():
            path = Path(outputs["parameters"][name]["outputFile"])
            if not path.is_file():
                raise Broken(f"failed to read output parameter {name}")
            text = path.read_text("utf-8")
            task.outputs[name] = text if definition["parameterType"] == "STRING" else json.loads(text)
        for name in declared.get("artifacts", {}):
            (artifact,) = outputs["artifacts"][name]["artifacts"]
            if not os.path.exists(artifact["uri"]):
                raise Broken(f"no file of the output artifact {name}")
            task.made[name] = artifact


def update(dag: Execution) -> None:
    """UpdateDAGExecutionsState: from the DAG of a container that has ended, upwards."""
    expected = dag.count if dag.count is not None else len((dag.dag or {}).get("tasks", {}))
    states = [t.state for t in dag.tasks.values()]
    complete = sum(s in (COMPLETE, CACHED, CANCELED) for s in states)
    if complete != expected and FAILED not in states:
        return
    dag.state = COMPLETE if complete == expected else FAILED
    if dag.parent and dag.parent.parent:  # not the root's
        update(dag.parent)


def is_hook(step: dict[str, Any]) -> bool:
    return bool(step.get("triggerPolicy", {}).get("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED")


def dependencies(step: dict[str, Any]) -> list[str]:
    """Those declared, and those that inputs imply."""
    given = step.get("inputs", {})
    sources = [*given.get("parameters", {}).values(), *given.get("artifacts", {}).values()]
    implied = [s[k]["producerTask"] for s in sources for k in ("taskOutputParameter", "taskOutputArtifact") if k in s]
    return sorted({*step.get("dependentTasks", ()), *implied})


def typed(name: str, value: Any, kind: str) -> Any:
    """handleParamTypeValidationAndConversion. A value that is missing is the empty text."""
    if kind == "STRING":
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)
    fits: dict[str, Any] = {
        "TASK_FINAL_STATUS": dict,
        "BOOLEAN": bool,
        "LIST": list,
        "NUMBER_INTEGER": (int, float),
        "NUMBER_DOUBLE": (int, float),
    }
    if not isinstance(value, fits[kind]) or (kind.startswith("NUMBER") and isinstance(value, bool)):
        raise Broken(f"input parameter {name!r} type mismatch: expect {kind}, got {value!r}")
    return value


def dumped(value: Any) -> str:
    """JSON as the launcher writes it: a number without a fraction has none."""

    def plain(v: Any) -> Any:
        if isinstance(v, dict):
            return {k: plain(x) for k, x in v.items()}
        if isinstance(v, list):
            return [plain(x) for x in v]
        if isinstance(v, float) and v.is_integer() and abs(v) < 1e16:
            return "\0-0\0" if str(v) == "-0.0" else int(v)
        return v

    return json.dumps(plain(value), ensure_ascii=False).replace('"\\u0000-0\\u0000"', "-0")


# --- conditions -------------------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"\s*(?:(?P<name>inputs\.parameter_values\['(?P<key>[^']*)'\])|(?P<text>'[^'\\]*')|(?P<number>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
    r"|(?P<word>true|false|int)|(?P<op>==|!=|<=|>=|<|>|&&|\|\||!|\(|\)))"
)


def evaluate(condition: str, inputs: dict[str, Any]) -> bool:
    """A condition in the part of CEL that these documents need; a type that does not fit is an error, as there."""
    tokens: list[tuple[str, Any]] = []
    at = 0
    while condition[at:].strip():
        match = _TOKEN.match(condition, at)
        if not match:
            raise Broken(f"not a condition: {condition[at:]}")
        at = match.end()
        if match["name"]:
            if match["key"] not in inputs:
                raise Broken(f"no such key: {match['key']}")
            value = inputs[match["key"]]
            tokens.append(("value", float(value) if isinstance(value, int) and not isinstance(value, bool) else value))
        elif match["text"]:
            tokens.append(("value", match["text"][1:-1]))
        elif match["number"]:
            tokens.append(("value", float(match["number"]) if re.search(r"[.e]", match["number"]) else int(match["number"])))
        elif match["word"] in ("true", "false"):
            tokens.append(("value", match["word"] == "true"))
        else:
            tokens.append(("op", match["word"] or match["op"]))
    value = _either(tokens)
    if tokens or not isinstance(value, bool):
        raise Broken(f"return type is not bool: {condition}")
    return value


def _either(tokens: list[tuple[str, Any]]) -> Any:
    value = _both(tokens)
    while tokens and tokens[0] == ("op", "||"):
        tokens.pop(0)
        right = _both(tokens)
        value = _bool(value) or _bool(right)
    return value


def _both(tokens: list[tuple[str, Any]]) -> Any:
    value = _compared(tokens)
    while tokens and tokens[0] == ("op", "&&"):
        tokens.pop(0)
        right = _compared(tokens)
        value = _bool(value) and _bool(right)
    return value


def _compared(tokens: list[tuple[str, Any]]) -> Any:
    value = _operand(tokens)
    if not tokens or tokens[0][1] not in ("==", "!=", "<", "<=", ">", ">="):
        return value
    op = tokens.pop(0)[1]
    right = _operand(tokens)
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (value, right))
    if op in ("==", "!="):
        return bool((type(value) is type(right) or numbers) and value == right) == (op == "==")
    if not numbers:
        raise Broken(f"no such overload: {value!r} {op} {right!r}")
    return bool({"<": value < right, "<=": value <= right, ">": value > right, ">=": value >= right}[op])


def _operand(tokens: list[tuple[str, Any]]) -> Any:
    kind, value = tokens.pop(0)
    if kind == "value":
        return value
    if value == "!":
        return not _bool(_operand(tokens))
    if value not in ("(", "int"):
        raise Broken(f"unexpected {value}")
    if value == "int":
        tokens.pop(0)
    inner = _either(tokens)
    tokens.pop(0)
    return int(inner) if value == "int" else inner


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Broken(f"no such overload: {value!r} is no bool")
    return value


# --- a run ----------------------------------------------------------------------------------------------------------------------


def run(
    text: str,
    arguments: dict[str, Any],
    folder: Path,
    launch: Launch,
    variables: dict[str, str] | None = None,
    seed: int = 0,
) -> Result:
    """Run the pipeline whose documents are in `text`. Artifacts are below `folder`."""
    spec = next(iter(yaml.load_all(text, yaml.CSafeLoader)))
    folder.mkdir(parents=True, exist_ok=True)
    this = Run(spec, folder, launch, variables or {}, seed)
    root = Execution("root", spec["root"], None)
    output = artifact = None
    try:
        for name, definition in spec["root"].get("inputDefinitions", {}).get("parameters", {}).items():
            if name not in arguments and "defaultValue" not in definition:
                raise Broken(f"no value for the parameter {name!r}")
            root.inputs[name] = typed(name, arguments.get(name, definition.get("defaultValue")), definition["parameterType"])
        this.run_dag(root)
        if root.phase == "Succeeded":
            made = spec["root"]["dag"].get("outputs", {})
            if "Output" in made.get("parameters", {}):
                task, key = this.producer(root, "Output", False)
                output = this.upstream(root, task, key, artifact=False)
            elif "Output" in made.get("artifacts", {}):
                task, key = this.producer(root, "Output", True)
                artifact = this.upstream(root, task, key, artifact=True)[0]["uri"]
    except Broken as problem:
        this.log.append(str(problem))
        root.phase = "Failed"
    return Result(root.phase == "Succeeded", output, artifact, this.ran, "\n".join(this.log))
