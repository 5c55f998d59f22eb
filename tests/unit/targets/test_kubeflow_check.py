"""Our own check of a Kubeflow specification: what the compiler emits is without fault, and each way to break it is found."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from wye.driver import compile_source, compile_target
from wye_targets.kubeflow import Kubeflow
from wye_targets.kubeflow.capabilities import Options
from wye_targets.kubeflow.check import check

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
    spec, platform = yaml.safe_load_all(next(f.text for f in files if f.path == "pipeline.yaml"))
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
