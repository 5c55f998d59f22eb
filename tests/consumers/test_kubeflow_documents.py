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

OURS = """\
from wye import Resources, Retry, Secret, pipeline, step

@step(resources=Resources(cpu=0.5, memory="2Gi", gpu=1, gpu_type="Tesla-T4", disk="50Gi"), retry=Retry(2, delay="30s", backoff=2),
      timeout=60, env={"A": "b"}, secrets=[Secret("db", env="PW", key="pw"), Secret("tok", env="TOKEN")], cache=True,
      tags={"team": "x", "note": "a story"}, image="python:3.12")
def work(n: int) -> str:
    return str(n)

@step
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
