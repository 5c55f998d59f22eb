"""What the manifests hold: names, rights, settings, schedules, ConfigMaps of a size that the cluster takes; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from wye.diagnostics import CompileFailed
from wye.driver import compile_source, compile_target
from wye.sdk.settings import SettingError
from wye_targets.kubernetes import Kubernetes, boot
from wye_targets.kubernetes.capabilities import OBJECT_BYTES, Options
from wye_targets.kubernetes.jobs import JobLauncher, Run, label
from wye_targets.kubernetes.placement import Placement

HEAD = "import os\nfrom wye import Resources, Retry, Schedule, Secret, pipeline, step\n"
PLAIN = Options()


def build(folder: Path, source: str, options: Options = PLAIN) -> list[dict[str, Any]]:
    file = folder / "flow.py"
    file.write_text(HEAD + source, "utf-8")
    files, _ = compile_target(compile_source(file), Kubernetes(), options)
    return list(yaml.load_all(next(f.text for f in files if f.path == "manifests.yaml"), yaml.CSafeLoader))


def one(documents: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(d for d in documents if d["kind"] == kind)


def unpacked(documents: list[dict[str, Any]], folder: Path) -> Path:
    """The driver's files, by way of what `boot.py` does."""
    (folder / "maps").mkdir()
    for d in documents:
        for key, text in d["data"].items() if d["kind"] == "ConfigMap" else ():
            (folder / "maps" / key).write_bytes(text.encode("utf-8"))
    boot.unpack(str(folder / "maps"), str(folder / "code"))
    return folder / "code"


def task_spec(documents: list[dict[str, Any]], folder: Path, task: str) -> dict[str, Any]:
    jobs = json.loads((unpacked(documents, folder) / "jobs.json").read_text())
    return dict(jobs["specs"][jobs["tasks"][task]["spec"]])


ONE = """
@step{settings}
def train(n: int = 1) -> int:
    return n

@pipeline{pipeline}
def {name}(n: int = 1) -> int:
    return train(n)
"""


def test_resources_and_placement(tmp_path: Path) -> None:
    source = ONE.format(
        settings='(resources=Resources(cpu=0.5, memory="2K", gpu=2, gpu_type="A100", disk="5Gi"), timeout="90s", image="own/image:1")',
        pipeline="",
        name="flow",
    )
    spec = task_spec(
        build(tmp_path, source, Options(placement=Placement(node_selector={"pool": "gpu"}), image_pull_secrets=("r",))), tmp_path, "train"
    )
    assert spec["backoffLimit"] == 0
    assert spec["activeDeadlineSeconds"] == 990
    pod = spec["template"]["spec"]
    wanted = {"cpu": "500m", "memory": "2k", "ephemeral-storage": "5Gi"}
    assert pod["containers"][0]["resources"] == {"requests": wanted, "limits": {**wanted, "nvidia.com/gpu": "2"}}
    assert pod["containers"][0]["image"] == "own/image:1"
    assert pod["nodeSelector"] == {"pool": "gpu", "nvidia.com/gpu.product": "A100"}
    assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert pod["imagePullSecrets"] == [{"name": "r"}]


