"""`make verify-cloud`: which runs are as they should be, what is said, asked for and taken away, on a cloud that is none."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import clouds
import pytest
from clouds import verified, verify

Ended, Refused, Trial = verify.Ended, verify.Refused, verify.Trial
STUMBLED = {"stumble": "this run is meant to fail"}
GOOD = {
    "value": Ended("Succeeded", True, value=clouds.VALUE + "\n"),
    "handled": Ended("Failed", False, STUMBLED, "done"),
    "failure": Ended("Failed", False, {"try_1": "this run is meant to fail"}),
    "nothing": Ended("Succeeded", True, value="{}", notes=["python: 3.11"]),
}


class Cloud:
    """Runs end as they should, at the second look, unless `ends` says otherwise; `refuse` are the calls that are refused."""

    def __init__(self, ends: dict[int, Any] | None = None, refuse: tuple[str, ...] = ()) -> None:
        self.ends, self.refuse, self.calls = ends or {}, refuse, []  # type: ignore[var-annotated]
        self.looks: dict[str, int] = {}

    def _call(self, *what: Any) -> None:
        self.calls.append(what)
        if any(" ".join(map(str, what)).startswith(r) for r in self.refuse):
            raise Refused(f"no {what[0]}: HTTP 403: you may not")

    def deploy(self, pipeline: str, source: Path) -> None:
        self._call("deploy", pipeline)

    def start(self, pipeline: str, values: dict[str, Any]) -> str:
        self._call("start", pipeline, values)
        given = values.keys() - {"expected"}
        return f"run/{1 + next(i for i, t in enumerate(verify.TRIALS) if t.pipeline == pipeline and t.values.keys() == given)}"

    def state(self, run: str) -> tuple[str, bool]:
        self._call("state", run)
        self.looks[run] = self.looks.get(run, 0) + 1
        return ("Executing", False) if self.looks[run] < 2 else ("Ended", True)

    def ended(self, pipeline: str, run: str) -> Any:
        number = int(run[-1]) - 1
        return self.ends.get(number, GOOD[verify.TRIALS[number].wanted])

    def stop(self, run: str) -> None:
        self._call("stop", run)

    def clean(self) -> None:
        self._call("clean")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "plain", lambda trial: clouds.VALUE)


def test_runs_that_end_as_they_should() -> None:
    cloud = Cloud()
    good, said = verified(cloud)
    assert good, said
    assert said.count("ok ") == len(verify.TRIALS)
    assert "conformance 1: Executing\n" in said
    assert "    - python: 3.11\n" in said
    started = [c for c in cloud.calls if c[0] == "start"]
    assert started[0][2] == verify.GIVEN | {"expected": clouds.EXPECTED}
    assert started[1][2] == {"fail": True}
    assert [c[1] for c in cloud.calls if c[0] == "deploy"] == ["conformance", "broken", "spread", "swept", "facts", "branched"]
    assert not [c for c in cloud.calls if c[0] == "stop"]
    assert cloud.calls[-1] == ("clean",)


@pytest.mark.parametrize(
    ("number", "ended", "told"),
    [
        (0, Ended("Succeeded", True, value='"[2]"'), 'this run returned  "[2]"'),
        (0, Ended("Failed", False, {"agree": "not what"}, why="a step failed"), "ended as Failed: a step failed\n      agree: not what"),
        (0, Ended("Stopped", None), "it ended as Stopped"),
        (1, Ended("Succeeded", True), "a step has failed, and the run has not"),
        (1, Ended("Failed", False, STUMBLED, "skipped"), "the step of on_failure: skipped"),
        (1, Ended("Failed", False, {}, "done"), "the step stumble has not failed, for all that is known"),
        (1, Ended("Failed", False, STUMBLED | {"square": "oh"}, "done"), "should not have failed: square: oh"),
        (2, Ended("Succeeded", True), "a step has failed, and the run has not"),
        (3, Ended("Failed", False, {"for_1": "meant", "numbers": "oh"}), "should not have failed: numbers: oh"),
        (4, Ended("Canceled", None, why="by hand"), "it ended as Canceled: by hand"),
    ],
)
def test_a_run_that_ends_otherwise_is_bad(number: int, ended: Any, told: str) -> None:
    good, said = verified(Cloud({number: ended}))
    assert not good
    assert told in said
    assert said.count("BAD") == 1


def test_what_only_tells_is_never_bad() -> None:
    good, said = verified(Cloud({5: Ended("Failed", False, {"look": "no"})}))
    assert good
    assert "?   tells what a task finds: run/6\n      it ended as Failed\n      look: no" in said


@pytest.mark.parametrize(
    ("refused", "bad", "told"),
    [
        ("deploy conformance", 2, "no deploy: HTTP 403"),
        ("start broken", 1, "no start: HTTP 403"),
        ("state run/2", 1, "no state: HTTP 403"),
        ("clean", 0, "not taken away: no clean: HTTP 403"),
    ],
)
def test_what_is_refused_is_said_and_the_others_go_on(refused: str, bad: int, told: str) -> None:
    cloud = Cloud(refuse=(refused,))
    good, said = verified(cloud)
    assert good == (not bad)
    assert said.count("BAD") == bad
    assert told in said
    assert cloud.calls[-1] == ("clean",)


def test_an_answer_that_is_not_as_documented_is_bad() -> None:
    class Other(Cloud):
        def ended(self, pipeline: str, run: str) -> Any:
            return {}["status"] if pipeline == "swept" else super().ended(pipeline, run)

    good, said = verified(Other())
    assert not good
    assert "run/5\n      an answer that is not understood: KeyError('status')" in said
    assert said.count("BAD") == 1


def test_what_was_made_is_taken_away_also_after_a_failure() -> None:
    class Broken(Cloud):
        def state(self, run: str) -> tuple[str, bool]:
            raise KeyboardInterrupt

    cloud = Broken()
    with pytest.raises(KeyboardInterrupt):
        verified(cloud)
    assert [c for c in cloud.calls if c[0] == "stop"] == [("stop", f"run/{n}") for n in range(1, 1 + len(verify.TRIALS))]
    assert cloud.calls[-1] == ("clean",)


def test_what_was_made_is_kept_when_somebody_says_so() -> None:
    cloud = Cloud()
    _, said = verified(cloud, keep=True)
    assert ("clean",) not in cloud.calls
    assert "kept" in said


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Cloud):
        def state(self, run: str) -> tuple[str, bool]:
            return "Executing", False

    cloud = Slow()
    monkeypatch.setattr(verify, "PATIENCE", -1.0)
    good, said = verified(cloud)
    assert not good
    assert "it has not ended after" in said
    assert len([c for c in cloud.calls if c[0] == "stop"]) == len(verify.TRIALS)


def test_a_secret_is_read_only_where_a_setting_names_one(tmp_path: Path) -> None:
    assert verify.trials({}, tmp_path) == verify.TRIALS
    trial = verify.trials({"SECRET": 'db/us"er'}, tmp_path)[-1]
    assert trial.wanted == "value"
    assert 'Secret("db", env="VALUE", key="us\\"er")' in trial.source.read_text("utf-8")
    compile(trial.source.read_text("utf-8"), "secret.py", "exec")


def test_the_plain_call_of_what_is_tried() -> None:
    from wye.testing.cases import Case, plain_call

    value = json.loads(json.loads(plain_call(Case("conformance", verify.PIPELINES, verify.GIVEN), "conformance").value or ""))
    assert value[:3] == [3, 0.1 + 0.2, True]
    assert verify.GIVEN["text"] in value


def test_values_for_a_run_mean_nothing_to_shells_and_platforms() -> None:
    texts = verify.typed(verify.GIVEN)
    assert {n: json.loads(t) for n, t in texts.items()} == verify.GIVEN
    assert not any(c in text for text in texts.values() for c in "'${\n`")
    assert max(map(len, texts.values())) <= 256  # as much as a job of SageMaker takes


# --- the command ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def run() -> Any:
    """`python tests/cloud`, in this process."""
    import runpy

    folder = Path(verify.__file__).parent
    return runpy.run_path(str(folder / "__main__.py"))["main"]


@pytest.mark.parametrize(
    ("target", "settings", "told"),
    [
        ("vertex", {"PROJECT": "p"}, "say LOCATION, STORE: make verify-cloud TARGET=vertex PROJECT="),
        ("databricks", {}, "say DATABRICKS_HOST, STORE: make verify-cloud TARGET=databricks DATABRICKS_HOST="),
        ("sagemaker", {"STORE": ""}, "say REGION, STORE, ROLE: make verify-cloud TARGET=sagemaker REGION="),
        ("azureml", {"WORKSPACE": "w"}, "say RESOURCE_GROUP: make verify-cloud TARGET=azureml RESOURCE_GROUP="),
        ("nowhere", {}, "TARGET is one of azureml, databricks, sagemaker, vertex, not 'nowhere'"),
    ],
)
def test_what_is_not_said_is_asked_for(target: str, settings: dict[str, str], told: str, run: Any, capsys: Any) -> None:
    assert run(target, settings) == 2
    assert told in capsys.readouterr().out


def test_who_stops_it_sees_no_traceback(run: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(Cloud):
        def state(self, run: str) -> tuple[str, bool]:
            raise KeyboardInterrupt

    monkeypatch.setattr(clouds.on_azureml, "client", lambda settings, folder: Stopped())
    assert run("azureml", {}) == 1
    assert capsys.readouterr().out.endswith("stopped\n")


@pytest.mark.parametrize(("good", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_it(good: bool, code: int, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {} if good else {0: Ended("Failed", False)}
    monkeypatch.setattr(clouds.on_azureml, "client", lambda settings, folder: Cloud(bad))
    assert run("azureml", {}, 0) == code


@pytest.mark.parametrize(
    ("target", "settings", "told"),
    [
        ("sagemaker", {"REGION": "eu-west-1", "STORE": "gs://x", "ROLE": "r"}, "not a folder in S3"),
        ("databricks", {"DATABRICKS_HOST": "x", "STORE": "/Volumes/a/b/c", "SECRET": "db"}, "SECRET=db/key"),
        ("azureml", {"RESOURCE_GROUP": "g", "WORKSPACE": "w", "SECRET": "db"}, "KEY_VAULT=my-vault"),
    ],
)
def test_a_setting_that_is_none_is_said_in_a_line(target: str, settings: dict[str, str], told: str, run: Any, capsys: Any) -> None:
    assert run(target, settings) == 1
    said = capsys.readouterr().out
    assert told in said
    assert said.count("\n") == 1


def test_what_make_is_told_is_in_the_environment(tmp_path: Path) -> None:
    """The Makefile names no cloud's settings."""
    makefile = (Path(verify.__file__).parents[2] / "Makefile").read_text("utf-8")
    rule = makefile[makefile.index("verify-cloud: $(STAMP)") :].partition("\n\n")[0]
    (tmp_path / "Makefile").write_text(rule.replace("$(STAMP)", "").replace("$(BIN)/python tests/cloud", "echo $$SOME_SETTING,$$KEEP"))
    done = subprocess.run(
        ["make", "-C", tmp_path, "verify-cloud", "SOME_SETTING=a b", "KEEP=1", "TARGET=x"], capture_output=True, text=True
    )
    assert "a b,1 x" in done.stdout, done.stderr
