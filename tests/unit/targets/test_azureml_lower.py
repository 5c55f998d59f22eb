"""Pipeline jobs of Azure Machine Learning as they are lowered: what reads what, what a job runs on, what stands in fields that the platform
or a shell expands."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml

from wye.backend.capabilities import FEATURES
from wye.backend.target import EmittedFile
from wye.diagnostics import CompileFailed
from wye.driver import compile_source, compile_target
from wye.stacks import Config
from wye.stacks.tables import Code
from wye_targets.azureml import Azureml, AzuremlOptions
from wye_targets.azureml.capabilities import CAPABILITIES
from wye_targets.azureml.machines import MACHINES
from wye_targets.azureml.placement import Placement, PlacementError

LOWER = importlib.import_module("wye_targets.azureml.lower")
STEPS = """\
from wye import Cache, Failure, Resources, Retry, Schedule, ScheduledTime, Secret, context, pipeline, step
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

@step(packages=["pyyaml>=6"], cache=True)
def packed(n: int) -> int:
    return n

@step
def yes(n: int) -> bool:
    return n > 0
"""


class Made:
    """A source's build: its pipeline job, its task files, its other files."""

    def __init__(
        self, source: str, folder: Path, options: AzuremlOptions | None = None, config: Config | None = None, **settings: Any
    ) -> None:
        file = folder / "flow.py"
        file.write_text(STEPS + source, "utf-8")
        pipeline = compile_source(file)
        pipeline = replace(pipeline, settings=replace(pipeline.settings, **settings))
        files, self.checked = compile_target(pipeline, Azureml(), options or AzuremlOptions(), config=config)
        self.files: dict[str, EmittedFile] = {f.path: f for f in files}
        self.job = yaml.load(self["pipeline.yml"], yaml.CSafeLoader)
        self.jobs = self.job["jobs"]
        self.forms = json.loads(self["code/pipeline.json"])["tasks"]

    def __getitem__(self, path: str) -> str:
        return self.files[path].text

    def body(self, task: str) -> dict[str, Any]:
        """What a job runs, wherever that stands."""
        node = self.jobs[task]
        return dict(yaml.load(self[node["component"].removeprefix("./")], yaml.CSafeLoader)) if "component" in node else node

    def reads(self, task: str) -> list[str]:
        return [n.removeprefix("from_") for n in self.jobs[task].get("inputs", {}) if n.startswith("from_")]

    def how(self, feature: str) -> set[str]:
        return {d.how for d in self.checked.decisions if d.feature == feature}


def refused(source: str, folder: Path, options: AzuremlOptions | None = None) -> list[tuple[str, str]]:
    with pytest.raises(CompileFailed) as error:
        Made(source, folder, options)
    return [(d.message, d.help or "") for d in error.value.diagnostics]


def test_every_feature_has_a_row_with_a_link() -> None:
    assert set(CAPABILITIES.rows) == {f.name for f in FEATURES}
    assert [n for n, r in CAPABILITIES.rows.items() if not r.link.startswith("https://")] == []


def test_a_clean_up_reads_what_the_body_came_to_and_a_verdict_tells(tmp_path: Path) -> None:
    body = "    try:\n        b = one(a)\n        check(b)\n    finally:\n        check(a)\n    return one(b)\n"
    made = Made(f"@pipeline\ndef p(n: int = 2) -> int:\n    a = one(n)\n{body}", tmp_path)
    assert {k: f.get("soft", False) for k, f in made.forms.items()} == {
        "one": False, "one_2": True, "check": True, "check_2": False, "try_1_verdict": False, "one_3": False, "outputs": False,
    }  # fmt: skip
    assert made.forms["check"]["checks"] == ["one_2"]
    assert made.forms["try_1_verdict"]["of"] == ["one_2", "check", "check_2"]
    assert made.reads("check_2") == ["check", "one"]
    assert made.job["settings"] == {
        "default_compute": "azureml:serverless", "continue_on_step_failure": False, "force_rerun": True,
    }  # fmt: skip


def test_guards_and_joins(tmp_path: Path) -> None:
    body = "    if c:\n        x = one(a)\n    else:\n        x = 5\n    return one(x)\n"
    made = Made(f"@pipeline\ndef p(c: bool = True, n: int = 2) -> int:\n    a = one(n)\n{body}", tmp_path)
    assert made.forms["one_2"]["guards"] == [{"if": {"param": "c"}, "is": True}]
    assert made.forms["one_3"]["inputs"]["n"]["select"] == {"param": "c"}
    assert made.jobs["one_2"]["inputs"] == {"param_c": "${{parent.inputs.c}}", "from_one": "${{parent.jobs.one.outputs.out}}"}
    assert made.jobs["one_2"]["command"] == (
        "python3 -B wye_azureml.py one_2 '${{outputs.out}}' param_c='${{inputs.param_c}}' from_one='${{inputs.from_one}}'"
    )


