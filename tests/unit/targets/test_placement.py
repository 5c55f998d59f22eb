"""Where tasks run: what a stack, a pipeline, a step and a call say, joined; native on each target that has it, refused elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from wye.backend import registry
from wye.backend.check import CheckedPipeline
from wye.backend.target import EmittedFile
from wye.cli.compile import options_for
from wye.diagnostics import CompileFailed
from wye.driver import compile_source, compile_target
from wye.stacks import choose
from wye_targets.kubeflow.capabilities import Options

STEPS = """\
from wye import pipeline, step


@step(targets={"airflow": {"queue": "s", "executor_config": {"b": {"y": 2}}}, "kubeflow": {"labels": {"b": "s"}}})
def one(n: int) -> int:
    return n


@step
def two(n: int) -> int:
    return n


@step
def good(n: int) -> bool:
    return n > 3
"""
FLOW = """
@pipeline(
    defaults={"targets": {"airflow": {"queue": "d", "pool": "d"}}},
    targets={"airflow": {"placement": {"executor_config": {"a": 1, "b": {"x": 1}}, "priority_weight": 2}}},
)
def flow(n: int = 1) -> int:
    a = one(n)
    b = one.options(targets={"airflow": {"queue": "c"}})(a)
    return two(b)
"""
STACK = """\
[stacks.air]
target = "airflow"
placement = {queue = "q", weight_rule = "absolute", priority_weight = 1, executor_config = {a = 0, c = "$HOME {{ ds }}"}}

[stacks.kube]
target = "kubeflow"
registry = "registry.example.com:5000/mirror"
placement = {labels = {a = "k", b = "k"}}
"""


def compiled(folder: Path, source: str, target: str, stack: str | None = None) -> tuple[dict[str, EmittedFile], CheckedPipeline]:
    (folder / "flow.py").write_text(source)
    (folder / "wye.toml").write_text(STACK)
    pipeline = compile_source(folder / "flow.py")
    choice = choose(folder / "flow.py", stack, registry.names(), {})
    made = options_for(pipeline, target, choice)
    files, checked = compile_target(pipeline, registry.load(target), made.value, config=choice.config, effective=made.effective)
    return {f.path: f for f in files}, checked


def decorators(files: dict[str, EmittedFile]) -> dict[str, str]:
    """What decorates each task of the DAG."""
    parts = files["flow.py"].text.split("    @task")[1:]
    return {p.partition("def ")[2].partition("(")[0]: "".join(p.partition("    def ")[0].split()) for p in parts}


def test_airflow_gets_what_every_layer_says(tmp_path: Path) -> None:
    files, checked = compiled(tmp_path, STEPS + FLOW, "airflow", "air")
    dag = files["flow.py"].text
    config = """{'a': 1, 'c': '$HOME {{ ds }}', 'b': {'x': 1}}"""
    expected = f'"queue": "q", "priority_weight": 2, "weight_rule": "absolute", "executor_config": {config}'
    assert f'default_args={{"retries": 0, {expected}}},' in dag
    found = decorators(files)
    own = "executor_config={'a':1,'c':'$HOME{{ds}}','b':{'y':2}}"
    assert found["one"] == f'(pool="d",queue="s",{own})'
    assert found["one_2"] == f'(pool="d",queue="c",{own})'
    assert found["two"] == '(pool="d",queue="d")'
    settings = {(e.subject, e.key): e.value for e in checked.effective if e.subject}
    assert settings["one_2", "queue"] == "c"
    assert settings["two", "pool"] == "d"


def test_kubeflow_joins_labels_and_tags_and_qualifies_images(tmp_path: Path) -> None:
    source = STEPS.replace("@step\ndef two", '@step(tags={"a": "tag"}, image="ghcr.io/x/y:1")\ndef two') + FLOW
    files, _ = compiled(tmp_path, source, "kubeflow", "kube")
    spec, platform = yaml.load_all(files["pipeline.yaml"].text, yaml.CSafeLoader)
    labels = {n: e["podMetadata"]["labels"] for n, e in platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].items()}
    assert labels == {"exec-one": {"a": "k", "b": "s"}, "exec-two": {"a": "tag", "b": "k"}}
    images = {n: e["container"]["image"] for n, e in spec["deploymentSpec"]["executors"].items()}
    assert images == {"exec-one": "registry.example.com:5000/mirror/python:3.11-slim", "exec-two": "ghcr.io/x/y:1"}
    assert "run.json" not in files


@pytest.mark.parametrize(
    ("image", "found"),
    [
        ("python:3.11", "r/python:3.11"), ("team/image@sha256:0", "r/team/image@sha256:0"), ("localhost/x", "localhost/x"),
        ("host:5000/x", "host:5000/x"), ("ghcr.io/x", "ghcr.io/x"),
    ],
)  # fmt: skip
def test_a_registry_stands_before_images_that_name_none(image: str, found: str) -> None:
    assert Options(registry="r").qualified(image) == found
    assert Options().qualified(image) == image


LOOP = """
@pipeline
def flow(n: int = 1) -> int:
    while not good(n):
        n = one(two(n))
    return n
