"""Databricks jobs as they are lowered: what waits for what, what a task runs on, what stands in fields that the platform expands."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from wye.backend.capabilities import FEATURES
from wye.backend.target import EmittedFile
from wye.diagnostics import CompileFailed
from wye.driver import compile_source, compile_target
from wye_targets.databricks import Databricks, DatabricksOptions
from wye_targets.databricks.adapter import DEFAULT, REQUIRED
from wye_targets.databricks.capabilities import CAPABILITIES
from wye_targets.databricks.emit import verbatim
from wye_targets.databricks.placement import Placement, PlacementError

LOWER = importlib.import_module("wye_targets.databricks.lower")
STEPS = """\
from wye import Resources, Retry, Schedule, ScheduledTime, Secret, context, pipeline, step
from datetime import datetime

@step
def one(n: int = 1) -> int:
    return n

@step
def check(n: int) -> None:
    pass

@step(resources=Resources(cpu=3, memory="20Gi"))
def large(n: int) -> int:
    return n

@step
def yes(n: int) -> bool:
    return n > 0
"""


class Made:
    """A source's build: its job, its task files, its other files."""

    def __init__(self, source: str, folder: Path, options: DatabricksOptions | None = None, **settings: Any) -> None:
        file = folder / "flow.py"
        file.write_text(STEPS + source, "utf-8")
        pipeline = compile_source(file)
        pipeline = replace(pipeline, settings=replace(pipeline.settings, **settings))
        files, self.checked = compile_target(pipeline, Databricks(), options or DatabricksOptions())
        self.files: dict[str, EmittedFile] = {f.path: f for f in files}
        self.bundle = yaml.load(self["databricks.yml"], yaml.CSafeLoader)
        (self.job,) = self.bundle["resources"]["jobs"].values()
        self.tasks = {t["task_key"]: t for t in self.job["tasks"]}

    def __getitem__(self, path: str) -> str:
        return self.files[path].text

    def form(self, task: str) -> dict[str, Any]:
        return dict(json.loads(self[f"src/tasks/{task}.json"]))

    def waits(self, task: str) -> list[str]:
        return [d["task_key"] for d in self.tasks[task].get("depends_on", ())]

    def told(self, task: str) -> dict[str, str]:
        return dict(self.tasks[task]["notebook_task"]["base_parameters"])

    def how(self, feature: str) -> set[str]:
        return {d.how for d in self.checked.decisions if d.feature == feature}


def test_every_feature_has_a_row_with_a_link() -> None:
    assert set(CAPABILITIES.rows) == {f.name for f in FEATURES}
    assert [n for n, r in CAPABILITIES.rows.items() if not r.link.startswith("https://")] == []


TRY = """
@pipeline
def p(n: int = 2) -> int:
    a = one(n)
    try:
        b = one(a)
        check(b)
    finally:
        check(a)
    return one(b)
"""


def test_a_clean_up_starts_whatever_the_body_came_to_and_a_verdict_tells(tmp_path: Path) -> None:
    made = Made(TRY, tmp_path)
    assert {k: t.get("run_if") for k, t in made.tasks.items()} == {
        "one": None, "one_2": None, "check": None, "check_2": "ALL_DONE", "try_1_verdict": "ALL_DONE", "one_3": None, "outputs": None,
    }  # fmt: skip
    assert made.form("check_2")["checks"] == ["one"], "it is entered when what stands before the try has succeeded"
    assert made.form("try_1_verdict")["of"] == ["one_2", "check", "check_2"]
    assert made.waits("try_1_verdict") == ["check", "check_2"]
    assert "checks" not in made.form("check"), "the platform keeps it from running"


def test_guards_and_joins(tmp_path: Path) -> None:
    made = Made(
        """
@pipeline
def p(c: bool = True, n: int = 2) -> int:
    a = one(n)
    if c:
        x = one(a)
    else:
        x = 5
    return one(x)
""",
        tmp_path,
    )
    condition = {"param": "c"}
    assert made.form("one_2")["guards"] == [{"if": condition, "is": True}]
    select = made.form("one_3")["inputs"]["n"]
    assert (select["select"], select["then"]["task"], select["else"]) == (condition, "one_2", {"const": 5})
    assert made.waits("one_3") == ["one_2"]
    assert all("run_if" not in t for t in made.tasks.values())


def test_without_a_value_to_return_the_last_steps_are_the_leaves(tmp_path: Path) -> None:
    made = Made("\n@pipeline\ndef p() -> None:\n    check(1)\n    check(2)\n", tmp_path)
    assert list(made.tasks) == ["check", "check_2"]
    assert "reports" not in made.form("check"), "nobody asks"