def test_env_and_secrets_are_what_the_source_says(tmp_path: Path) -> None:
    settings = '(env={"A": "$(HOME) $$ $", "HOME": "/x"}, secrets=[Secret("db", env="P", key="pw"), Secret("one", env="Q")])'
    pod = task_spec(build(tmp_path, ONE.format(settings=settings, pipeline="", name="flow")), tmp_path, "train")["template"]["spec"]
    assert pod["containers"][0]["env"] == [
        {"name": "A", "value": "$$(HOME) $$$$ $$"},
        {"name": "HOME", "value": "/x"},
        {"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "pw"}}},
    ]
    assert {"name": "secret-0", "secret": {"secretName": "one", "optional": True}} in pod["volumes"]


def test_a_schedule(tmp_path: Path) -> None:
    schedule = 'Schedule(cron="30 6 * * mon", timezone="Europe/Zurich", overlap="replace", paused=True)'
    cron_job = one(
        build(tmp_path, ONE.format(settings="", pipeline=f'(schedule={schedule}, timeout="1h", tags={{"team": "a b"}})', name="flow")),
        "CronJob",
    )
    spec = cron_job["spec"]
    assert (spec["timeZone"], spec["concurrencyPolicy"], spec["suspend"]) == ("Europe/Zurich", "Replace", True)
    assert spec["schedule"].startswith("30 6 * * ")
    assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 3720
    assert cron_job["metadata"]["annotations"]["team"] == "a b"


def test_without_a_schedule_nothing_starts_by_itself(tmp_path: Path) -> None:
    assert one(build(tmp_path, ONE.format(settings="", pipeline="", name="flow")), "CronJob")["spec"]["suspend"] is True


@pytest.mark.parametrize(
    ("settings", "pipeline", "message"),
    [
        ("", '(schedule=Schedule(at="2027-01-01T00:00"))', "repeats"),
        ("", '(schedule=Schedule(cron="0 0 * * *", overlap="queue"))', "queue"),
        ("", '(schedule=Schedule(cron="0 0 * * *", catchup=True))', "last time missed"),
        ('(secrets=[Secret("Not_Theirs", env="X")])', "", "name of a Secret"),
        ('(tags={"job-name": "x"})', "", "meaning of its own"),
        ('(tags={"wye/run": "x"})', "", "meaning of its own"),
        ('(resources=Resources(gpu=1, gpu_type="a b"))', "", "node's label"),
    ],
)
def test_what_cannot_be_is_refused(settings: str, pipeline: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CompileFailed) as failed:
        build(tmp_path, ONE.format(settings=settings, pipeline=pipeline, name="flow"))
    (problem,) = failed.value.diagnostics
    assert message in problem.message
    assert problem.help
    assert problem.span.path == "flow.py"


def test_two_kinds_of_gpu_on_one_node(tmp_path: Path) -> None:
    source = """
@step(resources=Resources(gpu=1, gpu_type="a"))
def a() -> int:
    return 1

@step(resources=Resources(gpu=1, gpu_type="b"))
def b() -> int:
    return 1

@pipeline
def flow() -> int:
    return a() + b()
"""
    with pytest.raises(CompileFailed, match="share one node"):
        build(tmp_path, source)
    build(tmp_path, source, Options(access="ReadWriteMany"))


def test_large_code_is_split_and_put_together_again(tmp_path: Path) -> None:
    """No ConfigMap is larger than `kubectl apply` takes, and the driver sees each file as it was."""
    text = "é<&>\\n" * 60_000
    documents = build(
        tmp_path,
        f'TEXT = """{text}"""\n' + ONE.format(settings="", pipeline="", name="flow").replace("return n\n", "return n + len(TEXT)\n"),
    )
    maps = [d for d in documents if d["kind"] == "ConfigMap"]
    assert len(maps) > 5
    for config_map in maps:
        written = json.dumps(config_map, ensure_ascii=False)
        for c, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
            written = written.replace(c, escaped)
        assert len(written.encode("utf-8")) < 256 * 1024
    mounted = one(documents, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"][0]["projected"]["sources"]
    assert sorted(s["configMap"]["name"] for s in mounted) == sorted(m["metadata"]["name"] for m in maps)
    program = unpacked(documents, tmp_path) / "programs" / "flow.train" / "flow.py"
    assert f'TEXT = """{text}"""' in program.read_text("utf-8")


def test_code_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CompileFailed, match="ConfigMaps are for"):
        build(
            tmp_path,
            f'TEXT = "{"x" * 4_100_000}"\n'
            + ONE.format(settings="", pipeline="", name="flow").replace("return n\n", "return n + len(TEXT)\n"),
        )
    assert OBJECT_BYTES < 256 * 1024


def test_names(tmp_path: Path) -> None:
    """A CronJob's name leaves room for its Jobs'; the names of attempts are labels, each its own."""
    name = "a_rather_long_name_of_a_pipeline_that_somebody_has_thought_of"
    cron_job = one(build(tmp_path, ONE.format(settings="", pipeline="", name=name)), "CronJob")
    assert len(cron_job["metadata"]["name"]) <= 52
    launcher = JobLauncher(None, Run("r" * 63, "uid", "f"), {}, print)  # type: ignore[arg-type]
    tasks = ["train", "Train", "for_1[1].train", "for_1[11].train", "for_1[1].for_2[1].train", "t" * 200, "größe", "___"]
    names = [launcher.name(t, n) for t in tasks for n in (1, 2, 101)]
    assert len(set(names)) == len(names)
    assert all(len(n) <= 63 and n.isascii() and n == n.lower() for n in names)
    labels = [label(t) for t in tasks]
    assert len(set(labels)) == len(labels)
    assert all(0 < len(text) <= 63 for text in labels)
    other = JobLauncher(None, Run("r" * 63, "uid2", "f"), {}, print)  # type: ignore[arg-type]
    assert other.name("train", 1) != launcher.name("train", 1), "a run of the same name, after the first was deleted"


@pytest.mark.parametrize(
    "options",
    [
        {"claim": "Not_A_Name"}, {"storage": "much"}, {"user": -1}, {"parallel": 0}, {"gpu_resource": "no good"}, {"registry": "http://x"},
    ],
)  # fmt: skip
def test_options_that_are_wrong(options: dict[str, Any]) -> None:
    with pytest.raises(SettingError) as failed:
        Options(**options)
    assert failed.value.field == next(iter(options))
