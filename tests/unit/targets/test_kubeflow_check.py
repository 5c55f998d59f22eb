"""Our own check of a Kubeflow specification: what the compiler emits is without fault, and each way to break it is found."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from wye.driver import compile_source, compile_target
from wye_targets._kfp.check import check
from wye_targets.kubeflow import Kubeflow
from wye_targets.kubeflow.capabilities import Options

SOURCE = """\
from pathlib import Path
from wye import pipeline, step

@step(timeout=60, env={"A": "b"})
def make(n: int) -> tuple[Path, int]:
    Path("d").mkdir()
    return Path("d"), n

@step
def use(folder: Path, n: int, k: int) -> int:
    return n

@step
def note() -> None:
    pass

@pipeline
def flow(n: int = 3) -> int:
    folder, m = make(n)
    note()
    return use(folder, m, 7)
"""


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    source = tmp_path_factory.mktemp("source") / "flow.py"
    source.write_text(SOURCE)
    files, _ = compile_target(compile_source(source), Kubeflow(), Options())
    spec, platform = yaml.load_all(next(f.text for f in files if f.path == "pipeline.yaml"), yaml.CSafeLoader)
    return spec, platform


def at(tree: Any, path: str) -> Any:
    for key in filter(None, path.split("/")):
        tree = tree[key]
    return tree


def put(path: str, value: Any) -> Callable[[Any, Any], None]:
    parent, _, key = path.rpartition("/")
    return lambda spec, platform: at(spec, parent).__setitem__(key, value)


def drop(path: str) -> Callable[[Any, Any], None]:
    parent, _, key = path.rpartition("/")
    return lambda spec, platform: at(spec, parent).__delitem__(key)


def rename(path: str, new: str) -> Callable[[Any, Any], None]:
    parent, _, key = path.rpartition("/")
    return lambda spec, platform: at(spec, parent).__setitem__(new, at(spec, parent).pop(key))


USE = "root/dag/tasks/use"
MUTATIONS: list[tuple[Callable[[Any, Any], None], str]] = [
    (put(f"{USE}/componentRef", {"name": "comp-nope"}), "no component 'comp-nope'"),
    (put("components/comp-use/executorLabel", "exec-nope"), "no executor 'exec-nope'"),
    (put(f"{USE}/inputs/parameters/n/taskOutputParameter/producerTask", "nope"), "comes from nowhere"),
    (put(f"{USE}/inputs/parameters/n/taskOutputParameter/outputParameterKey", "nope"), "comes from nowhere"),
    (put(f"{USE}/inputs/artifacts/folder/taskOutputArtifact/outputArtifactKey", "out1"), "comes from nowhere"),
    (put("root/dag/tasks/make/inputs/parameters/n/componentInputParameter", "nope"), "comes from nowhere"),
    (put(f"{USE}/inputs/parameters/n", {"componentInputParameter": "n"}), "is STRING, and what it reads is NUMBER_INTEGER"),
    (put(f"{USE}/inputs/parameters/k/runtimeValue/constant", 7), "is STRING, and what it reads is int"),
    (put(f"{USE}/inputs/parameters/k", {"nonsense": 1}), "comes from nowhere"),
    (drop(f"{USE}/inputs/parameters/k"), "the input 'k' is not given"),
    (put(f"{USE}/inputs/parameters/extra", {"runtimeValue": {"constant": "1"}}), "has no input 'extra'"),
    (put(f"{USE}/dependentTasks", ["nope"]), "depends on 'nope'"),
    (put(f"{USE}/dependentTasks", []), "without waiting for it"),
    (put("root/dag/tasks/make/dependentTasks", ["use"]), "a cycle of tasks"),
    (put("root/dag/outputs/parameters/Output/valueFromParameter/producerSubtask", "nope"), "the output 'Output' comes from nowhere"),
    (drop("root/dag/outputs"), "the declared parameters are not those"),
    (rename("root/dag/tasks/note", "Note"), "not a name of"),
    (put("pipelineInfo/name", "a_b"), "not a name of"),
    (put("pipelineInfo/name", "use"), "has the pipeline's name"),
    (put("schemaVersion", "2.0.0"), "schemaVersion"),
    (put("components/comp-use/inputDefinitions/parameters/n/parameterType", "INT"), "has the type 'INT'"),
    (put("root/inputDefinitions/parameters/n/defaultValue", "3"), "the default of 'n' is not a NUMBER_INTEGER"),
    (drop("components/comp-make/outputDefinitions/artifacts/out0/artifactType"), "has no artifactType"),
    (put("components/comp-make/outputDefinitions/artifacts/out1", {"artifactType": {}}), "both a parameter and an artifact"),
    (put("deploymentSpec/executors/exec-use/container/args", ["{{$}}", "{{$}}"]), "must be one argument"),
    (put("deploymentSpec/executors/exec-use/container/args", ["{{$}}", "a {{b}}"]), "holds what KFP or Kubernetes expands"),
    (put("deploymentSpec/executors/exec-use/container/args", ["{{$}}", "é" * 70_000]), "takes more than 131071 bytes"),
    (drop("deploymentSpec/executors/exec-use/container/image"), "no image"),
    (put("deploymentSpec/executors/exec-make/container/env", [{"name": "A", "value": "$(B)"}]), "the variable A holds"),
    (put("components/comp-more", {"executorLabel": "exec-use"}), "no task uses it"),
    (put("deploymentSpec/executors/exec-more", {"container": {"image": "a", "args": ["{{$}}"]}}), "no component uses it"),
]  # fmt: skip


@pytest.mark.parametrize(("mutate", "fault"), MUTATIONS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_mutation_is_found(mutate: Callable[[Any, Any], None], fault: str, documents: tuple[dict[str, Any], dict[str, Any]]) -> None:
    spec, platform = copy.deepcopy(documents)
    assert check(spec, platform) == []
    mutate(spec, platform)
    assert any(fault in found for found in check(spec, platform)), check(spec, platform)


def test_platform_faults_are_found(documents: tuple[dict[str, Any], dict[str, Any]]) -> None:
    spec, platform = copy.deepcopy(documents)
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    executors["exec-make"]["podMetadata"] = {"labels": {"a": "{{workflow.name}}"}}
    executors["exec-nope"] = {}
    assert len(check(spec, platform)) == 2


# --- sub-DAGs -----------------------------------------------------------------------------------------------------------------------

REGIONS = """\
from wye import pipeline, step

