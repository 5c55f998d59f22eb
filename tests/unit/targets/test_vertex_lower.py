"""Jobs of Vertex AI as they are lowered: the run's own fields, machines, schedules, and what our own check finds."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wye.backend.capabilities import FEATURES
from wye.diagnostics import CompileFailed
from wye.driver import compile_source, compile_target
from wye.sdk.settings import Resources, SettingError, memory_bytes
from wye_targets._kfp import adapter
from wye_targets.vertex import Vertex, machines
from wye_targets.vertex.capabilities import CAPABILITIES, Options
from wye_targets.vertex.check import check
from wye_targets.vertex.emit import text
from wye_targets.vertex.placement import Placement, label

NUMBER = "projects/123/"
STEPS = """\
from wye import Cache, Resources, Retry, Schedule, Secret, pipeline, step

@step
def one(n: int = 1) -> int:
    return n

@step
def tell() -> None:
    pass
"""


class Made:
    """A source's build: its job, its schedule, what became of each feature."""

    def __init__(self, source: str, folder: Path, options: Options | None = None, schedule: bool = True) -> None:
        file = folder / "flow.py"
        file.write_text(STEPS + source, "utf-8")
        pipeline = compile_source(file)
        if not schedule:
            pipeline = replace(pipeline, settings=replace(pipeline.settings, schedule=None))
        files, self.checked = compile_target(pipeline, Vertex(), options or Options())
        self.files = {f.path: f.text for f in files}
        self.job = json.loads(self.files["pipeline_job.json"])
        self.schedule = json.loads(self.files["schedule.json"]) if "schedule.json" in self.files else None
        self.spec = self.job["pipelineSpec"]
        self.containers = {n: e["container"] for n, e in self.spec["deploymentSpec"]["executors"].items()}

    def row(self, feature: str) -> tuple[str, str]:
        (found,) = {(d.level, d.how) for d in self.checked.decisions if d.feature == feature}
        return found

    def form(self, executor: str) -> dict[str, Any]:
        return adapter.unpack(self.containers[executor]["args"][1:2], "")[0]


def refused(source: str, folder: Path, options: Options | None = None) -> tuple[str, str]:
    with pytest.raises(CompileFailed) as failed:
        Made(source, folder, options)
    (problem,) = failed.value.diagnostics
    return problem.message, problem.help or ""


def flow(settings: str = "", step: str = "", body: str = "one(n)") -> str:
    return (
        f"@step({step})\ndef two(n: int) -> int:\n    return n\n\n@pipeline({settings})\ndef flow(n: int = 1) -> int:\n    return {body}\n"
    )


def test_every_feature_has_a_row_with_a_link() -> None:
    assert set(CAPABILITIES.rows) == {f.name for f in FEATURES}
    assert [n for n, r in CAPABILITIES.rows.items() if not r.link.startswith("https://")] == []


def test_without_a_stack_nothing_is_invented(tmp_path: Path) -> None:
    made = Made(flow(), tmp_path)
    assert made.job.keys() == {"displayName", "pipelineSpec", "runtimeConfig"}
    assert made.job["runtimeConfig"] == {"failurePolicy": "PIPELINE_FAILURE_POLICY_FAIL_FAST"}
    assert made.files.keys() == {"pipeline_job.json", "report.json"}
    assert "resources" not in made.containers["exec-one"]
    assert all("retryPolicy" not in t for t in made.spec["root"]["dag"]["tasks"].values())