def test_no_default_ends_the_quotes_or_is_read_as_an_expression(tmp_path: Path) -> None:
    texts = ["it's", "$(id)", "${{parent.inputs.a}}", "$[[x]]", "", " a ", "007", "plain text", "a\nb", "<run>", "x" * 2000]
    signature = ", ".join(f"a{i}: str = {t!r}" for i, t in enumerate(texts))
    made = Made(f"@pipeline\ndef p({signature}, xs: list[str] = ['it\\'s']) -> int:\n    return one(len(a0))\n", tmp_path)
    inputs = made.job["inputs"]
    assert inputs["a6"] == "007"
    assert inputs["a7"] == "plain text"
    assert inputs["a10"] == "<default>"
    for value in inputs.values():
        assert value
        assert not set("'$\n") & set(value)
    assert made.forms["outputs"]["told"][10]["default"] == "x" * 2000


def test_types_of_inputs(tmp_path: Path) -> None:
    signature = f"n: int = -3, big: int = {2**60}, b: bool = True, f: float = 0.1, path: str = 'x', Ab: int = 1, need: int"
    made = Made(f"@pipeline\ndef p(*, {signature}) -> int:\n    return one(n)\n", tmp_path)
    (path,) = [n for n in made.job["inputs"] if n.startswith("path_")]
    assert made.job["inputs"] == {
        "n": -3, "big": str(2**60), "b": True, "f": "0.1", path: "x", "ab": 1, "need": "<required>",
    }  # fmt: skip
    assert "--set inputs.need=…" in made["README.md"]


def test_what_is_not_to_be_reused_is_a_component_of_its_own(tmp_path: Path) -> None:
    made = Made("@pipeline\ndef p(n: int = 2) -> int:\n    return one(packed(n))\n", tmp_path)
    assert made.job["settings"]["force_rerun"] is False
    assert "component" not in made.jobs["packed"]
    assert made.jobs["one"]["component"] == "./components/one.yml"
    assert made.body("one")["is_deterministic"] is False
    assert made.body("outputs")["outputs"] == {"out": {"type": "uri_folder"}}
    assert made.forms["packed"].get("told") == [{"name": "n", "input": "param_n", "type": "int"}], "no other parameter counts"
    soft = Made("@pipeline(on_failure='continue')\ndef p(n: int = 2) -> int:\n    return packed(n)\n", tmp_path)
    assert soft.job["settings"]["force_rerun"] is True, "a failure would be reused"


def test_packages_are_an_environment_or_the_runners_affair(tmp_path: Path) -> None:
    made = Made("@pipeline\ndef p(n: int = 2) -> int:\n    xs = [packed(i) for i in range(n)]\n    return packed(len(xs))\n", tmp_path)
    assert made.jobs["packed_2"]["environment"] == {"image": AzuremlOptions().conda_image, "conda_file": "./environments/for-1.yml"}
    assert made.body("for_1")["environment"]["conda_file"] == "../environments/for-1.yml"
    assert yaml.load(made["environments/for-1.yml"], yaml.CSafeLoader)["dependencies"] == ["python=3.11", "pip", {"pip": ["pyyaml>=6"]}]
    assert '"packages"' not in json.dumps(made.forms)
    image = "@pipeline\ndef p(n: int = 2) -> int:\n    return packed.options(image='a/b:1')(n)\n"
    own = Made(image, tmp_path, AzuremlOptions(registry="example.azurecr.io"))
    assert own.jobs["packed"]["environment"] == {"image": "example.azurecr.io/a/b:1"}
    assert own.forms["packed"]["packages"] == ["pyyaml>=6"]
    assert own.how("step.packages") == {"installed by the runner when the job starts and the image does not have them"}


