"""DAGs and tasks in them, on their way: where a value comes from in; its name at each border that it crosses, and the specification, out.

A value of an outer DAG is handed in as an input of each sub-DAG on its way, by the name that kfp's own compiler gives it
(`pipelinechannel--<task>-<output>`): kfp.local looks conditions and loops up by that name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

ARTIFACT = {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"}
CHANNEL = "pipelinechannel--"
ONLY = "Output"
"""The name of a component's only output, as of kfp's own components."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a value travels: the type of a parameter, or (None) an artifact; `many`: a list of such. `how` is the adapter's word for it."""

    parameter: str | None
    how: str
    many: bool = False

    def definition(self) -> dict[str, Any]:
        if self.parameter == "TASK_FINAL_STATUS":
            return {"isOptional": True, "parameterType": self.parameter}
        if self.parameter:
            return {"parameterType": "LIST" if self.many else self.parameter}
        return {"artifactType": ARTIFACT} | ({"isArtifactList": True} if self.many else {})


TEXT = Kind("STRING", "text")
TIME = Kind("STRING", "time")
STATUS = Kind("TASK_FINAL_STATUS", "failure")
TEXTS = Kind("STRING", "list", many=True)
FILE = Kind(None, "file")
FILES = Kind(None, "files", many=True)


@dataclass(frozen=True, slots=True)
class Origin:
    """A value where it is made: an output of a task of a DAG, or an input of the DAG itself. `waits`: what else must be done before it is
    read, in that DAG."""

    dag: Dag
    task: str | None
    key: str
    kind: Kind
    waits: frozenset[str] = frozenset()

    @property
    def channel(self) -> str:
        """Its name inside sub-DAGs."""
        if self.key.startswith(CHANNEL):
            return self.key
        if self.task is None:
            return CHANNEL + self.key
        # kfp.local takes `<task>-Output…` for the output `Output`, and what stands behind two hyphens for an output's name
        mark = "--" if self.key.startswith(ONLY) and self.key != ONLY else "-"
        return f"{CHANNEL}{self.task}{mark}{self.key}"


@dataclass(slots=True)
class Step:
    """A task of a DAG: what stands beside the reference to its component."""

    name: str
    title: str
    component: str
    given: dict[str, tuple[Kind, dict[str, Any]]] = field(default_factory=dict)
    """By input: how it travels, and where it comes from."""
    after: set[str] = field(default_factory=set)
    fields: dict[str, Any] = field(default_factory=dict)
    """Caching, retry, iterator, trigger policy."""

    def spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {"componentRef": {"name": self.component}, **self.fields}
        if self.after:
            spec["dependentTasks"] = sorted(self.after)
        inputs = split({n: (kind, source) for n, (kind, source) in self.given.items()})
        if inputs:
            spec["inputs"] = inputs
        spec["taskInfo"] = {"name": self.title}
        return dict(sorted(spec.items()))


@dataclass(slots=True, eq=False)
class Dag:
    """A DAG, with the task that stands for it in its parent. The root has no parent."""

    step: Step
    parent: Dag | None = None
    steps: dict[str, Step] = field(default_factory=dict)
    inputs: dict[str, Kind] = field(default_factory=dict)
    outputs: dict[str, tuple[Kind, list[tuple[str, str]]]] = field(default_factory=dict)
    """By name: the task and the output that it is, or one of which it is (oneof)."""
    joins: bool = False
    """Whether its outputs are each one of several."""

    @property
    def name(self) -> str:
        return self.step.name

    def add(self, step: Step) -> None:
        self.steps[step.name] = step

    def source(self, origin: Origin) -> tuple[dict[str, Any], frozenset[str]]:
        """How a task of this DAG reads a value, and what it must wait for."""
        artifact = origin.kind.parameter is None
        if origin.dag is not self:
            name = self.hand_in(origin)
            return {"componentInputArtifact" if artifact else "componentInputParameter": name}, frozenset()
        if origin.task is None:
            return {"componentInputArtifact" if artifact else "componentInputParameter": origin.key}, origin.waits
        what, key = ("taskOutputArtifact", "outputArtifactKey") if artifact else ("taskOutputParameter", "outputParameterKey")
        return {what: {key: origin.key, "producerTask": origin.task}}, origin.waits | {origin.task}

    def hand_in(self, origin: Origin) -> str:
        """Make a value of an outer DAG an input of this one. Its name here."""
        name = origin.channel
        if name not in self.inputs:
            assert self.parent, f"{name} is not a value of this pipeline"
            self.inputs[name] = origin.kind
            source, before = self.parent.source(origin)
            self.step.given[name] = (origin.kind, source)
            self.step.after |= before
        return name

    def hand_out(self, name: str, kind: Kind, made: Iterable[tuple[str, str]]) -> Origin:
        """Make outputs of tasks in this DAG one of its own. What it is in the parent."""
        assert self.parent
        self.outputs[name] = (kind, list(made))
        return Origin(self.parent, self.name, name, kind)

    def leaves(self) -> set[str]:
        """The tasks that no other waits for."""
        return self.steps.keys() - {n for s in self.steps.values() for n in s.after}

    def body(self) -> dict[str, Any]:
        dag: dict[str, Any] = {}
        if self.outputs:
            dag["outputs"] = split({n: (kind, self._output(kind, made)) for n, (kind, made) in self.outputs.items()})
        return dag | {"tasks": {n: s.spec() for n, s in sorted(self.steps.items())}}

    def _output(self, kind: Kind, made: list[tuple[str, str]]) -> dict[str, Any]:
        if kind.parameter is None:
            return {"artifactSelectors": [{"outputArtifactKey": key, "producerSubtask": task} for task, key in made]}
        found = [{"outputParameterKey": key, "producerSubtask": task} for task, key in made]
        return {"valueFromOneof": {"parameterSelectors": found}} if self.joins else {"valueFromParameter": found[0]}

    def component(self) -> dict[str, Any]:
        spec: dict[str, Any] = {"dag": self.body()}
        if self.inputs:
            spec["inputDefinitions"] = definitions(self.inputs)
        if self.outputs:
            spec["outputDefinitions"] = definitions({n: kind for n, (kind, _) in self.outputs.items()})
        return spec


def definitions(kinds: dict[str, Kind]) -> dict[str, Any]:
    """The declaration of inputs or outputs."""
    return split({n: (kind, kind.definition()) for n, kind in kinds.items()})


def split(entries: dict[str, tuple[Kind, dict[str, Any]]]) -> dict[str, Any]:
    """Artifacts and parameters apart, each by name."""
    both = {
        "artifacts": {n: e for n, (kind, e) in sorted(entries.items()) if kind.parameter is None},
        "parameters": {n: e for n, (kind, e) in sorted(entries.items()) if kind.parameter is not None},
    }
    return {k: v for k, v in both.items() if v}