def test_what_the_stack_says_is_the_runs(tmp_path: Path) -> None:
    place = Placement(
        service_account="trainer@project.iam.gserviceaccount.com",
        network=NUMBER + "global/networks/net",
        reserved_ip_ranges=("range",),
        network_attachment=NUMBER + "regions/europe-west4/networkAttachments/a",
        encryption_key=NUMBER + "locations/europe-west4/keyRings/ring/cryptoKeys/key",
        persistent_resource=NUMBER + "locations/europe-west4/persistentResources/pool",
        labels={"team": "ml", "stage": "test"},
    )
    options = Options("gs://bucket/x", "europe-docker.pkg.dev/p/i", "base:1", "project", "europe-west4", placement=place)
    made = Made(flow('tags={"stage": "prod"}, schedule=Schedule(cron="0 6 * * *")'), tmp_path, options)
    assert made.job["labels"] == {"stage": "prod", "team": "ml"}
    assert made.job["serviceAccount"] == "trainer@project.iam.gserviceaccount.com"
    assert made.job["network"].endswith("/net")
    assert made.job["reservedIpRanges"] == ["range"]
    assert made.job["pscInterfaceConfig"]["networkAttachment"].endswith("/a")
    assert made.job["encryptionSpec"]["kmsKeyName"].endswith("/key")
    detail = made.job["runtimeConfig"]["defaultRuntime"]["persistentResourceRuntimeDetail"]
    assert detail["persistentResourceName"].endswith("/pool")
    assert made.job["runtimeConfig"]["gcsOutputDirectory"] == "gs://bucket/x"
    assert made.containers["exec-one"]["image"] == "europe-docker.pkg.dev/p/i/base:1"
    assert made.schedule
    assert made.schedule["createPipelineJobRequest"] == {"parent": "projects/project/locations/europe-west4", "pipelineJob": made.job}
    assert (made.schedule["cron"], made.schedule["displayName"]) == ("TZ=UTC 0 6 * * *", "flow")


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("store", "s3://bucket/x", "store"),
        ("store", "gs://bucket/{{ds}}", "store"),
        ("registry", "https://x", "registry"),
        ("image", "a b", "image"),
        ("project", "$PROJECT", "project"),
        ("location", "Europe", "location"),
        ("service_account", "trainer", "service_account"),
        ("network", "net", "network"),
        ("network_attachment", "a", "network_attachment"),
        ("encryption_key", "key", "encryption_key"),
        ("persistent_resource", "pool", "persistent_resource"),
        ("reserved_ip_ranges", ("A b",), "reserved_ip_ranges"),
        ("machine", "m1-ultramem-40", "machine"),
        ("labels", {"Team": "x"}, "labels"),
        ("labels", {"vertex-ai-pipelines-run": "x"}, "labels"),
    ],
)
def test_what_the_service_would_refuse_is_refused_in_the_stack(name: str, value: Any, field: str) -> None:
    with pytest.raises(SettingError) as wrong:
        Options(**{name: value}) if hasattr(Options(), name) else Placement(**{name: value})
    assert wrong.value.field == field
    assert wrong.value.help


@pytest.mark.parametrize(
    ("key", "value", "good"),
    [
        ("team", "", True), ("é", "größe", True), ("a-b_c", "1e3", True), ("a" * 63, "a" * 63, True), ("a" * 64, "", False),
        ("a", "a" * 64, False), ("A", "", False), ("a", "É", False), ("1a", "", False), ("_a", "", False), ("", "", False),
        ("a", "{{ds}}", False), ("a", "$HOME", False), ("a b", "", False),
    ],
)  # fmt: skip
def test_labels(key: str, value: str, good: bool, tmp_path: Path) -> None:
    assert (label(key, value) is None) == good
    if not good:
        message, help = refused(flow(f"tags={{{key!r}: {value!r}}}"), tmp_path) if key else ("", "at most")
        assert "cannot be" in message or not key
        assert "at most" in help or "another name" in help