def test_machines(tmp_path: Path) -> None:
    source = "@pipeline\ndef p(n: int = 2) -> int:\n    return large(one(n))\n"
    made = Made(source, tmp_path)
    assert made.jobs["large"]["resources"] == {"instance_type": "Standard_E4s_v3"}
    assert "resources" not in made.jobs["one"]
    named = Made(source, tmp_path, AzuremlOptions(placement=Placement(instance_type="Standard_M8ms", shm_size="4g", job_tier="spot")))
    assert named.jobs["large"]["resources"] == {"instance_type": "Standard_M8ms", "shm_size": "4g"}
    assert named.jobs["large"]["queue_settings"] == {"job_tier": "spot"}
    cluster = AzuremlOptions(placement=Placement(compute="cpu-cluster", instance_type="Standard_E8s_v3"))
    there = Made(source, tmp_path, cluster)
    assert there.job["settings"]["default_compute"] == "azureml:cpu-cluster"
    assert "resources" not in there.jobs["large"]
    assert there.how("step.cpu") == {"the machines of the cluster cpu-cluster (Standard_E8s_v3) have that"}
    unsaid = refused(source, tmp_path, AzuremlOptions(placement=Placement(compute="cpu-cluster")))
    assert ["what they are" in message and "instance_type" in help for message, help in unsaid] == [True, True]
    small = AzuremlOptions(placement=Placement(compute="cpu-cluster", instance_type="Standard_D2s_v3"))
    assert "have less" in refused(source, tmp_path, small)[0][0]
    odd = AzuremlOptions(placement=Placement(compute="c", instance_type="Standard_Odd"))
    assert {d.level for d in Made(source, tmp_path, odd).checked.decisions if d.feature == "step.cpu"} == {"advisory"}
    assert len({m.name for m in MACHINES.machines}) == len(MACHINES.machines)


def test_a_steps_own_place_and_identity(tmp_path: Path) -> None:
    source = """
@step(secrets=[Secret("db", env="PW")], targets={"azureml": {"compute": "gpu"}})
def far(n: int) -> int:
    return n

@pipeline
def p(n: int = 2) -> int:
    return far(one(n))
"""
    made = Made(source, tmp_path)
    assert made.jobs["far"]["compute"] == "azureml:gpu"
    assert made.jobs["far"]["identity"] == {"type": "managed"}
    assert made.job["inputs"]["key_vault"] == "<required>"
    assert "code/keyvault.py" in made.files
    known = Made(source, tmp_path, AzuremlOptions(key_vault="ml-vault", placement=Placement(identity="user")))
    assert known.forms["far"]["vault"] == "ml-vault"
    assert "key_vault" not in known.job["inputs"]
    assert known.jobs["one"]["identity"] == {"type": "user_identity"}
    bad = refused(source.replace('"db"', '"d_b"'), tmp_path)
    assert bad == [
        ("azureml cannot do secrets by reference: 'd_b' is not the name of a secret there", "letters, digits and `-`, at most 127")
    ]


def test_the_first_job_notes_the_time_for_those_that_ask(tmp_path: Path) -> None:
    schedule = "schedule=Schedule(cron='0 6 * * *', timezone='Asia/Tokyo')"
    made = Made(f"@pipeline({schedule})\ndef p(day: datetime = ScheduledTime(), n: int = 1) -> int:\n    return one(n)\n", tmp_path)
    assert made.reads("one") == ["start"]
    assert made.reads("outputs") == ["one"]
    assert made.jobs["start"]["inputs"]["scheduled_time"] == "${{parent.inputs.scheduled_time}}"
    assert yaml.load(made["schedule.yml"], yaml.CSafeLoader) == {
        "$schema": "https://azuremlschemas.azureedge.net/latest/schedule.schema.json",
        "name": "p",
        "trigger": {"type": "cron", "expression": "0 6 * * *", "time_zone": "Tokyo Standard Time"},
        "create_job": {"type": "pipeline", "job": "./pipeline.yml", "inputs": {"scheduled_time": "${{creation_context.trigger_time}}"}},
    }
    assert "told" not in made.forms["outputs"], "the first job has checked all parameters"
    assert [p["name"] for p in made.forms["start"]["told"]] == ["day", "n"]
    plain = Made("@pipeline\ndef p(n: int = 1) -> int:\n    return one(n)\n", tmp_path)
    assert "start" not in plain.jobs
    late = Made("@pipeline(timeout='1h')\ndef p(n: int = 1) -> int:\n    return one(n)\n", tmp_path)
    assert (late.reads("one"), late.forms["one"]["deadline"]) == (["start"], 3600)


def test_what_is_rejected(tmp_path: Path) -> None:
    for settings, message in (
        ("schedule=Schedule(cron='0 6 * * *', paused=True)", "a schedule's YAML cannot say it"),
        ("schedule=Schedule(cron='0 6 * * *', overlap='skip')", 'overlap="skip"'),
        ("schedule=Schedule(cron='0 6 1 2 *')", "some months of the year only"),
        ("tags={'a': '${{name}}'}", "cannot be a tag"),
    ):
        assert message in refused(f"@pipeline({settings})\ndef p(n: int = 1) -> int:\n    return one(n)\n", tmp_path)[0][0]
    for settings, message in (("resources=Resources(disk='10Gi')", "no field asks for more"), ("timeout='21d'", "lives at most 21 days")):
        found = refused(f"@pipeline\ndef p(n: int = 1) -> int:\n    return one.options({settings})(n)\n", tmp_path)
        assert message in found[0][0]