def test_max_parallel_is_lanes_that_require_nothing(tmp_path: Path) -> None:
    source = "\n@pipeline(max_parallel=2)\ndef p(n: int = 2) -> list[int]:\n    return [one(n), one(n + 1), one(n + 2), one(n + 3)]\n"
    made = Made(source, tmp_path)
    assert [made.waits(t) for t in ("one", "one_2", "one_3", "one_4")] == [[], [], ["one"], ["one_2"]]
    assert made.tasks["one_3"]["run_if"] == "ALL_DONE"
    assert made.form("one_3").get("checks") is None, "it needs nothing of the task that it waits for"
    assert made.form("outputs")["checks"] == ["one", "one_2", "one_3", "one_4"]


# --- parameters and text of the user's ------------------------------------------------------------------------------------------------


def test_parameters(tmp_path: Path) -> None:
    long = "x" * 10_001
    made = Made(
        f"""
@pipeline
def p(n: int, s: str = "plain text", h: str = "{{{{job.id}}}} ${{var.x}}", d: dict[str, int] = {{"a": 1}}, j: str = "1",
      long: str = "{long}", r: str = "{REQUIRED}", day: datetime = ScheduledTime()) -> int:
    return one(n)
""",
        tmp_path,
    )
    found = {p["name"]: p["default"] for p in made.job["parameters"]}
    assert found["n"] == REQUIRED
    assert found["s"] == "plain text"
    assert found["h"] == '"\\u007b\\u007bjob.id\\u007d\\u007d \\u0024\\u007bvar.x\\u007d"'
    assert (found["d"], found["j"], found["long"]) == ('{"a":1}', "1", DEFAULT)
    assert found["r"] == '"\\u003crequired\\u003e"', "what stands for no value can be a value all the same"
    assert found["day"] == "{{job.start_time.iso_datetime}}"
    spec = json.loads(made["src/pipeline.json"])
    assert [p.get("default") for p in spec["parameters"]] == [None, None, None, None, None, long, None, None]


def test_a_scheduled_job_says_for_when_it_is_meant(tmp_path: Path) -> None:
    source = """
@pipeline(schedule=Schedule(cron="0 6 * * 1", timezone="UTC", overlap="queue", paused=True))
def p(day: datetime = ScheduledTime()) -> int:
    return one(1)
"""
    made = Made(source, tmp_path)
    assert made.job["schedule"] == {"quartz_cron_expression": "0 0 6 ? * 2", "timezone_id": "UTC", "pause_status": "PAUSED"}
    assert (made.job["max_concurrent_runs"], made.job["queue"]) == (1, {"enabled": True})
    assert made.job["parameters"][0]["default"] == made.told("one")["wye.scheduled"] == "{{job.trigger.time.iso_datetime}}"


def test_tags_that_databricks_could_expand_are_refused(tmp_path: Path) -> None:
    for tags in ({"a": "${var.x}"}, {"a": "{{job.id}}"}, {"": "x"}, {f"t{i}": "x" for i in range(26)}):
        with pytest.raises(CompileFailed) as failed:
            Made("\n@pipeline\ndef p() -> int:\n    return one(1)\n", tmp_path, tags=tuple(tags.items()))
        assert [d.code for d in failed.value.diagnostics] == ["WYE4001"]


def test_files_that_the_workspace_would_take_for_notebooks_have_another_name() -> None:
    given = {
        "a.py": b"# Databricks notebook source\n",
        "b.ipynb": b"{}",
        "c.verbatim": b"",
        "d.py": b"x = 1\n",
        "e.sql": b"-- Databricks notebook source",
    }
    assert [p for p, _ in verbatim(given.items())] == ["a.py.verbatim", "b.ipynb.verbatim", "c.verbatim.verbatim", "d.py", "e.sql.verbatim"]


# --- where tasks run ------------------------------------------------------------------------------------------------------------------

CHAIN = "\n@pipeline\ndef p(n: int = 2) -> list[int]:\n    a = large(n)\n    return [large(a), large(a), one(a)]\n"


def test_machines_and_who_shares_one(tmp_path: Path) -> None:
    made = Made(CHAIN, tmp_path, DatabricksOptions(cloud="aws"))
    clusters = {c["job_cluster_key"]: c["new_cluster"] for c in made.job["job_clusters"]}
    first, second, third = (made.tasks[t]["job_cluster_key"] for t in ("large", "large_2", "large_3"))
    assert first == second != third, "two tasks that may run at the same time have a machine each"
    assert {c["node_type_id"] for c in clusters.values()} == {"r5d.xlarge"}
    assert made.tasks["one"]["environment_key"] == "default"
    assert made.how("step.memory") == {"node_type_id r5d.xlarge: the smallest that fits (aws, 2026-11)"}


def test_without_a_cloud_the_node_type_is_a_variable(tmp_path: Path) -> None:
    made = Made(CHAIN, tmp_path)
    assert made.job["job_clusters"][0]["new_cluster"]["node_type_id"] == "${var.node_type_3cpu_20gi}"
    assert made.bundle["variables"]["node_type_3cpu_20gi"]["description"].endswith("cores 3, memory 20Gi")


