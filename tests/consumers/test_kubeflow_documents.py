"""What kfp's own compiler writes for the same settings is what we write; its messages take our documents."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from wye.driver import compile_source, compile_target
from wye.testing.environments import engine
from wye_targets.kubeflow import Kubeflow
from wye_targets.kubeflow.capabilities import Options
from wye_targets.kubeflow.placement import Placement

OURS = """\
from wye import Resources, Retry, Secret, pipeline, step

@step(resources=Resources(cpu=0.5, memory="2Gi", gpu=1, gpu_type="Tesla-T4", disk="50Gi"), retry=Retry(2, delay="30s", backoff=2),
      timeout=60, env={"A": "b"}, secrets=[Secret("db", env="PW", key="pw"), Secret("tok", env="TOKEN")], cache=True,
      tags={"team": "x", "note": "a story"}, image="python:3.12")
def work(n: int) -> str:
    return str(n)

@step(targets={"kubeflow": {
    "node_selector": {"pool": "a"}, "labels": {"team": "y"}, "annotations": {"note": "a b"}, "image_pull_policy": "Always",
    "shared_memory": "2Gi", "tolerations": [
        {"key": "spot", "operator": "Exists", "effect": "NoExecute", "seconds": 60},
        {"key": "gpu", "operator": "Equal", "value": "t4", "effect": "NoSchedule"},
    ],
}})
def more(text: str) -> str:
    return text

@pipeline(timeout="1h")
def flow(n: int = 3) -> str:
    return more(work(n))
"""

THEIRS = """\
import sys
from kfp import compiler, dsl, kubernetes as k

@dsl.component(base_image="python:3.12")
def work(n: int) -> str:
    return str(n)

@dsl.component
def more(text: str) -> str:
    return text

@dsl.pipeline(pipeline_config=dsl.PipelineConfig(active_deadline_seconds=3600))
def flow(n: int = 3) -> str:
    t = work(n=n)
    t.set_cpu_request("500m").set_cpu_limit("500m").set_memory_request("2Gi").set_memory_limit("2Gi")
    t.set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(1).set_env_variable("A", "b").set_caching_options(True)
    t.set_retry(2, backoff_duration="30s", backoff_factor=2, backoff_max_duration="3600s")
    k.set_timeout(t, 960)
    k.add_node_selector(t, "nvidia.com/gpu.product", "Tesla-T4")
    k.add_ephemeral_volume(t, "disk", "/wye/disk", ["ReadWriteOnce"], "50Gi")
    k.use_secret_as_env(t, "db", {"pw": "PW"})
    k.use_secret_as_volume(t, "tok", "/wye/secrets/TOKEN")
    k.add_pod_label(t, "team", "x")
    k.add_pod_annotation(t, "note", "a story")
    k.set_image_pull_secrets(t, ["pull"])
    m = more(text=t.output)
    m.set_caching_options(False)
    k.set_image_pull_secrets(m, ["pull"])
    k.add_node_selector(m, "pool", "a")
    k.add_pod_label(m, "team", "y")
    k.add_pod_annotation(m, "note", "a b")
    k.set_image_pull_policy(m, "Always")
    k.empty_dir_mount(m, volume_name="shm", mount_path="/dev/shm", medium="Memory", size_limit="2Gi")
    k.add_toleration(m, key="spot", operator="Exists", effect="NoExecute", toleration_seconds=60)
    k.add_toleration(m, key="gpu", operator="Equal", value="t4", effect="NoSchedule")
    return m.output