def test_limits(tmp_path: Path) -> None:
    calls = "\n".join(f"    check({i})" for i in range(4))
    source = f"@pipeline(on_failure='continue')\ndef p() -> int:\n{calls}\n    return one(1)\n"
    with mock.patch.object(LOWER, "INPUTS", 3):
        assert "others, and a job has at most 3 such inputs" in refused(source, tmp_path)[0][0]
    long = ", ".join(f"a{i}: str = {'x' * 900!r}" for i in range(120))
    assert "too many parameters for a shell" in refused(f"@pipeline\ndef p({long}) -> int:\n    return one(len(a0))\n", tmp_path)[0][0]
    with mock.patch.object(LOWER, "STEPS", 3):
        assert "the pipeline takes 7 jobs" in refused(source, tmp_path)[0][0]


def test_so_many_at_a_time(tmp_path: Path) -> None:
    calls = "\n".join(f"    a{i} = one({i})" for i in range(4))
    made = Made(f"@pipeline(max_parallel=2)\ndef p() -> int:\n{calls}\n    return a0 + a1 + a2 + a3\n", tmp_path)
    assert [made.reads(t) for t in ("one", "one_2", "one_3", "one_4")] == [[], [], ["one"], ["one_2"]]


def test_the_report_says_which_caches_have_no_effect(tmp_path: Path) -> None:
    def cached(body: str, **settings: Any) -> list[tuple[str, str]]:
        made = Made(f"@pipeline\ndef p() -> None:\n{body}", tmp_path, **settings)
        return [(d.level, d.how) for d in made.checked.decisions if d.feature == "step.cache"]

    assert [level for level, _ in cached("    check(packed(packed(1)))\n")] == ["native"]
    for found, why in (
        (cached("    packed(one(1))\n"), "it waits for `one`, which runs each time"),
        (cached("    check(1)\n    packed(1)\n"), "it waits for `check`"),
        (cached("    packed(1)\n", timeout=3600.0), "it has to know when the run was started"),
        (cached("    packed(1)\n", on_failure="continue"), "what is inside a `try`, or a failure stops nothing"),
    ):
        assert [(level, how.startswith(f"the step runs each time: {why}")) for level, how in found] == [("advisory", True)]


def test_a_schedule_says_where_secrets_are(tmp_path: Path) -> None:
    """Its runs take the inputs that stand in the file."""
    head = "@step(secrets=[Secret('db', env='PW')])\ndef ask() -> None:\n    pass\n\n@pipeline"
    source = head + "(schedule=Schedule(cron='0 6 * * *'))\ndef p() -> None:\n    ask()\n"
    made = Made(source, tmp_path)
    assert "in place of `<required>`" in made.files["README.md"].text
    said = Made(
        head + "(schedule=Schedule(cron='0 6 * * *'))\ndef p() -> None:\n    ask()\n", tmp_path, AzuremlOptions(key_vault="a-vault")
    )
    assert "<required>" not in said.files["README.md"].text + said.files["pipeline.yml"].text


def test_programs_in_images(tmp_path: Path) -> None:
    config = Config(code=Code(packaging="image"), folder=tmp_path)
    made = Made(
        "@pipeline\ndef p(n: int = 2) -> int:\n    return one(packed(n))\n", tmp_path, AzuremlOptions(registry="r.azurecr.io"), config
    )
    assert {f for f in made.files if f.startswith("code/")} == {"code/pipeline.json", "code/wye_azureml.py"}
    images = {t: made.body(t)["environment"]["image"] for t in made.jobs}
    assert len(set(images.values())) == 2
    assert all(i.startswith("r.azurecr.io/p:") for i in images.values())
    assert "environments/packed.yml" not in made.files


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"store": "s3://a/b"}, "not a datastore"),
        ({"registry": "$HOME"}, "not a registry"),
        ({"key_vault": "a b"}, "not a key vault"),
        ({"image": "a b"}, "not the name of an image"),
    ],
)
def test_options_that_are_wrong(options: dict[str, str], message: str) -> None:
    with pytest.raises(PlacementError, match=message):
        AzuremlOptions(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({"compute": "a b"}, "not the name of a compute"),
        ({"client_id": "0a-1b"}, "only a managed identity"),
        ({"compute": "c", "job_tier": "spot"}, "has the tier that it has"),
        ({"shm_size": "8gb"}, "not a size"),
    ],
)
def test_placements_that_are_wrong(place: dict[str, Any], message: str) -> None:
    with pytest.raises(PlacementError, match=message):
        Placement(**place)


def test_the_datastore(tmp_path: Path) -> None:
    made = Made("@pipeline\ndef p() -> int:\n    return one(1)\n", tmp_path, AzuremlOptions(store="azureml://datastores/lake"))
    assert made.job["settings"]["default_datastore"] == "azureml:lake"
