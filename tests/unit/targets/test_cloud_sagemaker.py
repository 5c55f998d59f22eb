"""`make verify-cloud TARGET=sagemaker` with an `aws` on PATH that is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import clouds
import pytest
from clouds import fakes, on_sagemaker, verified, verify

from wye.backend.target import EmittedFile
from wye_targets.sagemaker import SagemakerOptions

ROLE = "arn:aws:iam::123456789012:role/wye"
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/{}/execution/{}"
FAILED = {"status": "failed", "error": {"type": ["RuntimeError"], "message": "this run is meant to fail"}}
STATES: dict[str, dict[str, Any]] = {
    "agrees": {n: {"status": "done"} for n in ("read", "stumble", "agree", "outputs")} | {"on_failure": {"status": "skipped"}},
    "handles": {"read": {"status": "done"}, "stumble": FAILED, "agree": {"status": "stopped"}, "on_failure": {"status": "done"},
                "verdict": FAILED},
    "broken": {"slow": {"status": "done"}, "stumble": FAILED},
    "spread": {"numbers": {"status": "done"}, "for_1": FAILED},
    "swept": {"stumble": FAILED, "sweep": {"status": "done"}, "try_1_verdict": FAILED},
    "facts": {"look": {"status": "done"}, "outputs": {"status": "done"}},
    "branched": {"outputs": {"status": "done"}},
}  # fmt: skip
"""What the jobs of each run have noted, by the run."""


def artifact(pipeline: str) -> list[EmittedFile]:
    names = ("create-pipeline.json", "pipeline.json", "report.json", "upload/wye/adapter.py")
    return [EmittedFile(name, "{}") for name in names]


class Account:
    """An `aws` that answers as the CLI does; `left` is what the runs have left in S3."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.states, self.ends = folder, {n: dict(s) for n, s in STATES.items()}, {}
        self.ends |= dict.fromkeys(("agrees", "facts", "branched"), "Succeeded")
        self.values = {"agrees": clouds.VALUE, "branched": clouds.VALUE, "facts": '{"WYE_PARAM_flag":"True"}'}
        self.steps: dict[str, dict[str, str]] = {
            "handles": {"verdict": "Failed"}, "broken": {"stumble": "Failed", "slow": "Succeeded"}, "swept": {"try_1_verdict": "Failed"},
        }  # fmt: skip
        self.extra: list[tuple[str, str]] = []

    def install(self) -> Path:
        answers = list(self.extra)
        for run, states in self.states.items():
            place = self.folder / "s3" / run
            for task, state in states.items():
                (place / task / "out").mkdir(parents=True, exist_ok=True)
                (place / task / "out" / "state.json").write_text(json.dumps(state), "utf-8")
            if run in self.values:
                (place / "outputs" / "out" / "outputs.json").write_text(self.values[run] + "\n", "utf-8")
            pipeline = "conformance" if run in ("agrees", "handles") else run
            arn = ARN.format(f"wye-verify-1-{pipeline}", run)
            answers.append((f"s3 sync s3://bucket/wye/{pipeline}/runs/{run}/values/ *", f'mkdir -p "$4"; cp -r {place}/. "$4"'))
            about = {"PipelineExecutionArn": arn, "PipelineExecutionStatus": self.ends.get(run, "Failed"), "FailureReason": "a step failed"}
            answers.append((f"sagemaker describe-pipeline-execution --pipeline-execution-arn {arn} *", fakes.printing(about)))
            steps = [
                {"StepName": n, "StepStatus": s, "FailureReason": "AlgorithmError: exit 1"} for n, s in self.steps.get(run, {}).items()
            ]
            listed = {"PipelineExecutionSteps": steps}
            answers.append((f"sagemaker list-pipeline-execution-steps --pipeline-execution-arn {arn} *", fakes.printing(listed)))
            given = '*"fail"*' if run == "handles" else '*"expected"*' if run == "agrees" else "*"
            started = f"sagemaker start-pipeline-execution --pipeline-name wye-verify-1-{pipeline} {given}"
            answers.append((started.replace('"', '\\"'), fakes.printing({"PipelineExecutionArn": arn})))
        answers += [
            ("s3 sync upload s3://bucket/wye/*", "test -f upload/wye/adapter.py"),
            ("s3 rm --recursive s3://bucket/wye/ *", ":"),
            ("sagemaker create-pipeline --cli-input-json file://create-pipeline.json *", fakes.printing({"PipelineArn": "arn"})),
            ("sagemaker delete-pipeline *", fakes.printing({"PipelineArn": "arn"})),
            ("sagemaker stop-pipeline-execution *", fakes.printing({})),
        ]
        return fakes.command(self.folder, "aws", answers)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    clouds.set_up(monkeypatch, on_sagemaker, artifact)
    clouds.on_path(monkeypatch, tmp_path / "bin")
    return Account(tmp_path / "bin")