class Thing:
    pass

@step
def make(n: int):
    return Thing()

@step
def names(n: int) -> list[str]:
    return [str(n)]

@step
def use(thing, name: str) -> str:
    return name

@step
def note(name: str) -> str:
    return name

@pipeline
def flow(n: int = 3, flag: bool = True) -> list[str]:
    thing = make(n)
    if flag:
        kept, name = thing, note("a")
    else:
        kept, name = make(n), note("b")
    found = [use(kept, x) for x in names(n)]
    try:
        last = note(name)
    finally:
        note("done")
    return [*found, last]
"""


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    source = tmp_path_factory.mktemp("source") / "flow.py"
    source.write_text(REGIONS)
    files, _ = compile_target(compile_source(source), Kubeflow(), Options())
    return next(iter(yaml.load_all(next(f.text for f in files if f.path == "pipeline.yaml"), yaml.CSafeLoader)))


ONEOF = "pipelinechannel--condition-branches-1-oneof"
MADE = "is STRING, and what it is made of is STRING"
DONE = "ALL_UPSTREAM_TASKS_COMPLETED"
ARM, OTHER, BRANCHES = "components/comp-condition-2", "components/comp-condition-3", "components/comp-condition-branches-1"
MAP, LOOP, TRY = "components/comp-map-4", "components/comp-for-loop-5", "components/comp-try-6"
PARTS: list[tuple[Callable[[Any, Any], None], str]] = [
    (put(f"{BRANCHES}/dag/tasks/condition-2/triggerPolicy/condition", "inputs.parameter_values['x'] == true"), "reads 'x'"),
    (drop(f"{BRANCHES}/dag/tasks/condition-2/triggerPolicy"), "one of several, and 'condition-2' has no condition"),
    (put(f"{BRANCHES}/dag/tasks/condition-3/dependentTasks", ["condition-2"]), "does not run when that is skipped"),
    (put(f"{BRANCHES}/dag/tasks/condition-2/inputs/parameters/pipelinechannel--flag/componentInputParameter", "x"), "comes from nowhere"),
    (drop(f"{BRANCHES}/inputDefinitions/artifacts"), "comes from nowhere"),
    (put(f"{ARM}/dag/outputs/parameters/{ONEOF}-2/valueFromParameter/producerSubtask", "x"), "comes from nowhere"),
    (drop(f"{ARM}/outputDefinitions/artifacts/{ONEOF}-1"), "the declared artifacts are not those"),
    (put(f"{OTHER}/outputDefinitions/parameters/{ONEOF}-2/parameterType", "BOOLEAN"), "is BOOLEAN, and what it is"),
    (put(f"{BRANCHES}/dag/outputs/parameters/{ONEOF}-2/valueFromOneof/parameterSelectors", []), "comes from nowhere"),
    (put(f"{MAP}/dag/tasks/for-loop-5/parameterIterator/items/inputParameter", "x"), "does not go through a LIST of STRINGs"),
    (put(f"{MAP}/dag/tasks/for-loop-5/parameterIterator/itemInput", "x"), "does not go through a LIST of STRINGs"),
    (put(f"{LOOP}/outputDefinitions/parameters/pipelinechannel--map-4-collected-1/parameterType", "STRING"), MADE),
    (drop(f"{LOOP}/inputDefinitions/parameters/pipelinechannel--for-loop-5-item"), "comes from nowhere"),
    (put(f"{MAP}/dag/tasks/for-loop-5/triggerPolicy", {"condition": "true"}), "a loop with a condition"),
    (put(f"{TRY}/dag/tasks/note-4/dependentTasks", ["exit-handler-7", "exit-handler-7"]), "at the exit of exactly one task"),
    (put(f"{TRY}/dag/tasks/note-4/triggerPolicy/strategy", "ALL_UPSTREAM_TASKS_SUCCEEDED"), "at the exit of exactly one task"),
    (put(f"{TRY}/dag/tasks/exit-handler-7/dependentTasks", ["note-4"]), "depends on 'note-4', which runs at an exit"),
    (put(f"{TRY}/dag/tasks/exit-handler-7/triggerPolicy", {"strategy": DONE}), "no task but those that run at an exit"),
    (put(f"{TRY}/dag/tasks/exit-handler-7/parameterIterator", {"itemInput": "x", "items": {}}), "at the exit of a loop"),
    (put("components/comp-exit-handler-7/dag/tasks/note-3/componentRef/name", "comp-try-6"), "a cycle of components"),
    (put("components/comp-exit-handler-7/dag/tasks/note-3/componentRef/name", "comp-note-4"), "more than one task uses it"),
]  # fmt: skip


@pytest.mark.parametrize(("mutate", "fault"), PARTS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_mutation_of_a_sub_dag_is_found(mutate: Callable[[Any, Any], None], fault: str, regions: dict[str, Any]) -> None:
    spec = copy.deepcopy(regions)
    assert check(spec, {}) == []
    mutate(spec, {})
    assert any(fault in found for found in check(spec, {})), check(spec, {})