compiler.Compiler().compile(flow, sys.argv[1])
"""


@pytest.fixture(scope="module")
def python() -> Path:
    return engine("kfp", ("kfp==2.17.0", "kfp-kubernetes==2.17.0"))


@pytest.fixture
def both(python: Path, tmp_path: Path) -> tuple[list[Any], list[Any]]:
    """Our documents and theirs."""
    (tmp_path / "flow.py").write_text(OURS)
    files, _ = compile_target(compile_source(tmp_path / "flow.py"), Kubeflow(), Options(image_pull_secrets=("pull",)))
    (tmp_path / "theirs.py").write_text(THEIRS)
    subprocess.run([python, "-W", "ignore", tmp_path / "theirs.py", tmp_path / "theirs.yaml"], check=True)
    (tmp_path / "ours.yaml").write_text(files[0].text)
    return tuple(list(yaml.safe_load_all((tmp_path / n).read_text())) for n in ("ours.yaml", "theirs.yaml"))  # type: ignore[return-value]


def test_the_documents_are_kfps(both: tuple[list[Any], list[Any]]) -> None:
    (ours, our_platform), (theirs, their_platform) = both
    for spec in (ours, theirs):
        for executor in spec["deploymentSpec"]["executors"].values():
            for own in ("args", "command", "image"):
                executor["container"].pop(own)
        task = spec["root"]["dag"]["tasks"]["work"]
        assert int(task["retryPolicy"].pop("backoffMaxDuration")[:-1]) > 0
    # between tasks, and in the component that a task has, a value is JSON in a STRING; kfp's own types differ there
    ours["components"]["comp-work"]["inputDefinitions"] = theirs["components"]["comp-work"]["inputDefinitions"]
    theirs["pipelineInfo"].pop("description", None)
    assert ours == theirs
    assert our_platform == their_platform


def test_kfps_messages_take_the_documents(python: Path, both: tuple[list[Any], list[Any]], tmp_path: Path) -> None:
    driver = Path(__file__).parents[1] / "engines" / "kfp_driver.py"
    program = f"import sys; sys.path[:0] = [{str(driver.parent)!r}]; import kfp_driver; kfp_driver.parse(sys.argv[1])"
    subprocess.run([python, "-B", "-c", program, tmp_path / "ours.yaml"], check=True)


def test_the_schedule_is_what_the_client_takes(python: Path, tmp_path: Path) -> None:
    scheduled = 'schedule=Schedule(every="6h", start="2026-01-01", paused=True)'
    source = OURS.replace('timeout="1h"', scheduled).replace("import Res", "import Schedule, Res")
    (tmp_path / "flow.py").write_text(source)
    files, _ = compile_target(compile_source(tmp_path / "flow.py"), Kubeflow(), Options())
    names = json.loads(next(f.text for f in files if f.path == "schedule.json"))
    program = "import inspect, json, kfp; print(json.dumps(list(inspect.signature(kfp.Client.create_recurring_run).parameters)))"
    known = json.loads(subprocess.run([python, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True).stdout)
    assert set(names) <= set(known)


def test_the_arguments_of_a_run_are_the_clients(python: Path, tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(OURS)
    place = Placement(service_account="trainer", namespace="ml")
    files, _ = compile_target(compile_source(tmp_path / "flow.py"), Kubeflow(), Options(placement=place))
    names = json.loads(next(f.text for f in files if f.path == "run.json"))
    assert names == {"namespace": "ml", "service_account": "trainer"}
    method = "kfp.Client.create_run_from_pipeline_package"
    program = f"import inspect, json, kfp; print(json.dumps(list(inspect.signature({method}).parameters)))"
    known = json.loads(subprocess.run([python, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True).stdout)
    assert set(names) <= set(known)


OURS_CONTROL = """\
from wye import each, pipeline, step

@step
def flip(n: int) -> int:
    return n

@step
def names(n: int) -> list[str]:
    return [str(n)]

@step
def work(x: int) -> int:
    return x

@step
def total(xs: list[int]) -> int:
    return sum(xs)

@step
def tidy() -> str:
    return "tidy"

@pipeline
def flow(n: int = 3, b: bool = True) -> int:
    f = flip(n)
    if f == 1:
        r = work(n)
    elif b:
        r = work(9)
    else:
        r = work(7)
    return work(r)
"""

THEIRS_CONTROL = """\
import sys
from kfp import compiler, dsl

@dsl.component
def flip(n: int) -> str:
    return ""

