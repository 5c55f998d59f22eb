"""What a Kubeflow specification holds: run parameters, tasks, shared executors, settings, names, size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from wye.diagnostics import CompileFailed
from wye.driver import compile_source, compile_target
from wye_targets.kubeflow import Kubeflow
from wye_targets.kubeflow.capabilities import Options

HEAD = "from pathlib import Path\nfrom typing import Any\nfrom wye import Cache, Resources, Retry, Schedule, Secret, pipeline, step\n"
PLAIN = Options()


def build(folder: Path, source: str, options: Options = PLAIN) -> tuple[dict[str, Any], dict[str, Any], str]:
    """The two documents, and the text."""
    file = folder / "flow.py"
    file.write_text(HEAD + source, "utf-8")
    files, _ = compile_target(compile_source(file), Kubeflow(), options)
    text = next(f.text for f in files if f.path == "pipeline.yaml")
    spec, *platform = yaml.load_all(text, yaml.CSafeLoader)
    return spec, platform[0] if platform else {}, text


def test_run_parameters_have_kfps_types_only_where_they_are_exact(tmp_path: Path) -> None:
    spec, _, _ = build(
        tmp_path,
        """
@step
def show(value: Any) -> str:
    return repr(value)

@pipeline
def flow(a: bool = True, b: int = 3, c: float = 1, d: str = "plain text", e: int = 2**53, f: float = 0.5, g: str = "{{ds}}",
         h: str = '"quoted"', i: list[int] = [1], j: int | None = None, k: str = "", l: str = "12", m: dict[str, int] = {}, n=None,
         *, o: int, p: str) -> str:
    return show([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
""",
    )
    found = spec["root"]["inputDefinitions"]["parameters"]
    assert {n: (p["parameterType"], p.get("defaultValue")) for n, p in found.items()} == {
        "a": ("BOOLEAN", True),
        "b": ("NUMBER_INTEGER", 3.0),
        "c": ("NUMBER_DOUBLE", 1.0),
        "d": ("STRING", "plain text"),
        "e": ("STRING", "9007199254740992"),
        "f": ("NUMBER_DOUBLE", 0.5),
        "g": ("STRING", '"\\u007b\\u007bds\\u007d\\u007d"'),
        "h": ("STRING", '"\\"quoted\\""'),
        "i": ("STRING", "[1]"),
        "j": ("STRING", "null"),
        "k": ("STRING", ""),
        "l": ("STRING", "12"),
        "m": ("STRING", "{}"),
        "n": ("STRING", "null"),
        "o": ("NUMBER_INTEGER", None),
        "p": ("STRING", None),
    }
    assert {n for n, p in found.items() if not p.get("isOptional")} == {"o", "p"}
    assert found["i"]["description"] == "JSON of list[int]"


CHAIN = """
@step
def add(x: int, y: int = 1) -> int:
    return x + y

@pipeline
def flow(n: int = 0) -> int:
    x = add(n)
{calls}
    return x
"""


def chain(count: int, call: str) -> str:
    return CHAIN.format(calls="\n".join(f"    x = {call.format(i=i)}" for i in range(count)))


@pytest.mark.parametrize("call", ["add(x, {i})", "add(x + {i}, 2)", "add(x)"])
def test_calls_of_one_step_share_an_executor_and_cost_little(call: str, tmp_path: Path) -> None:
    few, _, short = build(tmp_path, chain(10, call))
    many, _, long = build(tmp_path, chain(110, call))
    assert list(few["deploymentSpec"]["executors"]) == list(many["deploymentSpec"]["executors"]) == ["exec-add"]
    assert len(many["components"]) == len(many["root"]["dag"]["tasks"]) == 111
    assert (len(long) - len(short)) / 100 < 2000


def test_the_pipeline_returns_the_output_of_its_last_task_without_another(tmp_path: Path) -> None:
    spec, _, _ = build(tmp_path, chain(1, "add(x)"))
    assert spec["root"]["dag"]["outputs"]["parameters"]["Output"]["valueFromParameter"] == {
        "outputParameterKey": "Output",
        "producerSubtask": "add-2",
    }
    assert spec["root"]["outputDefinitions"] == {"parameters": {"Output": {"parameterType": "STRING"}}}
    spec, _, _ = build(tmp_path, chain(1, "add(x)").replace("-> int:\n    x = add", "-> float:\n    x = add"))
    assert "outputs" in spec["root"]["dag"]["tasks"], "an int that becomes a float is another value"


def test_constants_are_constants_of_the_task(tmp_path: Path) -> None:
    spec, _, _ = build(tmp_path, chain(1, "add(x, 41)"))
    task = spec["root"]["dag"]["tasks"]["add-2"]
    assert task["inputs"]["parameters"]["y"] == {"runtimeValue": {"constant": "41"}}
    assert task["dependentTasks"] == ["add"]
    assert task["taskInfo"] == {"name": "add_2"}


def test_names_that_would_meet_are_told_apart(tmp_path: Path) -> None:
    source = """
@step
def a_b() -> int:
    return 1

@step
def a__b() -> int:
    return 2

@step
def A_B(x: int, y: int) -> int:
    return x + y

@step
def Uber_() -> int:
    return 3

@pipeline
def flow() -> int:
    Uber_()
    return A_B(a_b(), a__b())
"""
    spec, _, _ = build(tmp_path, source)
    assert len(spec["root"]["dag"]["tasks"]) == len(spec["components"]) == len(spec["deploymentSpec"]["executors"]) == 4
    assert {t["taskInfo"]["name"] for t in spec["root"]["dag"]["tasks"].values()} == {"a_b", "a__b", "A_B", "Uber_"}


def test_a_step_with_the_pipelines_name_is_not_taken_for_the_pipeline(tmp_path: Path) -> None:
    source = "@step(name='flow')\ndef inner() -> int:\n    return 1\n\n@pipeline\ndef flow() -> int:\n    return inner()\n"
    spec, _, _ = build(tmp_path, source)
    assert spec["pipelineInfo"]["name"] == "flow"
    assert "comp-flow" not in spec["components"]
    assert "exec-flow" not in spec["deploymentSpec"]["executors"]


SETTINGS = """
@step({settings})
def work() -> int:
    return 1

@pipeline({options})
def flow() -> int:
    return work()
"""


Part = dict[str, Any]


def settled(folder: Path, settings: str, options: str = "", stack: Options = PLAIN) -> tuple[Part, Part, Part]:
    """The container, the task, and Kubernetes' part of the executor."""
    spec, platform, _ = build(folder, SETTINGS.format(settings=settings, options=options), stack)
    kubernetes = platform.get("platforms", {}).get("kubernetes", {})
    config = kubernetes.get("deploymentSpec", {}).get("executors", {}).get("exec-work", {})
    return spec["deploymentSpec"]["executors"]["exec-work"]["container"], spec["root"]["dag"]["tasks"]["work"], config


def test_resources(tmp_path: Path) -> None:
    container, _, config = settled(tmp_path, 'resources=Resources(cpu=0.5, memory="2Gi", gpu=2, gpu_type="Tesla-T4", disk="50Gi")')
    assert container["resources"] == {
        "accelerator": {"count": "2", "resourceCount": "2", "resourceType": "nvidia.com/gpu", "type": "nvidia.com/gpu"},
        "cpuLimit": 0.5,
        "cpuRequest": 0.5,
        "memoryLimit": 2.147483648,
        "memoryRequest": 2.147483648,
        "resourceCpuLimit": "500m",
        "resourceCpuRequest": "500m",
        "resourceMemoryLimit": "2Gi",
        "resourceMemoryRequest": "2Gi",
    }
    assert config["nodeSelector"] == {"labels": {"nvidia.com/gpu.product": "Tesla-T4"}}
    assert config["genericEphemeralVolume"][0]["size"] == "50Gi"


def test_kubernetes_spells_a_thousand_with_a_small_k(tmp_path: Path) -> None:
    container, _, _ = settled(tmp_path, 'resources=Resources(cpu=2, memory="500000K")')
    assert container["resources"]["resourceMemoryLimit"] == "500000k"
    assert container["resources"]["resourceCpuLimit"] == "2"


def test_retry_that_argo_can_keep_is_native(tmp_path: Path) -> None:
    container, task, _ = settled(tmp_path, 'retry=Retry(2, delay="30s", backoff=2), timeout="10m"')
    policy = task["retryPolicy"]
    assert (policy["maxRetryCount"], policy["backoffDuration"], policy["backoffFactor"]) == (2, "30s", 2.0)
    assert int(policy["backoffMaxDuration"][:-1]) >= 3 * 600 + 90, "KFP gives up when so much time has passed since the first attempt"
    assert "retry" not in json.loads(container["args"][1])


@pytest.mark.parametrize("retry", ['Retry(2, delay="500ms")', "Retry(2, delay=0.5)", "Retry(2, backoff=1.5)", 'Retry(9, max_delay="1m")'])
def test_any_other_retry_is_the_runners(retry: str, tmp_path: Path) -> None:
    if "ms" in retry:
        retry = "Retry(2, delay=1.5)"
    container, task, config = settled(tmp_path, f"retry={retry}, timeout=60")
    assert "retryPolicy" not in task
    delays = json.loads(container["args"][1])["retry"]["delays"]
    assert int(config["activeDeadlineSeconds"]) >= sum(delays) + 60 * (len(delays) + 1)


def test_env_that_kubernetes_would_expand_is_the_runners(tmp_path: Path) -> None:
    container, _, _ = settled(tmp_path, 'env={"A": "plain ${X} %s", "B": "$(X)", "C": "$$", "D": "{{x}}"}')
    assert container["env"] == [{"name": "A", "value": "plain ${X} %s"}]
    assert json.loads(container["args"][1])["env"] == {"B": "$(X)", "C": "$$", "D": "{{x}}"}


def test_secrets_tags_and_deadlines(tmp_path: Path) -> None:
    settings = 'secrets=[Secret("db", env="A", key="k"), Secret("token", env="B")], tags={"team": "x", "note": "a long story"}, timeout=60'
    _, task, config = settled(tmp_path, settings + ", cache=True", 'timeout="1h", tags={"team": "y", "all": "z"}')
    constant = {"runtimeValue": {"constant": "db"}}
    assert config["secretAsEnv"] == [
        {"keyToEnv": [{"envVar": "A", "secretKey": "k"}], "optional": False, "secretName": "db", "secretNameParameter": constant}
    ]
    assert config["secretAsVolume"][0]["mountPath"] == "/wye/secrets/B"
    assert config["podMetadata"] == {"annotations": {"note": "a long story"}, "labels": {"all": "z", "team": "x"}}
    assert int(config["activeDeadlineSeconds"]) > 60
    assert task["cachingOptions"] == {"enableCache": True}
    _, platform, _ = build(tmp_path, SETTINGS.format(settings="", options='timeout="1h"'))
    assert platform == {"platforms": {"kubernetes": {"pipelineConfig": {"activeDeadlineSeconds": 3600}}}}


def test_nothing_for_kubernetes_makes_one_document(tmp_path: Path) -> None:
    _, platform, text = build(tmp_path, SETTINGS.format(settings="", options=""))
    assert platform == {}
    assert "\n---" not in text
    assert text.startswith("# PIPELINE DEFINITION\n# Name: flow\n# Outputs:\n#    Output: str\n")


def test_a_stack_says_where_it_runs(tmp_path: Path) -> None:
    stack = Options(image="registry/base:1", image_pull_secrets=("pull",), store="s3://bucket/root")
    container, _, config = settled(tmp_path, "", stack=stack)
    assert container["image"] == "registry/base:1"
    assert config["imagePullSecret"][0]["secretName"] == "pull"
    container, _, _ = settled(tmp_path, 'image="own:2"', stack=stack)
    assert container["image"] == "own:2"


def test_at_most_so_many_tasks_at_a_time(tmp_path: Path) -> None:
    calls = "\n".join(f"    v{i} = work({i})" for i in range(5))
    source = f"""
@step
def work(x: int) -> int:
    return x

@pipeline(max_parallel=2)
def flow() -> list[int]:
{calls}
    return [v0, v1, v2, v3, v4]
"""
    tasks = build(tmp_path, source)[0]["root"]["dag"]["tasks"]
    assert {n: t.get("dependentTasks") for n, t in tasks.items() if n != "outputs"} == {
        "work": None,
        "work-2": None,
        "work-3": ["work"],
        "work-4": ["work-2"],
        "work-5": ["work-3"],
    }


def test_a_pipeline_that_the_service_cannot_keep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CompileFailed) as failed:
        build(tmp_path, chain(20, "add(x)"), Options(max_bytes=10_000))
    (problem,) = failed.value.diagnostics
    assert problem.code == "WYE4004"
    assert "max_bytes" in (problem.help or "")


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        ('tags={"bad key": "x"}', "", "cannot be the key of a Kubernetes label"),
        ('tags={"a": "{{x}}"}', "", "Argo would expand"),
        ('resources=Resources(gpu=1, gpu_type="a b")', "", "value of a node's label"),
        ("", 'on_failure="continue"', "starts no further task"),
        ("", 'schedule=Schedule(cron="0 6 * * *", timezone="Europe/Zurich")', "daylight saving"),
        ("", 'schedule=Schedule(cron="0 6 * * *", overlap="skip")', 'overlap="skip"'),
    ],
)
def test_what_kubeflow_cannot_do_is_refused_once(settings: str, options: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CompileFailed) as failed:
        settled(tmp_path, settings, options)
    (problem,) = failed.value.diagnostics
    assert message in problem.message
    assert problem.help