# --- machines ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resources", "found"),
    [
        ("cpu=2", ("e2-highmem-2", 2.0, "16G")),
        ("cpu=4", ("e2-standard-4", 4.0, "16G")),
        ('cpu=0.5, memory="17Gi"', ("e2-highmem-4", 4.0, "32G")),
        ('cpu=96, memory="600Gi"', ("n1-highmem-96", 96.0, "624G")),
        ("gpu=1", ("n1-standard-4", 4.0, "15G")),
        ('gpu=1, gpu_type="nvidia-l4"', ("g2-standard-4", 4.0, "16G")),
        ('gpu=3, gpu_type="NVIDIA_TESLA_T4"', ("n1-standard-4", 4.0, "15G")),
        ('gpu=2, gpu_type="nvidia-a100-80gb", memory="300Gi"', ("a2-ultragpu-2g", 24.0, "340G")),
    ],
)
def test_the_smallest_machine_that_fits(resources: str, found: tuple[str, float, str], tmp_path: Path) -> None:
    made = Made(flow(step=f"resources=Resources({resources})", body="two(n)"), tmp_path)
    said = made.containers["exec-two"]["resources"]
    name, cpu, memory = found
    assert (said["cpuLimit"], said["resourceMemoryLimit"]) == (cpu, memory)
    assert ("accelerator" in said) == ("gpu=" in resources)
    level, how = made.row("step.gpu" if "gpu=" in resources else "step.cpu")
    assert level == "native"
    assert name in how


@pytest.mark.parametrize(
    ("resources", "help"),
    [
        ("cpu=97", "ask for less"),
        ('memory="625Gi"', "ask for less"),
        ('gpu=1, gpu_type="h200"', "gpus there: nvidia-a100, "),
        ("gpu=9", "less"),
    ],
)
def test_a_machine_that_is_not_there(resources: str, help: str, tmp_path: Path) -> None:
    with pytest.raises(CompileFailed) as failed:
        Made(flow(step=f"resources=Resources({resources})", body="two(n)"), tmp_path)
    assert all("no machine has that" in d.message for d in failed.value.diagnostics)
    assert all(help in (d.help or "") for d in failed.value.diagnostics)


def test_a_machine_by_name(tmp_path: Path) -> None:
    block = 'targets={"vertex": {"machine": "n1-highmem-32"}}'
    made = Made(flow(step=block, body="two(one(n))"), tmp_path, Options(placement=Placement(machine="e2-standard-8")))
    assert made.containers["exec-two"]["resources"]["resourceMemoryLimit"] == "208G"
    assert made.containers["exec-one"]["resources"]["resourceMemoryLimit"] == "32G"
    both = flow(step=f"resources=Resources(cpu=64), {block}", body="two(n)")
    assert "no machine has that" in refused(both, tmp_path)[0]


def test_an_island_needs_a_machine_for_all_its_steps(tmp_path: Path) -> None:
    """Each alone can be had."""
    steps = '@step(resources=Resources(memory="{}Gi"))\ndef wide(n: int) -> int:\n    return n\n'
    body = """
@step(resources=Resources(gpu=1, gpu_type="nvidia-t4"))
def deep(n: int) -> int:
    return n

@pipeline
def flow(n: int = 1) -> int:
    try:
        n = deep(wide(n))
    except KeyError:
        n = 0
    return n
"""
    made = Made(steps.format(300) + body, tmp_path)
    assert made.containers["exec-try-1"]["resources"]["resourceMemoryLimit"] == "360G"
    message, help = refused(steps.format(600) + body, tmp_path)
    assert "no machine has all that these steps ask for" in message
    assert "the `try`" in help


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.sampled_from([None, 0.5, 3, 20, 96]), st.sampled_from([None, "1Gi", "20Gi", "400Gi"]), st.sampled_from([None, 1, 2, 5]))
def test_every_machine_that_is_chosen_has_what_is_asked(cpu: float | None, memory: str | None, gpu: int | None) -> None:
    wanted = Resources(cpu=cpu, memory=memory, gpu=gpu)
    found = machines.TABLE.smallest(wanted)
    if found is None:
        return
    assert found.cpu >= (cpu or 0)
    assert found.memory * 2**30 >= (memory_bytes(memory) if memory else 0)
    assert found.gpu >= (gpu or 0)
    assert (found.cpu, found.memory) <= (96, 690)


def test_no_machine_is_over_what_a_container_may_ask() -> None:
    assert [m.name for m in machines.TABLE.machines if m.cpu > 96 or m.memory > 624] == []
    assert {m.gpu_type for m in machines.TABLE.machines if m.gpu_type} <= machines.ACCELERATORS.keys()
    assert len({(m.name, m.gpu, m.gpu_type) for m in machines.TABLE.machines}) == len(machines.TABLE.machines)


