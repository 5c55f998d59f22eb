"""SageMaker pipelines as they are lowered: which `if`s are Condition steps, what jobs read, are told and may take, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wye.backend.capabilities import FEATURES
from wye.backend.target import EmittedFile
from wye.diagnostics import CompileFailed
from wye.driver import compile_source, compile_target, layout_of
from wye.stacks.tables import Code, Config
from wye_targets.sagemaker import Sagemaker, SagemakerOptions
from wye_targets.sagemaker.capabilities import CAPABILITIES, GPU_TAG, TAG
from wye_targets.sagemaker.code import runtime
from wye_targets.sagemaker.jobs import expired_after
from wye_targets.sagemaker.placement import Placement

STEPS = """\
from datetime import datetime
from wye import Cache, Resources, Retry, Schedule, ScheduledTime, Secret, context, pipeline, step

@step
def one(n: int = 1) -> int:
    return n

@step
def check(n: int) -> None:
    pass

@step
def yes(n: int) -> bool:
    return n > 0
"""
WHOLE = SagemakerOptions(
    region="eu-west-1", store="s3://a-bucket/flows", role="arn:aws:iam::123456789012:role/jobs",
    registry="123456789012.dkr.ecr.eu-west-1.amazonaws.com", scheduler_role="arn:aws:iam::123456789012:role/scheduler",
)  # fmt: skip


class Made:
    """A source's build: its definition, its steps by name at any depth, its task files."""

    def __init__(
        self, source: str, folder: Path, options: SagemakerOptions | None = None, config: Config | None = None, **settings: Any
    ) -> None:
        file = folder / "flow.py"
        file.write_text(STEPS + source, "utf-8")
        pipeline = compile_source(file, None, layout_of(file, config) if config else None)
        pipeline = replace(pipeline, settings=replace(pipeline.settings, **settings))
        files, self.checked = compile_target(pipeline, Sagemaker(), options or SagemakerOptions(), config=config)
        self.files: dict[str, EmittedFile] = {f.path: f for f in files}
        self.definition = json.loads(self["pipeline.json"])
        self.steps: dict[str, dict[str, Any]] = {}
        self._collect(self.definition["Steps"])
        tasks = [json.loads(f.text) for p, f in self.files.items() if p.startswith("upload/tasks/") and p.endswith("task.json")]
        self.tasks = {t["id"]: t for t in tasks}
        self.parameters = {p["Name"]: p for p in self.definition["Parameters"]}

    def __getitem__(self, path: str) -> str:
        return self.files[path].text

    def _collect(self, steps: list[dict[str, Any]]) -> None:
        for step in steps:
            self.steps[step["Name"]] = step
            for arm in ("IfSteps", "ElseSteps"):
                self._collect(step["Arguments"].get(arm, []))

    def job(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.steps[name]["Arguments"]
        return found

    def inputs(self, name: str) -> list[str]:
        return [i["InputName"] for i in self.job(name)["ProcessingInputs"]]

    def how(self, feature: str) -> list[tuple[str, str]]:
        return [(d.level, d.how) for d in self.checked.decisions if d.feature == feature]


def refused(source: str, folder: Path, options: SagemakerOptions | None = None, config: Config | None = None) -> str:
    with pytest.raises(CompileFailed) as caught:
        Made(source, folder, options, config)
    return "; ".join(f"{d.code} {d.message} ({d.help})" for d in caught.value.diagnostics)


def test_every_feature_has_a_row_with_a_link() -> None:
    assert set(CAPABILITIES.rows) == {f.name for f in FEATURES}
    assert [n for n, r in CAPABILITIES.rows.items() if not r.link.startswith("https://")] == []


def test_an_if_at_the_end_is_a_condition_step(tmp_path: Path) -> None:
    made = Made("@pipeline\ndef p(n: int = 2) -> None:\n    if yes(n):\n        check(one(n))\n    else:\n        check(7)\n", tmp_path)
    (condition,) = [s for s in made.steps.values() if s["Type"] == "Condition"]
    arguments = condition["Arguments"]
    assert [[s["Name"] for s in arguments[arm]] for arm in ("IfSteps", "ElseSteps")] == [["one", "check"], ["check_2"]]
    left = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.yes.PropertyFiles.state"}, "Path": "tested.out"}}
    assert arguments["Conditions"] == [{"Type": "Equals", "LeftValue": left, "RightValue": "true"}]
    assert condition["DependsOn"] == ["yes"]
    assert made.steps["yes"]["PropertyFiles"][0]["FilePath"] == "state.json"
    assert made.tasks["yes"]["tested"] == ["out"]
    assert "guards" not in made.tasks["check"]
    assert "DependsOn" not in made.steps["one"], "its branch has waited"
    assert made.steps["check"]["DependsOn"] == ["one"]


@pytest.mark.parametrize(
    "body",
    [
        "    x = one(1) if yes(n) else 2\n    check(x)\n",  # somebody reads what is made inside
        "    if yes(n):\n        check(1)\n    check(2)\n",  # somebody waits for it
        "    if c:\n        check(1)\n",  # a parameter: no property file
        "    try:\n        if yes(n):\n            check(1)\n    finally:\n        check(2)\n",  # its failure is not the run's end
    ],
)
def test_an_if_that_something_follows_is_guarded(body: str, tmp_path: Path) -> None:
    made = Made(f"@pipeline\ndef p(n: int = 2, c: bool = True) -> None:\n{body}", tmp_path)
    assert all(s["Type"] == "Processing" for s in made.steps.values())
    assert any("guards" in t for t in made.tasks.values())


def test_a_pipeline_with_a_value_has_no_condition_steps(tmp_path: Path) -> None:
    made = Made("@pipeline\ndef p(n: int = 2) -> int:\n    if yes(n):\n        check(1)\n    return n\n", tmp_path)
    assert "outputs" in made.steps
    assert all(s["Type"] == "Processing" for s in made.steps.values())


def test_the_report_says_which_ifs_are_condition_steps(tmp_path: Path) -> None:
    body = "    if yes(n):\n        check(1)\n    check(2)\n    if yes(n + 1):\n        if yes(3):\n            check(4)\n"
    made = Made(f"@pipeline\ndef p(n: int = 2) -> None:\n{body}", tmp_path)
    assert [level for level, _ in made.how("if")] == ["emulated", "native", "native"]
    assert made.how("if")[1][1] == "a Condition step: nothing is ordered after the `if`"


def test_the_report_says_which_caches_have_no_effect(tmp_path: Path) -> None:
    def cached(body: str, head: str = "", signature: str = "", **settings: Any) -> list[tuple[str, str]]:
        made = Made(f"{head}@pipeline\ndef p({signature}) -> None:\n{body}", tmp_path, **settings)
        assert any("CacheConfig" in s for s in made.steps.values()) is (made.how("step.cache")[0][0] == "native")
        return made.how("step.cache")

    call = "    check.options(cache=True)(1)\n"
    assert [level for level, _ in cached(call)] == ["native"]
    day = "@step(cache=True)\ndef day(d: datetime) -> None:\n    pass\n\n"
    for found, why in (
        (cached(call, timeout=3600.0), "timeout"),
        (cached("    day(d)\n", day, "d: datetime = ScheduledTime()"), "the time for which the run is meant"),
        (cached("    check.options(cache=True)(1)\n", on_failure="continue"), "ends well though it has failed"),
        (cached("    if yes.options(cache=True)(1):\n        check(1)\n"), "Condition step"),
        (cached("    check.options(cache=True)(one(1))\n"), "it reads the step `one`, which runs each time"),
    ):
        ((level, how),) = found
        assert (level, why in how) == ("advisory", True), how


def test_a_step_has_few_lines(tmp_path: Path) -> None:
    made = Made("@pipeline\ndef p() -> int:\n    return one(one(1) + one(2))\n", tmp_path)
    lines = made["pipeline.json"].splitlines()
    assert len(lines) < 20 * len(made.steps)
    inputs = [line for line in lines if '"InputName"' in line]
    assert len(inputs) == sum(len(made.inputs(n)) for n in made.steps)
    assert all(len(f.text.splitlines()) < 12 for p, f in made.files.items() if p.endswith("/task.json"))


def test_values_come_by_reference_and_many_by_one_prefix(tmp_path: Path) -> None:
    few = Made("@pipeline\ndef p() -> int:\n    return one(one(1) + one(2))\n", tmp_path)
    (last,) = [i for i in few.job("one_3")["ProcessingInputs"] if i["InputName"] == "values-one"]
    assert last["S3Input"]["S3Uri"] == {"Get": "Steps.one.ProcessingOutputConfig.Outputs['values'].S3Output.S3Uri"}
    assert last["S3Input"]["LocalPath"] == "/opt/ml/processing/input/values/one/out"
    calls = "".join(f"    a{i} = one.options(cache=True)({i})\n" for i in range(9))
    many = Made(f"@pipeline\ndef p() -> int:\n{calls}    return one({' + '.join(f'a{i}' for i in range(9))})\n", tmp_path)
    assert many.inputs("one_10") == ["wye", "task", "program", "values"]
    place = many.job("one_10")["ProcessingInputs"][-1]["S3Input"]["S3Uri"]["Std:Join"]["Values"]
    assert place[-2:] == [{"Get": "Execution.PipelineExecutionId"}, "values/"]
    assert not any("CacheConfig" in s for s in many.steps.values()), "what a cache answers is not below the run's own prefix"


def test_a_prefix_is_nobody_elses(tmp_path: Path) -> None:
    """`…/one` begins `…/one_2` too; `…/one/out` does not."""
    made = Made("@pipeline\ndef p() -> int:\n    return one(1) + one(2)\n", tmp_path, WHOLE)
    places = [
        "/".join(map(str, o["S3Output"]["S3Uri"]["Std:Join"]["Values"]))
        for s in made.steps
        for o in made.job(s)["ProcessingOutputConfig"]["Outputs"]
    ]
    assert [(a, b) for a in places for b in places if a != b and b.startswith(a)] == []
    for name in made.steps:
        assert all(
            not isinstance(i["S3Input"]["S3Uri"], str) or i["S3Input"]["S3Uri"].endswith("/") for i in made.job(name)["ProcessingInputs"]
        )


def test_what_the_stack_does_not_say_is_a_parameter(tmp_path: Path) -> None:
    source = "@pipeline\ndef p(Bucket: str = 'x') -> int:\n    return one.options(image='team/image:1')(1)\n"
    made = Made(source, tmp_path)
    assert [(n, p["Type"], p.get("DefaultValue")) for n, p in made.parameters.items()] == [
        ("Bucket", "String", "x"), ("WyeBucket", "String", None), ("Registry", "String", None), ("RoleArn", "String", None),
        ("AwsRegistry", "String", None),
    ]  # fmt: skip
    assert made.job("one")["AppSpecification"]["ImageUri"] == {
        "Std:Join": {"On": "/", "Values": [{"Get": "Parameters.Registry"}, "team/image:1"]}
    }
    told = Made(source, tmp_path, WHOLE)
    assert list(told.parameters) == ["Bucket"]
    job = told.job("one")
    assert job["AppSpecification"]["ImageUri"] == "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/image:1"
    assert job["RoleArn"] == WHOLE.role
    assert job["ProcessingInputs"][0]["S3Input"]["S3Uri"] == f"s3://a-bucket/flows/p/{runtime().folder}/"
    assert told.job("outputs")["AppSpecification"]["ImageUri"] == f"763104351884.dkr.ecr.eu-west-1.amazonaws.com/{TAG}"
    assert json.loads(told["create-pipeline.json"])["RoleArn"] == WHOLE.role


def test_parameters_by_type(tmp_path: Path) -> None:
    long = "x" * 300
    source = f"""
@step
def use(*, a: int, b: int, c: bool, d: float, e: str, f: str, g: str, h: list[int], i: str, j: int | None) -> None:
    pass

@pipeline
def p(z: str, a: int = 3, b: int = 2**40, c: bool = False, d: float = 0.1, e: str = "", f: str = "yes", g: str = "12 $HOME {{{{ds}}}}",
      h: list[int] = [], i: str = "{long}", j: int | None = None) -> None:
    use(a=a, b=b, c=c, d=d, e=e, f=f, g=g, h=h, i=i, j=j)
    check(len(z))
"""
    made = Made(source, tmp_path)
    found = {n: (p["Type"], p.get("DefaultValue")) for n, p in made.parameters.items() if len(n) == 1}
    assert found == {
        "z": ("String", None), "a": ("Integer", 3), "b": ("String", "1099511627776"), "c": ("Boolean", False), "d": ("String", "0.1"),
        "e": ("String", '""'), "f": ("String", "yes"), "g": ("String", "12 $HOME {{ds}}"), "h": ("String", "[]"),
        "i": ("String", "<default>"), "j": ("String", "null"),
    }  # fmt: skip
    environment = made.job("use")["Environment"]
    assert environment["WYE_PARAM_a"] == {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.a"}]}}
    assert environment["WYE_PARAM_e"] == {"Get": "Parameters.e"}
    told = {p["name"]: p for p in made.tasks["use"]["told"]}
    assert told["i"]["default"] == long
    assert "default" not in told["e"]


def test_machines(tmp_path: Path) -> None:
    source = """
@step(resources=Resources(cpu=3, memory="10Gi", disk="100Gi"))
def large() -> int:
    return 1

@step(resources=Resources(gpu=1, gpu_type="nvidia-l4"))
def trained(n: int) -> int:
    return n

@step(resources=Resources(cpu=64), targets={"sagemaker": {"instance_type": "ml.m7i.48xlarge"}})
def named(n: int) -> int:
    return n

@pipeline
def p() -> int:
    return named(trained(large())) + one(2)
"""
    made = Made(source, tmp_path, WHOLE)
    cluster = {n: made.job(n)["ProcessingResources"]["ClusterConfig"] for n in made.steps}
    assert {n: c["InstanceType"] for n, c in cluster.items()} == {
        "large": "ml.m5.xlarge", "trained": "ml.g6.xlarge", "named": "ml.m7i.48xlarge", "one": "ml.m5.large", "outputs": "ml.t3.medium",
    }  # fmt: skip
    assert cluster["large"]["VolumeSizeInGB"] == 100
    assert made.job("trained")["AppSpecification"]["ImageUri"].endswith("/" + GPU_TAG)
    assert ("native", "InstanceType ml.m5.xlarge: the smallest that fits (2026-11)") in made.how("step.cpu")
    assert made.how("step.gpu_type") == [("native", "InstanceType ml.g6.xlarge: the smallest that fits (2026-11)")]
    text = refused('@pipeline\ndef p() -> int:\n    return one.options(resources=Resources(gpu=1, gpu_type="nvidia-x9"))(1)\n', tmp_path)
    assert "no machine in our table has that" in text
    assert "nvidia-t4" in text


def test_faults_time_and_cache(tmp_path: Path) -> None:
    source = """
@pipeline
def p() -> int:
    a = one.options(retry=Retry(30, delay="2s", backoff=3), timeout="1m", cache=Cache(max_age="36h"))(1)
    return one.options(cache=Cache(max_age="30s"), tags={"a": "b"})(a)
"""
    made = Made(source, tmp_path)
    first, second = made.steps["one"], made.steps["one_2"]
    (policy,) = first["RetryPolicies"]
    assert (policy["IntervalSeconds"], policy["BackoffRate"], policy["MaxAttempts"]) == (2, 3.0, 20)
    assert all(t.startswith("SageMaker.") for t in policy["ExceptionType"]), "the rest Pipelines tries again by itself"
    assert first["CacheConfig"] == {"Enabled": True, "ExpireAfter": "PT36H"}
    assert first["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] > 31 * 60
    assert "CacheConfig" not in second
    assert [level for level, _ in made.how("step.cache")] == ["native", "advisory"]
    assert second["Arguments"]["StoppingCondition"] == {"MaxRuntimeInSeconds": 432000}
    assert second["Arguments"]["Tags"] == [{"Key": "a", "Value": "b"}]
    assert [expired_after(s) for s in (60, 119, 3600, 86400, 90 * 60)] == ["PT1M", "PT1M", "PT1H", "P1D", "PT90M"]


def test_a_guarded_failure_is_never_cached(tmp_path: Path) -> None:
    source = (
        "@pipeline\ndef p() -> None:\n    try:\n        check.options(cache=True)(1)\n    finally:\n        check.options(cache=True)(2)\n"
    )
    made = Made(source, tmp_path)
    assert "CacheConfig" not in made.steps["check"]
    assert made.tasks["check"]["soft"]
    assert "CacheConfig" in made.steps["check_2"]


def test_variables(tmp_path: Path) -> None:
    env = {"GOOD": "a\n$HOME", "AWS_REGION": "nowhere", "LONG": "x" * 257}
    made = Made(f"@pipeline\ndef p() -> int:\n    return one.options(env={env!r})(1)\n", tmp_path)
    assert made.job("one")["Environment"] == {"GOOD": "a\n$HOME"}
    assert made.tasks["one"]["env"] == {k: v for k, v in env.items() if k != "GOOD"}
    assert made.how("step.env")[0][0] == "emulated"
    many = {f"V{i}": "x" for i in range(60)}
    assert len(Made(f"@pipeline\ndef p() -> int:\n    return one.options(env={many!r})(1)\n", tmp_path).tasks["one"]["env"]) == 60


def test_placement(tmp_path: Path) -> None:
    place = Placement(
        subnets=("subnet-1",), security_groups=("sg-1",), volume_kms_key="key/1", output_kms_key="key/2", encrypt_traffic=True
    )
    made = Made("@pipeline\ndef p() -> int:\n    return one(1)\n", tmp_path, replace(WHOLE, placement=place))
    job = made.job("one")
    assert job["NetworkConfig"] == {
        "EnableInterContainerTrafficEncryption": True, "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
    }  # fmt: skip
    assert job["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == "key/1"
    assert job["ProcessingOutputConfig"]["KmsKeyId"] == "key/2"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"store": "gs://bucket"}, "store"), ({"store": "s3://Bucket"}, "store"), ({"role": "jobs"}, "role"),
        ({"region": "europe"}, "region"),        ({"region": "eu-south-9"}, "region"),
        ({"registry": "ghcr.io/team"}, "registry"), ({"image": "a b"}, "image"),
        ({"max_steps": 0}, "max_steps"),
    ],
)  # fmt: skip
def test_options_that_cannot_be(options: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError) as caught:
        SagemakerOptions(**options)
    assert getattr(caught.value, "field", None) == field


