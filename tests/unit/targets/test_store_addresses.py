"""What targets make of a store's address: files and reports of a whole compile, which needs no driver and no credentials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from wye.backend import registry
from wye.cli.compile import options_for
from wye.driver import compile_source, compile_target
from wye.stacks import Choice, load_stack

FLOW = """
from wye import pipeline, step

@step
def fit(n: int) -> object:
    return object()

@step
def read(model: object) -> bool:
    return True

@pipeline
def flow(n: int = 1) -> bool:
    try:
        model = fit(n)
        return read(model)
    finally:
        read(None)
"""
STACK = """
[packages]
index = "https://p.example.com/simple"
[stacks.prod]
target = "{target}"
store = "{store}"
store-options = {{endpoint = "https://minio.example.com", region = "eu-1"}}
"""


def compiled(folder: Path, target: str, store: str = "s3://lake/wye/") -> tuple[dict[str, Any], dict[str, tuple[str, str]]]:
    """The files by path, and how each feature is done."""
    (folder / "flow.py").write_text(FLOW)
    (folder / "wye.toml").write_text(STACK.format(target=target, store=store))
    pipeline = compile_source(folder / "flow.py")
    stack = load_stack(folder / "flow.py", "prod", [target])
    options = options_for(pipeline, target, Choice(stack, stack.config))
    found = registry.load(target)
    files, checked = compile_target(pipeline, found, options.value, config=stack.config, effective=options.effective)
    return {f.path: f.text for f in files}, {d.feature: (d.level, d.how) for d in checked.decisions}


SPEC = {
    "url": "s3://lake/wye",
    "driver": "s3fs",
    "packages": ["s3fs"],
    "settings": {
        "max_concurrency": 2,
        "default_block_size": 8 * 1024**2,
        "endpoint_url": "https://minio.example.com",
        "client_kwargs": {"region_name": "eu-1"},
    },
    "put": {"chunksize": 8 * 1024**2},
    "install": {"index": "https://p.example.com/simple"},
}


def test_docker(tmp_path: Path) -> None:
    files, decisions = compiled(tmp_path, "docker")
    assert json.loads(files["steps/pipeline.json"])["store"] == SPEC
    assert "steps/wye_runtime/store.py" in files
    services = yaml.load(files["compose.yaml"], yaml.CSafeLoader)["services"]
    handed = {n for n, s in services.items() if "AWS_SECRET_ACCESS_KEY" in s.get("environment", {})}
    assert handed == {n for n in services if "verdict" not in n}, "who only looks at others reads no store"
    assert {v for s in services.values() for v in s.get("environment", {}).values()} == {None}, "by name alone"
    for feature in ("stack.store", "artifact.object"):
        assert decisions[feature] == ("emulated", "objects, by s3fs in each container, which the runner installs where an image has none")
    assert decisions["stack.store_options"][0] == "native"


def test_docker_has_no_use_for_a_folder(tmp_path: Path) -> None:
    files, decisions = compiled(tmp_path, "docker", "/mnt/a")
    assert "store" not in json.loads(files["steps/pipeline.json"])
    assert "steps/wye_runtime/store.py" not in files
    assert (decisions["stack.store"][0], decisions["stack.store_options"][0], decisions["artifact.object"][0]) == (
        "advisory",
        "advisory",
        "native",
    )


def test_airflow(tmp_path: Path) -> None:
    files, decisions = compiled(tmp_path, "airflow")
    assert json.loads(files["flow_steps/store.json"]) == SPEC
    assert "flow_steps/wye_runtime/store.py" in files
    assert 'STORE = "s3://lake/wye"  #' in files["flow.py"]
    assert decisions["stack.store"][0] == decisions["artifact.object"][0] == "emulated"
    assert decisions["stack.store_options"][0] == "native"


def test_airflow_and_a_folder(tmp_path: Path) -> None:
    files, decisions = compiled(tmp_path, "airflow", "/mnt/a")
    assert 'STORE = "/mnt/a"  #' in files["flow.py"]
    assert not [f for f in files if "store" in f]
    assert (decisions["stack.store"][0], decisions["stack.store_options"][0]) == ("native", "advisory")


def test_kubernetes(tmp_path: Path) -> None:
    files, decisions = compiled(tmp_path, "kubernetes")
    (text,) = (t for f, t in files.items() if f.endswith("manifests.yaml"))
    assert "\n  store.json: " in text
    assert "\n  objects.py: " in text
    assert decisions["stack.store"][0] == decisions["artifact.object"][0] == "emulated"
    assert decisions["stack.store_options"][0] == "native"


@pytest.mark.parametrize(("target", "level"), [("local", "advisory"), ("kubeflow", "native")])
def test_other_targets(tmp_path: Path, target: str, level: str) -> None:
    files, decisions = compiled(tmp_path, target)
    assert (decisions["stack.store"][0], decisions["stack.store_options"][0]) == (level, "advisory")
    assert not [f for f in files if "store.py" in f]
