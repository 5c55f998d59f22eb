"""Definitions by the documented rules of SageMaker Pipelines: an execution comes to what the plain call comes to, in value and state.

`sagemaker_interpreter.py` runs the compiled files alone: the program of each job in a process forked from this one, with its own files.
"""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import sagemaker_interpreter as sagemaker

from wye.backend.write import write_build
from wye.driver import compile_source, compile_target, layout_of
from wye.runtime.values import wire
from wye.stacks.tables import Code, Config
from wye.testing.cases import Case, Outcome, examples, feature_cases, further, plain_call
from wye_targets.sagemaker import Sagemaker, SagemakerOptions

ROOT = Path(__file__).parents[2]
CASES = {c.name: c for c in (*feature_cases(ROOT), *examples(ROOT), *further())}
LARGE = {"values"}
"""What takes more steps than the quota that an account has unless it asks for more."""
FACTS = {
    "Bucket": "a-bucket",
    "RoleArn": "arn:aws:iam::123456789012:role/wye",
    "AwsRegistry": "763104351884.dkr.ecr.eu-west-1.amazonaws.com",
    "Registry": "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
}


def built(source: Path, folder: Path, options: SagemakerOptions | None = None, pipeline: str | None = None) -> Path:
    """Compile it as anybody would."""
    made = compile_source(source, pipeline)
    files, _ = compile_target(made, Sagemaker(), options or SagemakerOptions())
    write_build(folder, files)
    return folder


def facts(there: sagemaker.Deployed) -> dict[str, str]:
    return {p["Name"]: FACTS[p["Name"]] for p in there.definition["Parameters"] if p["Name"] in FACTS and "DefaultValue" not in p}


def secrets_of(build: Path, variables: dict[str, str]) -> dict[str, str]:
    """What Secrets Manager holds: the variables of the case, under the names that the tasks ask for."""
    found = {}
    for file in build.glob("upload/tasks/*/task.json"):
        for s in json.loads(file.read_text("utf-8")).get("secrets", ()):
            found[f"{s['name']}:{s['key']}" if s.get("key") else s["name"]] = variables.get(s["env"], "")
    return found


def texts(params: dict[str, Any]) -> dict[str, str]:
    return {n: json.dumps(v) for n, v in params.items()}


def missing(case: Case) -> list[str]:
    """What the case's steps import and this interpreter does not have."""
    installed = {d.name.lower() for d in metadata.distributions()}
    return [r for r in case.requirements if r.partition("==")[0].lower() not in installed]


def agree(expected: Outcome, run: sagemaker.Run) -> None:
    """Value and final state are those of the plain call."""
    if expected.value is None:
        assert run.state == "Failed", f"{expected.error}\n{run.log}"
    else:
        assert run.state == "Succeeded", run.log
        assert (run.outputs or "null") == expected.value, run.log