@dsl.component
def work(x: int) -> int:
    return x

@dsl.pipeline
def flow(n: int = 3, b: bool = True) -> int:
    f = flip(n=n)
    with dsl.If(f.output == "1"):
        first = work(x=n)
    with dsl.Elif(b == True):
        second = work(x=9)
    with dsl.Else():
        third = work(x=7)
    return work(x=dsl.OneOf(first.output, second.output, third.output)).output

compiler.Compiler().compile(flow, sys.argv[1])
"""


def _groups(spec: dict[str, Any]) -> dict[str, Any]:
    """The sub-DAGs, with the root: their tasks without what differs between kfp's components and ours, and their inputs by name."""
    found = {}
    for name, component in [("root", spec["root"]), *spec["components"].items()]:
        if "dag" not in component:
            continue
        tasks = {}
        for task, step in component["dag"]["tasks"].items():
            inputs = step.get("inputs", {}).get("parameters", {})
            reads = {n: s for n, s in inputs.items() if n not in ("wye-call",) and "runtimeValue" not in s}
            tasks[task] = {
                "inputs": sorted(map(json.dumps, reads.values())),
                "after": step.get("dependentTasks", []),
                "trigger": step.get("triggerPolicy"),
                "component": step["componentRef"]["name"],
            }
        found[name] = {"tasks": tasks, "inputs": sorted(component.get("inputDefinitions", {}).get("parameters", {}))}
    return found


def test_branches_are_kfps(python: Path, tmp_path: Path) -> None:
    """The same groups by the same names, with the same conditions, inputs and dependencies as kfp's compiler makes them."""
    (tmp_path / "flow.py").write_text(OURS_CONTROL)
    files, _ = compile_target(compile_source(tmp_path / "flow.py"), Kubeflow(), Options())
    (tmp_path / "theirs.py").write_text(THEIRS_CONTROL)
    subprocess.run([python, "-W", "ignore", tmp_path / "theirs.py", tmp_path / "theirs.yaml"], check=True)
    ours, theirs = (next(iter(yaml.safe_load_all(text))) for text in (files[0].text, (tmp_path / "theirs.yaml").read_text()))
    assert _groups(ours) == _groups(theirs)
    selectors = [s["components"]["comp-condition-branches-1"]["dag"]["outputs"]["parameters"] for s in (ours, theirs)]
    assert [list(s) for s in selectors] == [["pipelinechannel--condition-branches-1-oneof-1"]] * 2
    chosen = [[x["producerSubtask"] for s in o.values() for x in s["valueFromOneof"]["parameterSelectors"]] for o in selectors]
    assert chosen == [["condition-2", "condition-3", "condition-4"]] * 2


def test_kfps_messages_take_every_kind_of_sub_dag(python: Path, tmp_path: Path) -> None:
    body = """\
    found = [work(len(x)) for x in each(names(n), max_parallel=2)]
    try:
        t = total(found)
    finally:
        tidy()
    while t < 3:
        t = work(t + 1)
    assert t < 5
    if t > 4:
        work(t)
    return t
"""
    (tmp_path / "flow.py").write_text(OURS_CONTROL.partition("    f = flip")[0] + body)
    files, _ = compile_target(compile_source(tmp_path / "flow.py"), Kubeflow(), Options())
    (tmp_path / "ours.yaml").write_text(files[0].text)
    spec = next(iter(yaml.safe_load_all(files[0].text)))
    assert {n.rpartition("-")[0] for n, c in spec["components"].items() if "dag" in c} == {
        "comp-map",
        "comp-for-loop",
        "comp-try",
        "comp-exit-handler",
        "comp-condition-branches",
        "comp-condition",
    }
    driver = Path(__file__).parents[1] / "engines" / "kfp_driver.py"
    program = f"import sys; sys.path[:0] = [{str(driver.parent)!r}]; import kfp_driver; kfp_driver.parse(sys.argv[1])"
    subprocess.run([python, "-B", "-c", program, tmp_path / "ours.yaml"], check=True)
