"""A PipelineSpec and its platform document in, what is wrong with them out: what kfp's own loader takes without a word.

It accepts dangling references, unknown fields of executors, any name and any version; the service then fails in the middle of a run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

Part = dict[str, Any]

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LABELS = {"comp-": "component", "exec-": "executor"}
_ARGUMENT_LIMIT = 131_071
_TYPES = ("BOOLEAN", "NUMBER_INTEGER", "NUMBER_DOUBLE", "STRING", "LIST", "TASK_FINAL_STATUS")
_READ = re.compile(r"inputs\.parameter_values\['([^']*)'\]")
_EXPANDED = re.compile(r"\{\{|\$[($]")


def check(spec: dict[str, Any], platform: dict[str, Any]) -> list[str]:
    """Every fault, in a stable order."""
    faults = [*_names(spec), *_own_name(spec), *_executors(spec), *_components(spec)]
    loops = {t.get("componentRef", {}).get("name") for _, t in _tasks(spec) if "parameterIterator" in t}
    for name, dag in _dags(spec):
        faults += [*_dag(name, dag, spec), *_outputs(name, dag, spec, looped=name in loops)]
    return [*faults, *_platform(spec, platform)]


def _dags(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "root", spec["root"]
    yield from ((n, c) for n, c in spec["components"].items() if "dag" in c)


def _tasks(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for _, dag in _dags(spec):
        yield from dag["dag"]["tasks"].items()


def _names(spec: dict[str, Any]) -> Iterator[str]:
    if spec.get("schemaVersion") != "2.1.0":
        yield f"schemaVersion {spec.get('schemaVersion')!r}"
    tasks = [n for n, _ in _tasks(spec)]
    for kind, names in (("task", tasks), ("component", spec["components"]), ("executor", spec["deploymentSpec"]["executors"]),
                        ("pipeline", [spec["pipelineInfo"].get("name", "")])):  # fmt: skip
        for name in names:
            if not _NAME.fullmatch(name):
                yield f"{kind} {name!r}: not a name of lower-case letters, digits and `-`, at most 63"


def _own_name(spec: dict[str, Any]) -> Iterator[str]:
    """kfp loads a specification with a component or executor of the pipeline's name as that component."""
    name = spec["pipelineInfo"].get("name")
    if f"comp-{name}" in spec["components"] or f"exec-{name}" in spec["deploymentSpec"]["executors"]:
        yield f"a component or executor has the pipeline's name {name!r}"


def _executors(spec: dict[str, Any]) -> Iterator[str]:
    used = {c.get("executorLabel") for c in spec["components"].values()}
    for label, executor in spec["deploymentSpec"]["executors"].items():
        container = executor.get("container", {})
        arguments = [*container.get("command", ()), *container.get("args", ())]
        if label not in used:
            yield f"executor {label}: no component uses it"
        if not container.get("image"):
            yield f"executor {label}: no image"
        if arguments.count("{{$}}") != 1:
            yield f"executor {label}: the executor input must be one argument"
        for i, text in enumerate(arguments):
            if len(text.encode()) > _ARGUMENT_LIMIT:
                yield f"executor {label}: argument {i} takes more than {_ARGUMENT_LIMIT} bytes"
            if text != "{{$}}" and _EXPANDED.search(text):
                yield f"executor {label}: argument {i} holds what KFP or Kubernetes expands"
        for variable in container.get("env", ()):
            if _EXPANDED.search(variable["value"]):
                yield f"executor {label}: the variable {variable['name']} holds what KFP or Kubernetes expands"


def _components(spec: dict[str, Any]) -> Iterator[str]:
    used = Counter(t.get("componentRef", {}).get("name") for _, t in _tasks(spec))
    for name, component in spec["components"].items():
        if not used[name]:
            yield f"component {name}: no task uses it"
        elif used[name] > 1:
            yield f"component {name}: more than one task uses it, and kfp.local keeps a task's files by its component"
        if "dag" not in component and component.get("executorLabel") not in spec["deploymentSpec"]["executors"]:
            yield f"component {name}: no executor {component.get('executorLabel')!r}"
        yield from _definitions(f"component {name}", component)
    yield from _definitions("root", spec["root"])
    edges = {n: {t.get("componentRef", {}).get("name") for t in d["dag"]["tasks"].values()} for n, d in _dags(spec)}
    yield from _cycle("components", edges)


def _cycle(what: str, edges: dict[str, set[str]]) -> Iterator[str]:
    try:
        TopologicalSorter({n: sorted(e) for n, e in edges.items()}).prepare()
    except CycleError as error:
        yield f"a cycle of {what}: {' -> '.join(reversed(error.args[1]))}"