@pytest.fixture
def client(tmp_path: Path) -> Any:
    return on_sagemaker.Client(SagemakerOptions(region="eu-west-1", store="s3://bucket/wye", role=ROLE), "1", tmp_path)


def test_runs_that_end_as_they_should(account: Account, client: Any) -> None:
    log = account.install()
    good, said = verified(client)
    assert good, said
    assert "slow_2 was not started" in said
    assert "what a failed job has written is uploaded" in said
    assert "- WYE_PARAM_flag: True" in said
    made = fakes.calls(log)
    assert all(c[-3 if c[0] == "s3" else -4 :][:2] == ["--region", "eu-west-1"] for c in made), made
    first, second, *_ = [json.loads(c[c.index("--pipeline-parameters") + 1]) for c in made if "--pipeline-parameters" in c]
    assert {"Name": "ratio", "Value": "0.30000000000000004"} in first
    assert {"Name": "expected", "Value": f'"{clouds.EXPECTED}"'} in first
    assert second == [{"Name": "fail", "Value": "true"}]
    assert [c[c.index("--pipeline-name") + 1] for c in made if c[1] == "delete-pipeline"] == [
        f"wye-verify-1-{p}" for p in ("conformance", "broken", "spread", "swept", "facts", "branched")
    ]
    assert made[-1][:4] == ["s3", "rm", "--recursive", "s3://bucket/wye/"]


@pytest.mark.parametrize(
    ("run", "change", "told"),
    [
        ("agrees", {"values": '"[2]"'}, 'this run returned  "[2]"'),
        ("agrees", {"ends": "Failed", "states": {"agree": FAILED}}, "ended as Failed: a step failed\n      agree: this run is meant"),
        ("agrees", {"ends": "Failed", "steps": {"read": "Failed"}, "states": {"read": {}}}, "read: AlgorithmError: exit 1"),
        ("agrees", {"ends": "Stopped"}, "it ended as Stopped"),
        ("handles", {"ends": "CompletedWithFailures"}, "it ended as CompletedWithFailures"),
        ("handles", {"ends": "Succeeded"}, "a step has failed, and the run has not"),
        ("handles", {"states": {"read": FAILED}}, "should not have failed: read"),
        ("handles", {"states": {"on_failure": {"status": "skipped"}}}, "the step of on_failure: skipped"),
        ("handles", {"states": {"stumble": {"status": "done"}}}, "the step stumble has not failed"),
    ],
)
def test_a_run_that_ends_otherwise_is_bad(run: str, change: dict[str, Any], told: str, account: Account, client: Any) -> None:
    for table, value in change.items():
        held = getattr(account, table)
        held[run] = held.get(run, {}) | value if isinstance(value, dict) else value
    account.install()
    good, said = verified(client, verify.TRIALS[:2])
    assert not good
    assert told in said
    assert said.count("BAD") == 1


@pytest.mark.parametrize(
    "words", ["s3 sync upload", "sagemaker create-pipeline", "sagemaker start-pipeline-execution", "sagemaker describe"]
)
def test_what_the_cli_says_is_shown_in_a_line(words: str, account: Account, client: Any) -> None:
    account.extra = [(f"{words}*", "printf 'An error occurred (AccessDeniedException)\\nnot you\\n' >&2; exit 254")]
    log = account.install()
    good, said = verified(client, verify.TRIALS[2:3])
    assert not good
    assert f"`aws {words}" in said
    assert "exit code 254: An error occurred (AccessDeniedException) not you" in said
    assert fakes.calls(log)[-1][:2] == ["s3", "rm"]


def test_without_the_cli_it_is_asked_for(client: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clouds.set_up(monkeypatch, on_sagemaker, artifact)
    monkeypatch.setenv("PATH", str(tmp_path))
    good, said = verified(client, verify.TRIALS[2:3])
    assert not good
    assert "`aws` is not installed, or not on PATH" in said


def test_the_settings_make_the_client(tmp_path: Path) -> None:
    made = on_sagemaker.client({"REGION": "eu-west-1", "STORE": "s3://my-bucket/wye/", "ROLE": ROLE}, tmp_path)
    assert made.options.store == f"s3://my-bucket/wye/verify-{made.stamp}"
    files = on_sagemaker.compiled(verify.PIPELINES, "facts", on_sagemaker.Sagemaker(), made.options)
    definition = json.loads(next(f.text for f in files if f.path == "pipeline.json"))
    assert {p["Name"] for p in definition["Parameters"] if "DefaultValue" not in p} == set()
