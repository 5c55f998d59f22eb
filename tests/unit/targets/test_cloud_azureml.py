"""`make verify-cloud TARGET=azureml` with an `az` on PATH that is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import clouds
import pytest
from clouds import fakes, on_azureml, verified, verify

from wye.backend.target import EmittedFile
from wye_targets.azureml.capabilities import AzuremlOptions

WHERE = ("--resource-group", "g", "--workspace-name", "w")
FAILED = {"status": "failed", "error": {"type": ["RuntimeError"], "message": "this run is meant to fail"}}
STATES: dict[str, dict[str, Any]] = {
    "agrees": {n: {"status": "done"} for n in ("stumble", "outputs")},
    "handles": {"stumble": FAILED, "agree": {"status": "stopped"}, "on_failure": {"status": "done"}, "verdict": FAILED},
    "broken": {"slow": {"status": "done"}, "stumble": None},
    "spread": {"numbers": {"status": "done"}, "for_1": FAILED},
    "swept": {"stumble": FAILED, "try_1_verdict": FAILED},
    "facts": {"look": {"status": "done"}},
    "branched": {"outputs": {"status": "done"}},
}
"""What the jobs of each run have noted; None: nothing."""
WORDS = {("handles", "verdict"): "Failed", ("broken", "stumble"): "Failed", ("swept", "try_1_verdict"): "Failed"}
PIPELINE = """\
type: pipeline
inputs: {n: 2, text: a, fail: false}
jobs: {stumble: {type: command, code: ./code}}
"""


def artifact(pipeline: str) -> list[EmittedFile]:
    return [EmittedFile("pipeline.yml", PIPELINE), EmittedFile("report.json", "{}"), EmittedFile("code/wye_azureml.py", "")]


class Account:
    """An `az` that answers as the CLI does. Jobs are called by their run and task."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.states, self.words = folder, {n: dict(s) for n, s in STATES.items()}, dict(WORDS)
        self.ends = {"agrees": "Completed", "facts": "Completed", "branched": "Completed"}
        self.values = {"agrees": clouds.VALUE, "branched": clouds.VALUE, "facts": '{"told":"x","run":"facts"}'}
        self.extra: list[tuple[str, str]] = []

    def install(self) -> Path:
        answers = list(self.extra)
        for run, states in self.states.items():
            answers.append((f"ml job show --name {run} *", fakes.printing({"name": run, "status": self.ends.get(run, "Failed")})))
            jobs = [{"name": f"{run}-{t}", "display_name": t, "status": self.words.get((run, t), "Completed")} for t in states]
            answers.append((f"ml job list --parent-job-name {run} *", fakes.printing(jobs)))
            for task, state in states.items():
                leave = f'mkdir -p "$9/named-outputs/out" && {fakes.printing(state)} > "$9/named-outputs/out/state.json"'
                nothing = "echo no output >&2; exit 1"
                answers.append((f"ml job download --name {run}-{task} --output-name out *", leave if state else nothing))
            text = fakes.printing(json.loads(self.values.get(run, "null")))
            leave = f'mkdir -p "$9/named-outputs/result" && {text} > "$9/named-outputs/result/outputs.json"'
            answers.append((f"ml job download --name {run} --output-name result *", leave))
        given = 'case "$(cat "$5")" in *expected*) echo \'{"name":"agrees"}\' ;; *\'"fail": true\'*) echo \'{"name":"handles"}\' ;; '
        given += '*) echo "{\\"name\\":\\"$(basename $(pwd))\\"}" ;; esac'
        answers += [("ml job create --file *", given), ("ml job cancel *", ":")]
        return fakes.command(self.folder, "az", answers)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    clouds.set_up(monkeypatch, on_azureml, artifact)
    clouds.on_path(monkeypatch, tmp_path / "bin")
    return Account(tmp_path / "bin")


@pytest.fixture
def client(tmp_path: Path) -> Any:
    return on_azureml.Client(AzuremlOptions(), WHERE, tmp_path)


def test_runs_that_end_as_they_should(account: Account, client: Any) -> None:
    log = account.install()
    good, said = verified(client)
    assert good, said
    assert "beside the job that fails: slow_2 was not started" in said
    assert "what a failed job has written is not uploaded" in said
    assert "AZUREML_ROOT_RUN_ID is the name of the pipeline job" in said
    assert "--set reads JSON itself" in said
    made = fakes.calls(log)
    assert all(" ".join(WHERE) in " ".join(c) for c in made)
    first = json.loads((client.builds["conformance"] / "run-1.yml").read_text("utf-8"))
    assert first["inputs"]["n"] == 3
    assert first["inputs"]["flag"] is True
    assert first["inputs"]["ratio"] == "0.30000000000000004"
    assert first["inputs"]["expected"] == f'"{clouds.EXPECTED}"'
    assert first["jobs"] == {"stumble": {"type": "command", "code": "./code"}}
    set_ = next(c for c in made if "--set" in c)
    assert "inputs.size=1099511627776" in set_
    assert "inputs.flag=true" in set_
    assert r'inputs.told="\u0022x\u0022"' in set_


@pytest.mark.parametrize(
    ("run", "change", "told"),
    [
        ("agrees", {"values": '"[2]"'}, 'this run returned  "[2]"'),
        ("agrees", {"ends": "Failed", "states": {"agree": FAILED}}, "agree: this run is meant to fail"),
        ("agrees", {"ends": "Canceled"}, "it ended as Canceled"),
        ("handles", {"ends": "Completed"}, "a step has failed, and the run has not"),
        ("handles", {"states": {"read": FAILED}}, "should not have failed: read"),
        ("handles", {"states": {"on_failure": None}}, "the step of on_failure: it has left nothing"),
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


def test_a_job_that_was_lost_is_told_of(account: Account, client: Any) -> None:
    account.states["broken"]["slow"] = None
    account.words["broken", "slow"] = "Failed"
    account.install()
    good, said = verified(client, verify.TRIALS[2:3])
    assert not good
    assert "should not have failed: slow: the job broken-slow has failed, and left nothing" in said


@pytest.mark.parametrize(("words", "cancelled"), [("ml job create", 0), ("ml job show", 1), ("ml job list", 1)])
def test_what_the_cli_says_is_shown_in_a_line(words: str, cancelled: int, account: Account, client: Any) -> None:
    account.extra = [(f"{words}*", "printf 'ERROR: (AuthorizationFailed)\\nnot you\\n' >&2; exit 1")]
    log = account.install()
    good, said = verified(client, verify.TRIALS[2:3])
    assert not good
    assert f"`az {words} …`: exit code 1: ERROR: (AuthorizationFailed) not you" in said
    assert sum(c[2] == "cancel" for c in fakes.calls(log)) == cancelled


def test_the_settings_make_the_client(tmp_path: Path) -> None:
    given = {"RESOURCE_GROUP": "g", "WORKSPACE": "w", "SUBSCRIPTION": "s", "COMPUTE": "cpu-cluster"}
    made = on_azureml.client(given, tmp_path)
    assert made.where == (*WHERE, "--subscription", "s")
    assert made.options.placement.compute == "cpu-cluster"
