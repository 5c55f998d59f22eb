"""A PipelineSpec and its platform document in, what is wrong with them out: what kfp's own loader takes without a word.

It accepts dangling references, unknown fields of executors, any name and any version; the service then fails in the middle of a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LABELS = {"comp-": "component", "exec-": "executor"}
_ARGUMENT_LIMIT = 131_071
_TYPES = ("BOOLEAN", "NUMBER_INTEGER", "NUMBER_DOUBLE", "STRING")
_EXPANDED = re.compile(r"\{\{|\$[($]")


def check(spec: dict[str, Any], platform: dict[str, Any]) -> list[str]:
    """Every fault, in a stable order."""
    return [*_names(spec), *_own_name(spec), *_executors(spec), *_components(spec), *_dag(spec), *_platform(spec, platform)]


def _names(spec: dict[str, Any]) -> Iterator[str]:
    if spec.get("schemaVersion") != "2.1.0":
        yield f"schemaVersion {spec.get('schemaVersion')!r}"
    tasks = spec["root"]["dag"]["tasks"]
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
    used = {t.get("componentRef", {}).get("name") for t in spec["root"]["dag"]["tasks"].values()}
    for name, component in spec["components"].items():
        if name not in used:
            yield f"component {name}: no task uses it"
        if component.get("executorLabel") not in spec["deploymentSpec"]["executors"]:
            yield f"component {name}: no executor {component.get('executorLabel')!r}"
        yield from _definitions(f"component {name}", component)
    yield from _definitions("root", spec["root"])


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
    wanted = {"BOOLEAN": bool, "NUMBER_INTEGER": float, "NUMBER_DOUBLE": float, "STRING": str}[kind] if kind in _TYPES else object
    return type(value) is wanted or wanted is object


def _dag(spec: dict[str, Any]) -> Iterator[str]:
    tasks = spec["root"]["dag"]["tasks"]
    edges: dict[str, set[str]] = {}
    for name, task in tasks.items():
        component = spec["components"].get(task.get("componentRef", {}).get("name"))
        if component is None:
            yield f"task {name}: no component {task.get('componentRef', {}).get('name')!r}"
            continue
        edges[name] = set(task.get("dependentTasks", ()))
        for other in sorted(edges[name] - tasks.keys()):
            yield f"task {name}: depends on {other!r}, which is no task"
        for kind, field in (("parameters", "parameterType"), ("artifacts", "artifactType")):
            declared = component.get("inputDefinitions", {}).get(kind, {})
            given = task.get("inputs", {}).get(kind, {})
            for key in sorted(declared.keys() ^ given.keys()):
                if key in given:
                    yield f"task {name}: the component has no input {key!r}"
                elif not declared[key].get("isOptional"):
                    yield f"task {name}: the input {key!r} is not given"
            for key in sorted(declared.keys() & given.keys()):
                yield from _source(f"task {name}: the input {key!r}", given[key], declared[key][field], edges[name], spec)
    yield from _outputs(spec)
    try:
        TopologicalSorter({n: sorted(e) for n, e in edges.items()}).prepare()
    except CycleError as error:
        yield f"a cycle of tasks: {' -> '.join(reversed(error.args[1]))}"


def _source(where: str, source: dict[str, Any], wanted: Any, after: Iterable[str], spec: dict[str, Any]) -> Iterator[str]:
    """One input of a task: what it reads must exist, have the type, and be waited for."""
    match source:
        case {"runtimeValue": {"constant": value}}:
            found: Any = wanted if _fits(value, wanted) else type(value).__name__
        case {"componentInputParameter": name}:
            found = spec["root"].get("inputDefinitions", {}).get("parameters", {}).get(name, {}).get("parameterType")
        case {"taskOutputParameter": {"producerTask": producer, "outputParameterKey": key}}:
            found = _output(spec, producer, "parameters", key).get("parameterType")
        case {"taskOutputArtifact": {"producerTask": producer, "outputArtifactKey": key}}:
            found = _output(spec, producer, "artifacts", key).get("artifactType")
        case _:
            found = None
    if found is None:
        yield f"{where} comes from nowhere: {source}"
    elif found != wanted:
        yield f"{where} is {wanted}, and what it reads is {found}"
    producers = [s["producerTask"] for s in source.values() if isinstance(s, dict) and "producerTask" in s]
    yield from (f"{where} reads {p!r} without waiting for it" for p in producers if p not in after)


def _output(spec: dict[str, Any], task: str, kind: str, key: str) -> dict[str, Any]:
    component = spec["root"]["dag"]["tasks"].get(task, {}).get("componentRef", {}).get("name")
    definitions = spec["components"].get(component, {}).get("outputDefinitions", {})
    found: dict[str, Any] = definitions.get(kind, {}).get(key, {})
    return found


def _outputs(spec: dict[str, Any]) -> Iterator[str]:
    declared = spec["root"].get("outputDefinitions", {})
    given = spec["root"]["dag"].get("outputs", {})
    for kind in ("parameters", "artifacts"):
        if declared.get(kind, {}).keys() != given.get(kind, {}).keys():
            yield f"root: the declared {kind} are not those that the tasks give"
    for name, source in given.get("parameters", {}).items():
        at = source.get("valueFromParameter", {})
        if not _output(spec, at.get("producerSubtask"), "parameters", at.get("outputParameterKey")):
            yield f"root: the output {name!r} comes from nowhere"
    for name, source in given.get("artifacts", {}).items():
        for at in source.get("artifactSelectors") or [{}]:
            if not _output(spec, at.get("producerSubtask"), "artifacts", at.get("outputArtifactKey")):
                yield f"root: the output {name!r} comes from nowhere"


def _platform(spec: dict[str, Any], platform: dict[str, Any]) -> Iterator[str]:
    kubernetes = platform.get("platforms", {}).get("kubernetes", {})
    for label, config in kubernetes.get("deploymentSpec", {}).get("executors", {}).items():
        if label not in spec["deploymentSpec"]["executors"]:
            yield f"platform document: no executor {label!r}"
        texts = [*config.get("podMetadata", {}).get("labels", {}).values(), *config.get("podMetadata", {}).get("annotations", {}).values()]
        if any("{{" in t for t in texts):
            yield f"platform document: {label}: a label or annotation holds what Argo expands"