@pytest.mark.parametrize("name", [n for n, c in CASES.items() if "sagemaker" in c.targets or n in LARGE])
def test_a_run_equals_the_plain_call(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    if missing(case):
        pytest.skip(f"{name} needs {', '.join(missing(case))}")
    quota = 100 if name in LARGE else 50
    build = built(case.source, tmp_path / "build", SagemakerOptions(max_steps=quota))
    there = sagemaker.deploy(build, tmp_path / "s3", FACTS["Bucket"], quota=quota)
    run = sagemaker.run(there, tmp_path / "run", facts(there) | texts(case.params), secrets_of(build, case.variables), seed=len(name))
    expected = plain_call(case)
    assert (expected.value is None) == case.fails, expected.error
    agree(expected, run)


# --- what no case says ------------------------------------------------------------------------------------------------------------------

STEPS = """\
import os, time
from datetime import datetime
from pathlib import Path
from wye import Cache, Failure, Retry, ScheduledTime, Secret, context, pipeline, step

@step
def one(n: int = 1) -> int:
    return n

@step(cache=True)
def kept(n: int) -> int:
    print("kept runs")
    return n + 1

@step(cache=True)
def folder(n: int) -> Path:
    Path("all/none").mkdir(parents=True)
    Path("all/empty.txt").touch()
    Path("all/run.sh").write_text("#!/bin/sh\\n")
    os.chmod("all/run.sh", 0o755)
    return Path("all")

@step
def look(place: Path) -> list[str]:
    return sorted(f"{p.relative_to(place)} {os.access(p, os.X_OK)}" for p in place.rglob("*"))

@step
def boom(text: str) -> int:
    raise ValueError(text)

@step
def check(n: int) -> None:
    print("check", n)
"""


class Made:
    """A source's pipeline, deployed, and its runs."""

    def __init__(self, source: str, folder: Path, options: SagemakerOptions | None = None) -> None:
        self.folder, self.count = folder, 0
        (folder / "flow.py").write_text(STEPS + source, "utf-8")
        self.build = built(folder / "flow.py", folder / "build", options)
        self.there = sagemaker.deploy(self.build, folder / "s3", FACTS["Bucket"])

    def run(self, given: dict[str, str] | None = None, **more: Any) -> sagemaker.Run:
        self.count += 1
        return sagemaker.run(self.there, self.folder / f"run{self.count}", facts(self.there) | (given or {}), **more)


def test_a_cache_answers_for_a_step_and_for_what_reads_it(tmp_path: Path) -> None:
    made = Made("@pipeline\ndef p(n: int = 1) -> tuple[int, list[str]]:\n    return kept(kept(n)), look(folder(2))\n", tmp_path)
    first, second, third = made.run(), made.run(), made.run({"n": "5"})
    assert first.hits == []
    assert first.outputs == second.outputs
    assert sorted(second.hits) == ["folder", "kept", "kept_2"]
    assert "kept runs" not in second.log
    assert third.hits == ["folder"]
    assert "7" in str(third.outputs)
    assert "none" in str(first.outputs)
    assert "empty.txt" in str(first.outputs)


def test_parameters_of_a_run(tmp_path: Path) -> None:
    long = "long " * 100
    signature = f'n: int = 1, b: bool = False, s: str = "{long}", f: float = 0.5'
    made = Made(f'@pipeline\ndef p({signature}) -> str:\n    return f"{{one(n)}} {{b}} {{s}} {{f}}"\n', tmp_path)
    assert made.run().outputs == json.dumps(f"1 False {long} 0.5")
    given = {"n": "-7", "b": "True", "s": '"null"', "f": "1e-7"}
    assert made.run(given).outputs == json.dumps("-7 True null 1e-07")
    assert made.run({"s": "null {{ds}} $HOME"}).state == "Succeeded"
    wrong = made.run({"f": "much"})
    assert (wrong.state, wrong.outputs) == ("Failed", None)
    assert "parameter f" in wrong.log
    with pytest.raises(sagemaker.Refused, match="no Integer"):
        made.run({"n": "many"})


def test_a_lost_machine(tmp_path: Path) -> None:
    body = "    try:\n        a = one.options(retry=Retry(1, delay=1))(1)\n    finally:\n        check(2)\n    return a\n"
    source = f"@pipeline\ndef p() -> int:\n{body}"
    made = Made(source, tmp_path)
    assert made.run(lost=frozenset({"one"})).state == "Succeeded"
    plain = Made("@pipeline\ndef p() -> int:\n    return one(1)\n", tmp_path)
    assert plain.run(lost=frozenset({"one"})).state == "Failed"


def test_a_run_that_takes_too_long(tmp_path: Path) -> None:
    made = Made(
        "@step\ndef wait() -> int:\n    time.sleep(60)\n    return 1\n\n@pipeline(timeout='2s')\ndef p() -> int:\n    return wait()\n",
        tmp_path,
    )
    run = made.run()
    assert run.state == "Failed"
    assert "the run took longer than 2 s" in run.log


def test_failures_and_what_comes_after(tmp_path: Path) -> None:
    body = "    try:\n        boom('no')\n    finally:\n        check(7)\n"
    for settings, ran in (("", True), ("on_failure='continue'", True)):
        made = Made(f"@pipeline({settings})\ndef p() -> None:\n{body}    check(8)\n", tmp_path)
        for seed in range(3):
            run = made.run(seed=seed)
            assert run.state == "Failed"
            assert ("check 7" in run.log) is ran
            assert "check 8" not in run.log
    note = "@step\ndef note(f: Failure) -> None:\n    print('told', f.task_id, f.error_type, f.message)\n\n"
    source = f"{note}@pipeline(on_failure=note)\ndef p() -> int:\n    return boom('no')\n"
    told = Made(source, tmp_path).run()
    assert told.state == "Failed"
    assert "told boom ValueError no" in told.log


def test_a_secret_that_cannot_be_read_is_a_failure_of_its_step(tmp_path: Path) -> None:
    """So the clean-up runs."""
    source = "@step(secrets=[Secret('none', env='KEY')])\ndef ask() -> int:\n    return 1\n\n"
    body = "    try:\n        a = ask()\n    finally:\n        check(7)\n    return a\n"
    run = Made(f"{source}@pipeline\ndef p() -> int:\n{body}", tmp_path).run()
    assert (run.state, run.steps["ask"], run.steps["try_1_verdict"]) == ("Failed", "Succeeded", "Failed")
    assert "the secret 'none' cannot be read" in run.log
    assert "check 7" in run.log


def test_the_time_for_which_a_run_is_meant(tmp_path: Path) -> None:
    source = """
@step
def say(day: datetime) -> str:
    c = context()
    return f"{day.isoformat()} {c.scheduled_time.isoformat()} {c.run_id} {c.attempt} {c.pipeline} {c.task_id}"

@pipeline
def p(day: datetime = ScheduledTime()) -> str:
    return say(day)
"""
    made = Made(source, tmp_path)
    time = "2026-03-22T18:59:43+00:00"
    assert made.run({"ScheduledTime": "2026-03-22T18:59:43Z"}).outputs == json.dumps(f"{time} {time} e0001 1 p say")
    assert made.run(start="1774205983.000").outputs == json.dumps(f"{time} {time} e0002 1 p say")
    other = made.run({"day": "2020-01-01T00:00:00Z"}, start="2026-03-22T18:59:43.000Z")
    assert other.outputs == json.dumps(f"2020-01-01T00:00:00+00:00 {time} e0003 1 p say")


def test_programs_in_images(tmp_path: Path) -> None:
    """An island, empty files, folders: with nothing of them in S3."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "empty.txt").touch()
    source = """
@step(files=["data/*"])
def size() -> int:
    return (Path(__file__).parent / "data" / "empty.txt").stat().st_size

@pipeline
def flow(n: int = 3) -> list[str]:
    total = 0
    for i in range(one(n)):
        total = total + kept(i)
    return [*look(folder(1)), f"{total} {size()}"]
"""
    (tmp_path / "flow.py").write_text(STEPS + source, "utf-8")
    config = Config(code=Code(packaging="image"), folder=tmp_path)
    made = compile_source(tmp_path / "flow.py", None, layout_of(tmp_path / "flow.py", config))
    files, checked = compile_target(made, Sagemaker(), SagemakerOptions(), config=config)
    write_build(tmp_path / "build", files)
    there = sagemaker.deploy(tmp_path / "build", tmp_path / "s3", FACTS["Bucket"])
    assert {p.name for p in (tmp_path / "s3").rglob("*.*")} == {"adapter.py", "secretsmanager.py", "task.json"}
    with pytest.raises(sagemaker.Refused, match="nobody has pushed"):
        sagemaker.run(there, tmp_path / "early", facts(there), images={"other": tmp_path})
    pushed = {}
    for image in checked.images:
        write_build(tmp_path / image.name, image.files)
        pushed[f"{FACTS['Registry']}/{image.local}"] = tmp_path / image.name
    run = sagemaker.run(there, tmp_path / "run", facts(there), images=pushed)
    agree(Outcome(wire(["empty.txt False", "none True", "run.sh False", "6 0"])), run)


def test_what_sagemaker_would_refuse_is_refused(tmp_path: Path) -> None:
    made = Made("@pipeline\ndef p(s: str = 'x') -> int:\n    if one(1) > 2:\n        check(1)\n    return len(s)\n", tmp_path)
    with pytest.raises(sagemaker.Refused, match="must be given"):
        sagemaker.run(made.there, tmp_path / "r", {})
    with pytest.raises(sagemaker.Refused, match="257 characters"):
        made.run({"s": "x" * 257})
    with pytest.raises(sagemaker.Refused, match="no such parameters"):
        made.run({"t": "x"})