def test_a_step_names_its_machine(tmp_path: Path) -> None:
    source = (
        '\n@step(targets={"databricks": {"node_type": "i3.metal", "spark_conf": {"a.b": "c"}}})\ndef own(n: int) -> int:\n    return n\n'
    )
    made = Made(source + "\n@pipeline\ndef p() -> int:\n    return own(1)\n", tmp_path, DatabricksOptions(cloud="azure", serverless=False))
    clusters = [c["new_cluster"] for c in made.job["job_clusters"]]
    assert [c["node_type_id"] for c in clusters] == ["i3.metal", "Standard_D4ds_v5"], "the second is for all that ask for nothing"
    assert clusters[0]["spark_conf"]["a.b"] == "c"
    assert "environments" not in made.job


def test_gpus_images_interpreters_packages_secrets(tmp_path: Path) -> None:
    source = """
@step(resources=Resources(gpu=1, gpu_type="nvidia-t4"))
def learn(n: int) -> int:
    return n

@step(image="acme/steps:3", python="/opt/py/bin/python", secrets=[Secret("db", env="A"), Secret("db", env="B", key="user")])
def inside(n: int) -> int:
    return n

@step(packages=["six==1.17.0"])
def six(n: int) -> int:
    return n

@pipeline
def p(n: int = 2) -> int:
    return six(inside(learn(n)))
"""
    made = Made(source, tmp_path, DatabricksOptions(cloud="azure", registry="registry.example.com"))
    gpu, image = (c["new_cluster"] for c in made.job["job_clusters"])
    assert (gpu["node_type_id"], gpu["spark_version"]) == ("Standard_NC4as_T4_v3", "16.4.x-gpu-ml-scala2.12")
    assert image["docker_image"] == {"url": "registry.example.com/acme/steps:3"}
    assert made.form("inside")["python"] == "/opt/py/bin/python"
    assert made.told("inside")["wye.scope"] == "${var.secret_scope}"
    assert made.tasks["six"]["environment_key"] == "packages_1"
    environments = {e["environment_key"]: e["spec"].get("dependencies") for e in made.job["environments"]}
    assert environments == {"packages_1": ["six==1.17.0"], "default": None}


def test_a_machine_that_nobody_has(tmp_path: Path) -> None:
    source = """
@step(resources=Resources(gpu=1, gpu_type="nvidia-v9"))
def learn(n: int) -> int:
    return n

@pipeline
def p() -> int:
    return learn(1)
"""
    with pytest.raises(CompileFailed) as failed:
        Made(source, tmp_path, DatabricksOptions(cloud="aws"))
    assert [(d.code, d.span.line) for d in failed.value.diagnostics] == [("WYE4001", STEPS.count("\n") + 2)] * 2
    assert "nvidia-t4" in str(failed.value.diagnostics[0].help)


def test_identity_and_other_facts_of_a_stack(tmp_path: Path) -> None:
    place = Placement(run_as_service_principal="0a-1b", budget_policy="b-1", performance_target="STANDARD")
    options = DatabricksOptions(host="https://adb-1.azuredatabricks.net", store="dbfs:/tmp/wye", placement=place)
    made = Made(TRY, tmp_path, options, timeout=90.5)
    assert made.job["run_as"] == {"service_principal_name": "0a-1b"}
    assert (made.job["budget_policy_id"], made.job["performance_target"], made.job["timeout_seconds"]) == ("b-1", "STANDARD", 91)
    assert made.bundle["workspace"] == {"host": "https://adb-1.azuredatabricks.net"}
    assert made.told("one")["wye.store"] == "/dbfs/tmp/wye"
    assert "variables" not in made.bundle


@pytest.mark.parametrize(
    "wrong", [{"store": "s3://bucket"}, {"secret_scope": "a b"}, {"image": "a b"}, {"host": "http://x"}, {"environment_version": "four"}]
)
def test_options_that_are_wrong(wrong: dict[str, Any]) -> None:
    with pytest.raises(PlacementError) as failed:
        DatabricksOptions(**wrong)
    assert failed.value.field == next(iter(wrong))


# --- limits ---------------------------------------------------------------------------------------------------------------------------


def test_more_tasks_than_a_job_may_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LOWER, "TASKS", 6)
    with pytest.raises(CompileFailed) as failed:
        Made(TRY, tmp_path)
    (found,) = failed.value.diagnostics
    assert (found.code, found.message) == ("WYE4004", "the pipeline takes 7 tasks, and a job has at most 6")


def test_more_tasks_than_a_run_may_have_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then what they hand on stands on the volume, all of it."""
    monkeypatch.setattr(LOWER, "TASK_VALUES", 9)
    made = Made(TRY, tmp_path)
    assert json.loads(made["src/pipeline.json"])["states"] == "store"
    assert all("wye.store" in made.told(t) for t in made.tasks)
    assert set(made.bundle["variables"]) == {"catalog", "schema", "volume"}