# --- settings ---------------------------------------------------------------------------------------------------------------------


def test_retry_time_out_and_secrets_are_the_containers(tmp_path: Path) -> None:
    step = 'retry=Retry(2, delay=3), timeout=60, secrets=[Secret("pw", env="PW", key="k")], env={"A": "{{ds}}", "B": "yes"}'
    made = Made(flow('timeout="2h"', step, "two(n)"), tmp_path, Options(project="some-project"))
    form = made.form("exec-two")
    assert (form["retry"], form["timeout"], form["deadline"]) == ({"delays": [3.0, 6.0]}, 60.0, 7200.0)
    assert (form["project"], form["secrets"]) == ("some-project", [{"name": "pw", "env": "PW", "key": "k"}])
    assert made.containers["exec-two"]["env"] == [{"name": "B", "value": "yes"}]
    assert form["env"] == {"A": "{{ds}}"}
    created = made.spec["root"]["dag"]["tasks"]["two"]["inputs"]["parameters"]["wye-run-created"]
    assert created == {"runtimeValue": {"constant": "{{$.pipeline_job_create_time_utc}}"}}


def test_a_cached_task_knows_no_time_that_changes_with_every_run(tmp_path: Path) -> None:
    made = Made(flow('timeout="2h"', "cache=True", "two(n)"), tmp_path)
    assert made.spec["root"]["dag"]["tasks"]["two"]["inputs"]["parameters"].keys() == {"n"}
    assert "deadline" not in made.form("exec-two")


@pytest.mark.parametrize(("settings", "policy"), [("", "FAST"), ('on_failure="continue"', "SLOW"), ("on_failure=tell", "SLOW")])
def test_what_starts_when_something_has_failed(settings: str, policy: str, tmp_path: Path) -> None:
    assert Made(flow(settings), tmp_path).job["runtimeConfig"]["failurePolicy"] == f"PIPELINE_FAILURE_POLICY_FAIL_{policy}"


@pytest.mark.parametrize(
    ("settings", "step", "what", "help"),
    [
        ("", 'resources=Resources(disk="200G")', "100 GB", "80G"),
        ("", 'secrets=[Secret("a.b", env="A")]', "'a.b' cannot be the name of a secret", "letters"),
        ('schedule=Schedule(cron="0 6 * * *", start="2026-01-01")', "", "all times since its `start`", "leave out `start`"),
        ('schedule=Schedule(cron="30 2 * * *", timezone="Europe/Zurich")', "", "02:30 is missing", "UTC"),
        ('schedule=Schedule(cron="0 6 * * *", overlap="replace")', "", 'overlap="replace"', "--no-schedule"),
        ('schedule=Schedule(cron="0 6 * * *", paused=True)', "", "created active", "leave out `paused`"),
        ('tags={f"k{i}": "v" for i in range(65)}', "", "", ""),
    ],
)  # fmt: skip
def test_what_the_service_has_not_is_refused(settings: str, step: str, what: str, help: str, tmp_path: Path) -> None:
    if "range" in settings:
        settings = "tags={" + ", ".join(f'"k{i}": "v"' for i in range(65)) + "}"
        what, help = "64 labels at most", "leave some out"
    message, remedy = refused(flow(settings, step, "two(n)"), tmp_path)
    assert what in message
    assert help in remedy


def test_long_names_and_descriptions_are_cut_where_the_service_would_refuse_them(tmp_path: Path) -> None:
    name = "p" * 200
    source = f'@pipeline(schedule=Schedule(every="1d"))\ndef {name}(n: int = 1) -> int:\n    """{"é" * 2000}"""\n    return one(n)\n'
    made = Made(source, tmp_path)
    assert made.job["displayName"] == "p" * 128
    assert made.schedule
    assert made.schedule["displayName"] == "p" * 128
    assert len(made.spec["pipelineInfo"]["description"]) == 1024


def test_a_pipeline_over_the_size_is_refused(tmp_path: Path) -> None:
    message, help = refused(flow(), tmp_path, Options(max_bytes=3_000))
    assert "and the service takes 3,000" in message
    assert 'packaging = "image"' in help


