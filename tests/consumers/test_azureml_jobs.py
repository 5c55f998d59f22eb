"""Every pinned pipeline job under the vendor's own code (azure-ai-ml) and by our checks of references, names and limits; and that each way
to break one is noticed."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from wye.testing.environments import engine

sys.path.append(str(Path(__file__).parents[1] / "engines"))
import azureml_interpreter as azureml

HERE = Path(__file__).parent
GOLDEN = HERE.parents[1] / "golden" / "features"
CASES = {f.parents[2].name: f.parent for f in sorted(GOLDEN.glob("*/out/azureml/pipeline.yml"))}
REQUIREMENTS = ("azure-ai-ml==1.35.2", "marshmallow==3.26.2")
Json = dict[str, Any]
Ask = Callable[[list[Json]], dict[str, Json]]


@pytest.fixture(scope="module")
def consumer() -> Ask:
    python = engine("azureml", REQUIREMENTS)

    def ask(given: list[Json]) -> dict[str, Json]:
        lines = "".join(json.dumps(g) + "\n" for g in given)
        done = subprocess.run([python, HERE / "azureml_consumer.py"], input=lines, capture_output=True, text=True, timeout=1800)
        assert done.returncode == 0, done.stderr
        return {a["name"]: a for a in map(json.loads, filter(lambda t: t.startswith("{"), done.stdout.splitlines()))}

    return ask


def job_of(case: str) -> Json:
    return dict(yaml.safe_load((CASES[case] / "pipeline.yml").read_text("utf-8")))


def ours(case: str, job: Json) -> str:
    """What our own checks find wrong with a pipeline job of that case; empty when nothing."""
    try:
        azureml.check(job, CASES[case])
    except azureml.Refused as refused:
        return str(refused)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return f"not the shape of a pipeline job: {error!r}"
    return ""


def test_the_vendors_code_takes_every_job_and_says_the_same(consumer: Ask) -> None:
    """What is sent to the service has each job with its inputs, its command and its environment, as they stand in the file."""
    found = consumer([{"name": c, "job": str(CASES[c] / "pipeline.yml")} for c in CASES])
    assert {c: a["problems"] for c, a in found.items() if a["problems"]} == {}
    assert found.keys() == CASES.keys()
    for case, answer in found.items():
        job, sent = job_of(case), answer["rest"]["properties"]
        assert {n: v["value"] for n, v in sent.get("inputs", {}).items()} == {n: str(v) for n, v in job.get("inputs", {}).items()}
        assert sent["settings"]["force_rerun"] is job["settings"]["force_rerun"]
        assert sent["jobs"].keys() == job["jobs"].keys()
        for name, node in job["jobs"].items():
            made, (runs, _) = sent["jobs"][name], azureml.body(node, CASES[case])
            assert {n: v["value"] for n, v in made.get("inputs", {}).items()} == node.get("inputs", {})
            component = yaml.safe_load(made["componentId"])
            assert component["command"] == runs["command"]
            assert component["environment"]["image"] == runs["environment"]["image"]
            assert component["is_deterministic"] is runs.get("is_deterministic", True)
            kinds = {n: "uri_folder" if "parent.jobs" in t else "literal" for n, t in node.get("inputs", {}).items()}
            assert {n: p["type"] for n, p in component.get("inputs", {}).items() if p["type"] == "uri_folder"} == {
                n: k for n, k in kinds.items() if k == "uri_folder"
            }


def test_the_vendors_code_takes_every_schedule(consumer: Ask) -> None:
    schedules = {c: f / "schedule.yml" for c, f in CASES.items() if (f / "schedule.yml").exists()}
    assert schedules
    found = consumer([{"name": c, "schedule": str(f)} for c, f in schedules.items()])
    assert {c: a["problems"] for c, a in found.items() if a["problems"]} == {}
    for case, answer in found.items():
        trigger = yaml.safe_load(schedules[case].read_text("utf-8"))["trigger"]
        assert answer["rest"]["properties"]["trigger"]["timeZone"] == trigger["time_zone"]


@pytest.mark.parametrize("case", CASES)
def test_our_own_checks_take_every_job(case: str) -> None:
    assert ours(case, job_of(case)) == ""


# --- broken on purpose ----------------------------------------------------------------------------------------------------------------


def last(job: Json) -> Json:
    """The last job that is not a component of its own."""
    node: Json = job["jobs"][key_of(job)]
    return node


def key_of(job: Json) -> str:
    return [name for name, node in job["jobs"].items() if "component" not in node][-1]


def rename(job: Json, name: str) -> None:
    job["jobs"][name] = job["jobs"].pop(key_of(job))


MUTATIONS: dict[str, tuple[str, Callable[[Json], Any]]] = {
    "a field that is misspelt": ("vendor ours", lambda j: last(j).update(imputs={})),
    "a setting that is misspelt": ("ours", lambda j: j["settings"].update(force_reruns=True)),
    "an input of the pipeline that is not there": ("vendor ours", lambda j: last(j).update(inputs={"a": "${{parent.inputs.nobody}}"})),
    "an output of a job that is not there": ("ours", lambda j: last(j).update(inputs={"a": "${{parent.jobs.nobody.outputs.out}}"})),
    "a job with a name that is none": ("vendor ours", lambda j: rename(j, "a-b")),
    "no environment": ("vendor ours", lambda j: last(j).pop("environment")),
    "no command": ("vendor ours", lambda j: last(j).pop("command")),
    "code that is not there": ("vendor ours", lambda j: last(j).update(code="./nowhere")),
    "a component that is not there": ("vendor ours", lambda j: last(j).update(component="./components/nobody.yml")),
    "a time-out that is a word": ("vendor ours", lambda j: last(j).update(limits={"timeout": "soon"})),
    "a command that reads what is not there": ("ours", lambda j: last(j).update(command=last(j)["command"] + " ${{inputs.nobody}}")),
    "an output that is bound to nothing": ("vendor ours", lambda j: last(j).update(outputs={"out": "${{parent.outputs.nobody}}"})),
    "a type of job that does not exist": ("vendor ours", lambda j: last(j).update(type="comand")),
}


def test_each_way_to_break_a_job_is_noticed(consumer: Ask, tmp_path: Path) -> None:
    """By whom, per way: by our checks always, and by the vendor's where the table says so."""
    made, found = [], {}
    for case, build in CASES.items():
        folder = tmp_path / case
        shutil.copytree(build, folder, ignore=shutil.ignore_patterns("programs"))
        for number, (name, (_, change)) in enumerate(MUTATIONS.items()):
            job = copy.deepcopy(job_of(case))
            change(job)
            file = folder / f"{number}.yml"
            file.write_text(yaml.safe_dump(job, sort_keys=False), "utf-8")
            made.append({"name": f"{case}: {name}", "job": str(file)})
            found[f"{case}: {name}"] = ["ours"] * bool(ours(case, job))
    for name, answer in consumer(made).items():
        found[name] += ["vendor"] * bool(answer["problems"])
    assert [name for name, who in found.items() if not who] == []
    wrong = {
        f"{case}: {name}": found[f"{case}: {name}"]
        for name, (who, _) in MUTATIONS.items()
        for case in CASES
        if set(who.split()) - set(found[f"{case}: {name}"])
    }
    assert wrong == {}
