"""Every pinned pipeline of SageMaker under AWS's own models (botocore 1.44.5) and our checks of references, names, sizes and counts.

Ten mutations of each show which of them notices what.
"""

from __future__ import annotations

import copy
import importlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wye.testing.environments import engine

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "engines"))
rules: Any = importlib.import_module("sagemaker_interpreter")

GOLDEN = ROOT / "golden" / "features"
CASES = sorted(f.parents[2].name for f in GOLDEN.glob("*/out/sagemaker/pipeline.json"))
ROLE = "arn:aws:iam::123456789012:role/wye"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def python() -> Path:
    return engine("botocore", ["botocore==1.44.5"])


def asked(python: Path, requests: list[list[Any]]) -> list[list[str]]:
    script = str(Path(__file__).with_name("sagemaker_shapes.py"))
    done = subprocess.run([python, script], input=json.dumps(requests), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found: list[list[str]] = json.loads(done.stdout)
    return found


def definition(case: str) -> Json:
    found: Json = json.loads((GOLDEN / case / "out" / "sagemaker" / "pipeline.json").read_text("utf-8").replace("<<runtime>>", "0" * 16))
    return found


def requests(case: str, document: Json) -> list[list[Any]]:
    """All requests that a run of it makes, and those that create and schedule it. What is to be filled in is filled in."""
    folder = GOLDEN / case / "out" / "sagemaker"
    creation = json.loads((folder / "create-pipeline.json").read_text("utf-8"))
    creation |= {"RoleArn": creation.get("RoleArn", ROLE), "PipelineDefinition": json.dumps(document), "ClientRequestToken": "t" * 32}
    made: list[list[Any]] = [["sagemaker", "CreatePipeline", creation]]
    jobs = [s["Arguments"] for s, _ in rules.flat(document["Steps"]) if s["Type"] == "Processing"]
    made += [["sagemaker", "CreateProcessingJob", {**job, "ProcessingJobName": "job"}] for job in jobs]
    if (folder / "schedule.json").exists():
        schedule = json.loads((folder / "schedule.json").read_text("utf-8"))
        start = json.loads(schedule["Target"]["Input"])
        schedule["Target"]["RoleArn"] = schedule["Target"]["RoleArn"].replace("FILL-IN-SchedulerRoleArn", ROLE)
        made += [["scheduler", "CreateSchedule", schedule], ["sagemaker", "StartPipelineExecution", start]]
    return made


def ours(document: Json) -> str:
    """What our own checks say."""
    try:
        rules.check(document, rules.MAX_STEPS)
    except (rules.Refused, KeyError, TypeError) as error:
        return repr(error)
    return ""


def test_the_models_take_every_request(python: Path) -> None:
    made = {case: requests(case, definition(case)) for case in CASES}
    assert len(CASES) > 30
    found = iter(asked(python, [r for of in made.values() for r in of]))
    wrong = {f"{case} {operation}": p for case, of in made.items() for _, operation, _ in of if (p := next(found))}
    assert not wrong
    assert [case for case in CASES if ours(definition(case))] == []


# --- mutations ------------------------------------------------------------------------------------------------------------------------


def _job(document: Json) -> Json:
    """The last processing step, at any depth."""
    return [s for s, _ in rules.flat(document["Steps"]) if s["Type"] == "Processing"][-1]


def _waits_for_nobody(d: Json) -> None:
    _job(d)["DependsOn"] = ["nobody"]


def _reads_nothing(d: Json) -> None:
    place = _job(d)["Arguments"]["ProcessingInputs"][-1]["S3Input"]
    place["S3Uri"] = {"Get": "Steps.nobody.ProcessingOutputConfig.Outputs['values'].S3Output.S3Uri"}


def _has_no_parameter(d: Json) -> None:
    _job(d)["Arguments"].setdefault("Environment", {})["X"] = {"Get": "Parameters.nothing"}


def _has_no_image(d: Json) -> None:
    del _job(d)["Arguments"]["AppSpecification"]["ImageUri"]


def _says_too_much(d: Json) -> None:
    _job(d)["Arguments"].setdefault("Environment", {})["X"] = "x" * 257


def _wants_no_machine(d: Json) -> None:
    _job(d)["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceType"] = "ml.m5.huge"


def _has_an_unknown_field(d: Json) -> None:
    _job(d)["Arguments"]["Timeout"] = 3


def _never_ends(d: Json) -> None:
    _job(d)["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] = 10**7


def _has_a_bad_name(d: Json) -> None:
    _job(d)["Name"] = "a step"


def _is_there_twice(d: Json) -> None:
    d["Steps"].append(copy.deepcopy(d["Steps"][0]))


MUTATIONS: dict[Callable[[Json], None], str] = {
    _waits_for_nobody: "ours", _reads_nothing: "ours", _has_no_parameter: "ours", _has_no_image: "botocore", _says_too_much: "model",
    _wants_no_machine: "model", _has_an_unknown_field: "botocore", _never_ends: "model", _has_a_bad_name: "ours", _is_there_twice: "ours",
}  # fmt: skip
"""What breaks a pipeline, and which check is to notice: botocore's, the rest of its model, or ours."""


def _mutated() -> Iterator[tuple[str, Callable[[Json], None], Json]]:
    for case in CASES:
        for mutation in MUTATIONS:
            document = definition(case)
            mutation(document)
            yield case, mutation, document


def test_what_breaks_a_pipeline_is_noticed(python: Path) -> None:
    made = [(case, mutation, document, requests(case, document)) for case, mutation, document in _mutated()]
    answers = iter(asked(python, [r for *_, of in made for r in of]))
    noticed: Counter[tuple[str, str]] = Counter()
    for case, mutation, document, of in made:
        found = [p for _ in of for p in next(answers)]
        who = {"ours"} if ours(document) else set()
        who |= {"botocore" if p.startswith(("Missing required", "Unknown parameter", "Invalid type")) else "model" for p in found}
        assert MUTATIONS[mutation] in who, f"{case}: nobody noticed {mutation.__name__}: {found}"
        noticed[mutation.__name__, MUTATIONS[mutation]] += 1
    assert set(noticed.values()) == {len(CASES)}