# --- text -------------------------------------------------------------------------------------------------------------------------


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from(["1e3", "😀\x7f\\u0000", "{{ds}}", "$HOME", 'a"b\\', "yes", "\u2028"]),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), v, max_size=3),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "é", "x" * 150]), JSON, max_size=4))
def test_the_text_is_json_and_the_same_as_yaml(form: dict[str, Any]) -> None:
    found = text(form)
    assert json.loads(found) == form
    assert yaml.load(found, yaml.CSafeLoader) == form
    assert max(map(len, found.splitlines())) < 141 or any(len(json.dumps(v)) > 100 for v in _leaves(form))


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        parts = [*value, *value.values()] if isinstance(value, dict) else value
        return [leaf for part in parts for leaf in _leaves(part)]
    return [value]


# --- our own check ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    source = flow('schedule=Schedule(cron="0 6 * * *", end="2030-01-01"), tags={"a": "b"}', "resources=Resources(gpu=1)", "two(one(n))")
    made = Made(source, tmp_path_factory.mktemp("good"), Options(store="gs://bucket"))
    assert made.schedule
    return made.job, made.schedule


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda j, s: j.update(nothing=1), "unknown field 'nothing'"),
        (lambda j, s: j.update(displayName="x" * 129), "1 to 128"),
        (lambda j, s: j.update(labels={f"k{i}": "" for i in range(65)}), "more than 64"),
        (lambda j, s: j.update(labels={"A": ""}), "cannot be the key"),
        (lambda j, s: j.pop("runtimeConfig"), "no runtimeConfig"),
        (lambda j, s: j["runtimeConfig"].update(x=1), "unknown field 'x'"),
        (lambda j, s: j["runtimeConfig"].update(failurePolicy="FAST"), "failurePolicy"),
        (lambda j, s: j["runtimeConfig"].update(gcsOutputDirectory="s3://b"), "no address"),
        (lambda j, s: j["runtimeConfig"].update(parameterValues={"m": 1}), "no parameter 'm'"),
        (lambda j, s: j["pipelineSpec"]["pipelineInfo"].update(name="1x"), "a run's id"),
        (lambda j, s: j["pipelineSpec"]["pipelineInfo"].update(description="x" * 1025), "1,024"),
        (lambda j, s: _resources(j).update(cpuLimit=97.0), "more than 96 cores"),
        (lambda j, s: _resources(j)["accelerator"].update(resourceType="NVIDIA_TESLA_K80"), "no accelerator"),
        (lambda j, s: _tasks(j)["two"].update(retryPolicy={}), "the runner tries again"),
        (lambda j, s: _tasks(j)["two"]["componentRef"].update(name="comp-none"), "no component"),
        (lambda j, s: _tasks(j)["two"].update(dependentTasks=[]), "without waiting for it"),
        (lambda j, s: s.update(cron="0 6 * * *"), "cron"),
        (lambda j, s: s.pop("maxConcurrentRunCount"), "is required"),
        (lambda j, s: s.update(catchUp=True), "output only"),
        (lambda j, s: s.update(startTime="2031-01-01T00:00:00Z"), "ends before it starts"),
        (lambda j, s: s["createPipelineJobRequest"].pop("pipelineJob"), "not the job"),
        (lambda j, s: j["pipelineSpec"]["root"]["inputDefinitions"]["parameters"]["n"].pop("isOptional"), "nobody gives 'n'"),
    ],
)
def test_what_the_sdk_takes_without_a_word_we_find(change: Any, what: str, good: tuple[dict[str, Any], dict[str, Any]]) -> None:
    assert check(*good) == []
    job, schedule = deepcopy(good)
    change(job, schedule)
    assert any(what in fault for fault in check(job, schedule))


def _resources(job: dict[str, Any]) -> Any:
    return job["pipelineSpec"]["deploymentSpec"]["executors"]["exec-two"]["container"]["resources"]


def _tasks(job: dict[str, Any]) -> Any:
    return job["pipelineSpec"]["root"]["dag"]["tasks"]