def _definitions(where: str, component: dict[str, Any]) -> Iterator[str]:
    for side in ("inputDefinitions", "outputDefinitions"):
        found = component.get(side, {})
        for name, parameter in found.get("parameters", {}).items():
            if parameter.get("parameterType") not in _TYPES:
                yield f"{where}: {name!r} has the type {parameter.get('parameterType')!r}"
            if "defaultValue" in parameter and not _fits(parameter["defaultValue"], parameter.get("parameterType")):
                yield f"{where}: the default of {name!r} is not a {parameter.get('parameterType')}"
        for name, artifact in found.get("artifacts", {}).items():
            if not {"schemaTitle", "schemaVersion"} <= artifact.get("artifactType", {}).keys():
                yield f"{where}: {name!r} has no artifactType"
        for name in found.get("parameters", {}).keys() & found.get("artifacts", {}).keys():
            yield f"{where}: {name!r} is both a parameter and an artifact"


def _fits(value: Any, kind: Any) -> bool:
    wanted = {"BOOLEAN": bool, "NUMBER_INTEGER": float, "NUMBER_DOUBLE": float, "STRING": str, "LIST": list}.get(str(kind), object)
    return type(value) is wanted or wanted is object


def _dag(name: str, dag: dict[str, Any], spec: dict[str, Any]) -> Iterator[str]:
    tasks = dag["dag"]["tasks"]
    edges: dict[str, set[str]] = {}
    if all(_is_hook(t) for t in tasks.values()):
        yield f"{name}: no task but those that run at an exit"
    for task, step in tasks.items():
        where = f"{name}: task {task}"
        component = spec["components"].get(step.get("componentRef", {}).get("name"))
        if component is None:
            yield f"{where}: no component {step.get('componentRef', {}).get('name')!r}"
            continue
        edges[task] = set(step.get("dependentTasks", ()))
        for other in sorted(edges[task]):
            yield from _dependency(where, other, tasks)
        yield from _inputs(where, step, component, dag, spec)
        yield from _trigger(where, step, component, tasks)
    yield from _cycle("tasks", edges)


def _is_hook(step: dict[str, Any]) -> bool:
    return "strategy" in step.get("triggerPolicy", {})


def _dependency(where: str, other: str, tasks: dict[str, Any]) -> Iterator[str]:
    """A task starts when those that it depends on have succeeded, and one that was skipped never has; a hook is no task of its DAG."""
    if other not in tasks:
        yield f"{where}: depends on {other!r}, which is no task"
    elif "condition" in tasks[other].get("triggerPolicy", {}):
        yield f"{where}: depends on {other!r}, and does not run when that is skipped"
    elif _is_hook(tasks[other]):
        yield f"{where}: depends on {other!r}, which runs at an exit"


def _inputs(where: str, step: Part, component: Part, dag: Part, spec: Part) -> Iterator[str]:
    iterator = step.get("parameterIterator", {})
    for kind in ("parameters", "artifacts"):
        declared = component.get("inputDefinitions", {}).get(kind, {})
        given = step.get("inputs", {}).get(kind, {})
        for key in sorted(declared.keys() ^ given.keys()):
            if key in given:
                yield f"{where}: the component has no input {key!r}"
            elif not declared[key].get("isOptional") and key != iterator.get("itemInput"):
                yield f"{where}: the input {key!r} is not given"
        for key in sorted(declared.keys() & given.keys()):
            yield from _source(f"{where}: the input {key!r}", given[key], _kind(declared[key]), step, dag, spec)
    if iterator:
        declared = component.get("inputDefinitions", {}).get("parameters", {})
        items, item = iterator["items"].get("inputParameter"), iterator.get("itemInput")
        if declared.get(items, {}).get("parameterType") != "LIST" or declared.get(item, {}).get("parameterType") != "STRING":
            yield f"{where}: does not go through a LIST of STRINGs: {items!r}, {item!r}"


def _kind(definition: dict[str, Any]) -> Any:
    """What must be the same at both ends: a parameter's type; an artifact's, and whether there are several."""
    if "artifactType" in definition:
        return definition["artifactType"], bool(definition.get("isArtifactList"))
    return definition.get("parameterType")