"""


def test_an_island_is_placed_as_its_steps_are(tmp_path: Path) -> None:
    files, _ = compiled(tmp_path, STEPS + LOOP, "airflow")
    assert decorators(files)["while_1"] == """(queue="s",executor_config={'b':{'y':2}})"""
    other = STEPS.replace("@step\ndef two", '@step(targets={"airflow": {"queue": "other"}})\ndef two')
    with pytest.raises(CompileFailed) as caught:
        compiled(tmp_path, other + LOOP, "airflow")
    [problem] = caught.value.diagnostics
    assert problem.code == "WYE4005"
    assert "their own `targets` blocks, which differ" in problem.message


def test_what_a_nested_pipeline_says_is_not_dropped(tmp_path: Path) -> None:
    nested = """
@pipeline(targets={"airflow": {"placement": {"queue": "x"}}})
def inner(n: int = 1) -> int:
    return two(n)


@pipeline
def flow(n: int = 1) -> int:
    return inner(n)
"""
    with pytest.raises(CompileFailed) as caught:
        compiled(tmp_path, STEPS + nested, "airflow")
    [problem] = caught.value.diagnostics
    assert (problem.code, problem.help) == ("WYE4003", "set it on the outer pipeline")
    compiled(tmp_path, STEPS + nested, "kubeflow")


@pytest.mark.parametrize(
    ("block", "code", "said"),
    [
        ({"tolerations": [{"key": "a", "seconds": 3}]}, "WYE5008", '`seconds` holds only with effect = "NoExecute"'),
        ({"tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]}, "WYE5008", "has no `value`"),
        ({"tolerations": [{"key": "a", "effect": "NoRun"}]}, "WYE5007", 'one of "NoSchedule", "PreferNoSchedule", "NoExecute"'),
        ({"labels": {"a b": "c"}}, "WYE5008", "'a b' cannot be the key of a label"),
        ({"labels": {"a": "$HOME"}}, "WYE5008", "'$HOME' cannot be the value of a label"),
        ({"annotations": {"a": "{{workflow.name}}"}}, "WYE5008", "would expand the value of 'a'"),
        ({"shared_memory": "2 GB"}, "WYE5008", "not a size: '2 GB'"),
        ({"service_account": "x"}, "WYE4003", "holds for a whole run"),
        ({"labels": {1: "a"}}, "WYE5007", "`labels` must be a table of strings"),
        ({"image_pull_policy": None}, "WYE5007", "not None"),
        ({"node_selector": {"env": {"env": "X"}}}, "WYE5007", "`node_selector.env` must be a string, not a table"),
    ],
)
def test_mistakes(tmp_path: Path, block: Any, code: str, said: str) -> None:
    flow = f"\n@step(targets={{'kubeflow': {block!r}}})\ndef three(n: int) -> int:\n    return n\n\n\n"
    flow += "@pipeline\ndef flow(n: int = 1) -> int:\n    return three(n)\n"
    with pytest.raises(CompileFailed) as caught:
        compiled(tmp_path, STEPS + flow, "kubeflow")
    [problem] = caught.value.diagnostics
    assert (problem.code, problem.span.line) == (code, 18)
    assert said in problem.message
