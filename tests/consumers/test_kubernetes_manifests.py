"""Every golden under the schema of Kubernetes' current API, unknown fields refused; so is every Job that a driver would make of it.

Every pod is as the Pod Security Standard *restricted* wants it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from kubernetes_validate import utils

from wye.driver import compile_source, compile_target
from wye.testing.cases import Case, examples, feature_cases
from wye_targets.kubernetes import Kubernetes
from wye_targets.kubernetes.capabilities import Options
from wye_targets.kubernetes.jobs import JobLauncher, Run
from wye_targets.kubernetes.placement import Placement, Toleration

ROOT = Path(__file__).parents[2]
CASES = {c.name: c for c in (*feature_cases(ROOT), *examples(ROOT)) if "kubernetes" in c.targets}
VERSION = "1.34"
FULL = Options(
    image="registry.example.com/base:1", image_pull_secrets=("registry",), storage_class="fast", storage="1Ti",
    access="ReadWriteMany",
    placement=Placement(
        namespace="pipelines", service_account="reader", node_selector={"pool": "batch"}, labels={"team": "a"}, annotations={"note": "b"},
        tolerations=(Toleration("pool", "Exists"),), priority_class="low", shared_memory="1Gi", image_pull_policy="Always",
    ),
)  # fmt: skip


def manifests(case: Case, options: Options) -> list[dict[str, Any]]:
    files, _ = compile_target(compile_source(case.source), Kubernetes(), options)
    return list(yaml.safe_load_all(next(f.text for f in files if f.path == "manifests.yaml")))


def text_of(documents: list[dict[str, Any]], name: str) -> str:
    """A file that the driver's pod unpacks."""
    data = {k: v for d in documents if d["kind"] == "ConfigMap" for k, v in d["data"].items()}
    return "".join(data[key] for key in json.loads(data["index.json"])[name])


def jobs(documents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The Job of an attempt of each task, as a driver makes it."""
    given = json.loads(text_of(documents, "jobs.json"))
    launcher = JobLauncher(None, Run("run-1", "0b7b7a4e-8d63-4a0a-9a53-4d0a7c3a7a11", "p/run-1", "node-1"), given, print)  # type: ignore[arg-type]
    for task in given["tasks"]:
        for id in (task, f"for_1[12].while_2[3].{task}"):
            folder = "/wye/run/tasks/" + id.replace("[", "/").replace("].", "/")
            yield launcher.manifest(launcher.name(id, 1), {"id": id, "span": "src/p.py:1:1"}, folder, 1)


@pytest.fixture(scope="module", autouse=True)
def schemas_are_read_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "schema_contents", cache(utils.schema_contents))
        yield


@pytest.mark.parametrize("options", [Options(), FULL], ids=["default", "full"])
@pytest.mark.parametrize("name", CASES)
def test_the_schema_takes_every_object(name: str, options: Options) -> None:
    documents = manifests(CASES[name], options)
    for content in (*documents, *jobs(documents)):
        kubernetes_validate.validate(content, VERSION, strict=True)


@pytest.mark.parametrize("name", CASES)
def test_every_pod_is_restricted(name: str) -> None:
    documents = manifests(CASES[name], Options())
    run = next(d for d in documents if d["kind"] == "CronJob")["spec"]["jobTemplate"]["spec"]
    for job in (run, *(j["spec"] for j in jobs(documents))):
        restricted(job["template"]["spec"])
        assert job["template"]["spec"]["automountServiceAccountToken"] is (job is run)


def restricted(pod: dict[str, Any]) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert {next(k for k in v if k != "name") for v in pod["volumes"]} <= {
        "configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret",
    }  # fmt: skip
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["readOnlyRootFilesystem"] is True
        assert not any("hostPort" in p for p in container.get("ports", ()))