def _source(where: str, source: Part, wanted: Any, step: Part, dag: Part, spec: Part) -> Iterator[str]:
    """One input of a task: what it reads must exist, have the type, and be waited for."""
    inputs = dag.get("inputDefinitions", {})
    match source:
        case {"runtimeValue": {"constant": value}}:
            found: Any = wanted if _fits(value, wanted) else type(value).__name__
        case {"taskFinalStatus": {"producerTask": producer}} if producer in dag["dag"]["tasks"] and _is_hook(step):
            found = "TASK_FINAL_STATUS"
        case {"componentInputParameter": name}:
            found = _kind(inputs.get("parameters", {}).get(name, {}))
        case {"componentInputArtifact": name}:
            found = _kind(inputs.get("artifacts", {}).get(name, {}))
        case {"taskOutputParameter": {"producerTask": producer, "outputParameterKey": key}}:
            found = _kind(_output(dag, spec, producer, "parameters", key))
        case {"taskOutputArtifact": {"producerTask": producer, "outputArtifactKey": key}}:
            found = _kind(_output(dag, spec, producer, "artifacts", key))
        case _:
            found = None
    if found is None:
        yield f"{where} comes from nowhere: {source}"
    elif found != wanted:
        yield f"{where} is {wanted}, and what it reads is {found}"
    for producer in (s["producerTask"] for s in source.values() if isinstance(s, dict) and "producerTask" in s):
        if producer not in step.get("dependentTasks", ()):
            yield f"{where} reads {producer!r} without waiting for it"


def _output(dag: dict[str, Any], spec: dict[str, Any], task: str, kind: str, key: str) -> dict[str, Any]:
    component = dag["dag"]["tasks"].get(task, {}).get("componentRef", {}).get("name")
    definitions = spec["components"].get(component, {}).get("outputDefinitions", {})
    found: dict[str, Any] = definitions.get(kind, {}).get(key, {})
    return found


def _trigger(where: str, step: dict[str, Any], component: dict[str, Any], tasks: dict[str, Any]) -> Iterator[str]:
    policy = step.get("triggerPolicy", {})
    for name in _READ.findall(policy.get("condition", "")):
        if name not in component.get("inputDefinitions", {}).get("parameters", {}):
            yield f"{where}: its condition reads {name!r}, which is no input"
    if "condition" in policy and "parameterIterator" in step:
        yield f"{where}: a loop with a condition"
    if not _is_hook(step):
        return
    # The service hangs it on each task that it depends on, those that it reads among them: it would run once for each.
    if policy["strategy"] != "ALL_UPSTREAM_TASKS_COMPLETED" or len(step.get("dependentTasks", ())) != 1:
        yield f"{where}: does not run at the exit of exactly one task"
    for other in step.get("dependentTasks", ()):
        if "parameterIterator" in tasks.get(other, {}):
            yield f"{where}: runs at the exit of a loop, which has none"


def _outputs(name: str, dag: Part, spec: Part, *, looped: bool) -> Iterator[str]:
    declared = dag.get("outputDefinitions", {})
    given = dag["dag"].get("outputs", {})
    for kind in ("parameters", "artifacts"):
        if declared.get(kind, {}).keys() != given.get(kind, {}).keys():
            yield f"{name}: the declared {kind} are not those that the tasks give"
        for key in sorted(declared.get(kind, {}).keys() & given.get(kind, {}).keys()):
            made = list(_selectors(given[kind][key]))
            if not made:
                yield f"{name}: the output {key!r} comes from nowhere"
            for task, port in made:
                found = _kind(_output(dag, spec, task, kind, port))
                if not found or found == (None, False):
                    yield f"{name}: the output {key!r} comes from nowhere"
                elif _collected(found) != _kind(declared[kind][key]) if looped else found != _kind(declared[kind][key]):
                    yield f"{name}: the output {key!r} is {_kind(declared[kind][key])}, and what it is made of is {found}"
                if (len(made) > 1) > ("condition" in dag["dag"]["tasks"].get(task, {}).get("triggerPolicy", {})):
                    yield f"{name}: the output {key!r} is one of several, and {task!r} has no condition"


def _selectors(output: dict[str, Any]) -> Iterator[tuple[str, str]]:
    several = output.get("artifactSelectors") or output.get("valueFromOneof", {}).get("parameterSelectors")
    for at in filter(None, several or [output.get("valueFromParameter")]):
        yield at.get("producerSubtask"), at.get("outputParameterKey") or at.get("outputArtifactKey")


def _collected(kind: Any) -> Any:
    """What the iterations of a loop give, as the loop gives it."""
    return "LIST" if isinstance(kind, str) else (kind[0], True)


def _platform(spec: dict[str, Any], platform: dict[str, Any]) -> Iterator[str]:
    kubernetes = platform.get("platforms", {}).get("kubernetes", {})
    for label, config in kubernetes.get("deploymentSpec", {}).get("executors", {}).items():
        if label not in spec["deploymentSpec"]["executors"]:
            yield f"platform document: no executor {label!r}"
        texts = [*config.get("podMetadata", {}).get("labels", {}).values(), *config.get("podMetadata", {}).get("annotations", {}).values()]
        if any("{{" in t for t in texts):
            yield f"platform document: {label}: a label or annotation holds what Argo expands"