def test_what_is_refused(tmp_path: Path) -> None:
    calls = "".join(f"    check({i})\n" for i in range(51))
    assert "WYE4004 the pipeline takes 51 steps, and SageMaker takes 50" in refused(f"@pipeline\ndef p() -> None:\n{calls}", tmp_path)
    Made(f"@pipeline\ndef p() -> None:\n{calls}", tmp_path, SagemakerOptions(max_steps=60))
    cases = {
        "image='ghcr.io/team/image:1'": "images from ECR alone",
        "tags={'aws:team': 'x'}": "cannot be a tag",
        "timeout='3d', retry=Retry(1)": "at most 5 days",
        "resources=Resources(disk='20Ti')": "at most 16,384 GiB",
    }
    for settings, message in cases.items():
        assert message in refused(f"@pipeline\ndef p() -> int:\n    return one.options({settings})(1)\n", tmp_path)
    parameters = ", ".join(f"p{i}: int = 1" for i in range(51))
    assert "51 parameters" in refused(f"@pipeline\ndef p({parameters}) -> int:\n    return one(p1)\n", tmp_path)


def test_a_schedule_starts_runs_with_their_time(tmp_path: Path) -> None:
    source = """
@step
def day(d: datetime) -> str:
    return f"{d} {context().run_id}"

@pipeline(schedule=Schedule(cron="0 6 * * 1-5", timezone="Asia/Tokyo", start="2026-01-01T00:00", paused=True), max_parallel=3)
def p(d: datetime = ScheduledTime()) -> str:
    return day(d)
"""
    made = Made(source, tmp_path, WHOLE)
    request = json.loads(made["schedule.json"])
    assert (request["ScheduleExpression"], request["ScheduleExpressionTimezone"]) == ("cron(0 6 ? * 2,3,4,5,6 *)", "Asia/Tokyo")
    assert (request["State"], request["StartDate"]) == ("DISABLED", "2025-12-31T15:00:00Z")
    start = json.loads(request["Target"]["Input"])
    assert start["PipelineParameters"] == [{"Name": "ScheduledTime", "Value": "<aws.scheduler.scheduled-time>"}]
    assert made.parameters["ScheduledTime"]["DefaultValue"] == "<run>"
    environment = made.job("day")["Environment"]
    assert environment["WYE_SCHEDULED"] == {"Get": "Parameters.ScheduledTime"}
    assert environment["WYE_RUN"] == {"Get": "Execution.PipelineExecutionId"}
    assert json.loads(made["create-pipeline.json"])["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 3}


def test_names_that_sagemaker_does_not_take(tmp_path: Path) -> None:
    source = "@pipeline(name='nightly_report_')\ndef p(größe: int = 1) -> int:\n    outputs = one(größe)\n    return outputs\n"
    made = Made(source, tmp_path)
    request = json.loads(made["create-pipeline.json"])
    assert request["PipelineName"] == "nightly-report"
    assert all(n.isascii() for n in (*made.steps, *made.parameters))


PACKED = """
@step(packages=["pyyaml>=6"])
def packed(n: int) -> int:
    return n

@step(resources=Resources(gpu=1))
def train(n: int) -> int:
    return n

@pipeline
def flow(n: int = 2) -> int:
    total = 0
    for i in range(packed(n)):
        total = total + one(i)
    return train(total)
"""


def test_programs_in_images(tmp_path: Path) -> None:
    config = Config(code=Code(packaging="image"), folder=tmp_path)
    made = Made(PACKED, tmp_path, WHOLE, config)
    folder = f"upload/{runtime(True).folder}/"
    assert {p for p in made.files if p.startswith("upload/") and not p.startswith("upload/tasks/")} == {
        folder + "adapter.py", folder + "secretsmanager.py"
    }  # fmt: skip
    assert {p.rpartition("/")[2] for p in made.files if p.startswith("upload/tasks/")} == {"task.json"}
    assert not [p for p, f in made.files.items() if p.startswith("upload/tasks/") and '"packages"' in f.text]
    assert {n: made.inputs(n) for n in ("packed", "for_1")} == {"packed": ["wye", "task"], "for_1": ["wye", "task", "values-for_1_items"]}
    images = {i.name: i for i in made.checked.images}
    assert set(images) == {"flow", "flow-packed", "flow-train"}
    assert {n: made.job(n)["AppSpecification"]["ImageUri"] for n in ("for_1", "packed", "train", "outputs")} == {
        "for_1": images["flow"].reference, "packed": images["flow-packed"].reference,
        "train": images["flow-train"].reference, "outputs": images["flow"].reference,
    }  # fmt: skip
    assert images["flow"].reference.startswith(f"{WHOLE.registry}/flow:")
    aws = "763104351884.dkr.ecr.eu-west-1.amazonaws.com"
    assert (images["flow"].environment.base, images["flow-train"].environment.base) == (f"{aws}/{TAG}", f"{aws}/{GPU_TAG}")
    dockerfile = next(f.text for f in images["flow"].files if f.path == "Dockerfile")
    assert dockerfile.endswith("USER 0:0\n"), "nobody else may write below /opt/ml"
    assert made.how("code.image") == []
    assert "create-repository --repository-name flow`" in made["README.md"]
    assert images["flow-train"].reference in made["README.md"]


def test_images_of_a_registry_that_each_run_says(tmp_path: Path) -> None:
    config = Config(code=Code(packaging="image"), folder=tmp_path)
    made = Made(PACKED, tmp_path, SagemakerOptions(image="public.ecr.aws/docker/library/python:3.12-slim"), config)
    (image, _) = made.checked.images
    assert image.environment.base == "public.ecr.aws/docker/library/python:3.12-slim", "where it begins may be from anywhere"
    assert made.job("outputs")["AppSpecification"]["ImageUri"] == {
        "Std:Join": {"On": "/", "Values": [{"Get": "Parameters.Registry"}, image.local]}
    }
    assert "AwsRegistry" not in made.parameters
    bare = Made(PACKED, tmp_path, SagemakerOptions(), config).checked.images[0]
    assert bare.environment.base == f"763104351884.dkr.ecr.us-east-1.amazonaws.com/{TAG}"


def test_images_that_ecr_does_not_take(tmp_path: Path) -> None:
    source = "@pipeline\ndef p() -> int:\n    return one(1)\n"
    foreign = SagemakerOptions(image="ghcr.io/team/i")
    assert "SageMaker takes images from ECR alone, not ghcr.io/team/i (copy" in refused(source, tmp_path, foreign)
    config = Config(code=Code(packaging="image"), folder=tmp_path)
    assert Made(source.replace("p()", "pp()"), tmp_path, foreign, config).checked.images[0].environment.base == "ghcr.io/team/i"
    assert "have at least 2 letters" in refused(source, tmp_path, WHOLE, config)
    folder = replace(WHOLE, registry=f"{WHOLE.registry}/ml")
    assert Made(source, tmp_path, folder, config).checked.images[0].reference.startswith(f"{WHOLE.registry}/ml/p:")


def test_no_file_is_empty(tmp_path: Path) -> None:
    """S3 may not keep it."""
    (tmp_path / "empty.txt").write_text("")
    source = "@step(files=['empty.txt'])\ndef read() -> int:\n    return 1\n\n@pipeline\ndef p() -> int:\n    return read()\n"
    made = Made(source, tmp_path)
    assert [p for p, f in made.files.items() if not f.content] == []
    assert made.tasks["read"]["empty"] == ["empty.txt"]
