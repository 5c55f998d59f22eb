"""A cloud's client in; whether it runs the conformance pipelines as they are meant out, said check by check.

A client deploys a pipeline, starts runs of it, says what became of one, and takes away what it has made. What runs must come to is here.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from wye.runtime.values import decode, wire
from wye.testing.cases import Case, plain_call

PIPELINES = Path(__file__).with_name("conformance.py")
PAUSE, PATIENCE = 20.0, 3 * 3600.0
"""Seconds between two looks at a run; after which nobody waits any longer."""
FAILING, HANDLER = "stumble", "on_failure"
"""The tasks of the step that is told to fail, and of the step of on_failure."""
REGIONS = ("try", "for", "map")
"""How the names of regions begin that are one task, in which that step fails."""
KEPT = "not run: a task before it has failed"
"""What a task says that fails because another one has."""

Say = Callable[[str], None]
Values = dict[str, Any]


class Refused(Exception):
    """A request that was not taken, in a line."""


PROBLEMS = (Refused, KeyError, ValueError)
"""What a call may raise: the latter where an answer is another one than documented."""


def told(problem: Exception) -> str:
    return str(problem) if isinstance(problem, Refused) else f"an answer that is not understood: {problem!r}"


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a run. `good`: whether it has succeeded, None for neither (stopped, say). `failed`: why tasks have failed that did so
    by themselves. `handled`: what became of the step of on_failure. `value`: wire text of what the pipeline returned, where a client can
    know it. `notes`: what this run shows of what documentation leaves open. `why`: what the platform says of the whole run."""

    state: str
    good: bool | None
    failed: Mapping[str, str] = field(default_factory=dict)
    handled: str = "nothing is known"
    value: str | None = None
    notes: Sequence[str] = ()
    why: str = ""


class Cloud(Protocol):
    """What all of them may raise is `PROBLEMS`. `deploy` is called once per pipeline; `source` is its file."""

    def deploy(self, pipeline: str, source: Path) -> None: ...
    def start(self, pipeline: str, values: Values) -> str: ...
    def state(self, run: str) -> tuple[str, bool]:
        """In the platform's words, and whether that is its last."""
        ...

    def ended(self, pipeline: str, run: str) -> Ended: ...
    def stop(self, run: str) -> None: ...
    def clean(self) -> None: ...


Wanted = Literal["value", "failure", "handled", "nothing"]


@dataclass(frozen=True, slots=True)
class Trial:
    """`wanted`: that the run succeeds with the value of the plain call, that it fails where it is told to, that the step of on_failure has
    run as well; or nothing: what it shows is told."""

    what: str
    pipeline: str
    values: Values
    wanted: Wanted
    source: Path = PIPELINES


GIVEN: Values = {"n": 3, "ratio": 0.1 + 0.2, "flag": True, "text": 'a "b" \\ {{job.id}} $HOME é 😀\n$(id)', "xs": [None, 2.5, -1e-300]}
"""What the first run is given: numbers that lose digits where somebody rounds, text that means something to shells and platforms."""
TRIALS = (
    Trial("agrees with the plain call", "conformance", GIVEN, "value"),
    Trial("fails when a step fails, and runs the step of on_failure", "conformance", {"fail": True}, "handled"),
    Trial("fails when a step fails, and nothing handles it", "broken", {"seconds": 90}, "failure"),
    Trial("fails when an iteration fails", "spread", {}, "failure"),
    Trial("fails when the clean-up after a failure succeeds", "swept", {}, "failure"),
    Trial("tells what a task finds", "facts", {"flag": True, "size": 2**40, "ratio": 0.1 + 0.2}, "nothing"),
    Trial("takes one arm of each branch, and goes on behind it", "branched", {}, "value"),
)
SECRET = """\
import os
from wye import Secret, pipeline, step


@step(secrets=[Secret({name}, env="VALUE"{key})])
def open_it() -> bool:
    return len(os.environ["VALUE"]) > 0


@pipeline
def secret() -> bool:
    return open_it()
"""


def trials(settings: Mapping[str, str], folder: Path) -> tuple[Trial, ...]:
    """Those of everybody, and one with the secret that a setting names (`name`, or `name/key`)."""
    if not settings.get("SECRET"):
        return TRIALS
    name, _, key = settings["SECRET"].partition("/")
    source = folder / "secret.py"
    source.write_text(SECRET.format(name=json.dumps(name), key=f", key={json.dumps(key)}" if key else ""), "utf-8")
    return (*TRIALS, Trial("reads a secret", "secret", {}, "value", source))


def plain(trial: Trial) -> str:
    """The wire text of what the plain call returns."""
    if trial.pipeline == "secret":
        return "true"
    outcome = plain_call(Case(trial.pipeline, trial.source, trial.values), trial.pipeline)
    assert outcome.value, outcome.error
    return outcome.value


# --- the trials -----------------------------------------------------------------------------------------------------------------------


def verify(cloud: Cloud, made: Sequence[Trial] = TRIALS, say: Say = print, pause: float = PAUSE, keep: bool = False) -> bool:
    """Whether everything is as it should be. What was made on the account is taken away again, unless it is to be kept."""
    runs: dict[int, str] = {}
    ends: dict[int, Ended] = {}
    problems: dict[int, str] = {}
    try:
        expected = {i: plain(t) for i, t in enumerate(made) if t.wanted == "value"}
        _start(cloud, made, expected, runs, problems, say)
        _wait(cloud, made, runs, ends, problems, say, pause)
        return _judged(made, expected, runs, ends, problems, say)
    finally:
        for i, run in runs.items():
            if i not in ends:
                _refused(lambda run=run: cloud.stop(run))  # type: ignore[misc]
        if keep:
            say("kept: what was made on the account")
        elif left := _refused(cloud.clean):
            say(f"not taken away: {left}")


def _start(cloud: Cloud, made: Sequence[Trial], expected: dict[int, str], runs: dict[int, str], problems: dict[int, str], say: Say) -> None:
    deployed: dict[str, str] = {}
    for i, trial in enumerate(made):
        values = dict(trial.values)
        if trial.pipeline == "conformance" and i in expected:
            values["expected"] = hashlib.sha256(decode(expected[i]).encode()).hexdigest()
        try:
            if trial.pipeline not in deployed:
                say(f"deploying {trial.pipeline}")
                deployed[trial.pipeline] = _refused(lambda trial=trial: cloud.deploy(trial.pipeline, trial.source))  # type: ignore[misc]
            if deployed[trial.pipeline]:
                raise Refused(deployed[trial.pipeline])
            runs[i] = cloud.start(trial.pipeline, values)
            say(f"started {trial.pipeline}: {runs[i]}")
        except PROBLEMS as problem:
            problems[i] = told(problem)


def _wait(
    cloud: Cloud, made: Sequence[Trial], runs: dict[int, str], ends: dict[int, Ended], problems: dict[int, str], say: Say, pause: float
) -> None:
    seen: dict[int, str] = {}
    waited = 0.0
    while left := [i for i in runs if i not in ends and i not in problems]:
        for i in left:
            try:
                state, last = cloud.state(runs[i])
                if state != seen.get(i):
                    say(f"{made[i].pipeline} {runs[i].rpartition('/')[2]}: {state}")
                    seen[i] = state
                if last:
                    ends[i] = cloud.ended(made[i].pipeline, runs[i])
            except PROBLEMS as problem:
                problems[i] = told(problem)
            if i not in ends and waited > PATIENCE:
                problems[i] = f"it has not ended after {PATIENCE / 3600:g} hours"
        if any(i not in ends and i not in problems for i in left):
            time.sleep(pause)
            waited += pause


def _judged(
    made: Sequence[Trial], expected: dict[int, str], runs: dict[int, str], ends: dict[int, Ended], problems: dict[int, str], say: Say
) -> bool:
    good = True
    for i, trial in enumerate(made):
        wrong = [problems[i]] if i in problems else list(judge(trial, ends[i], expected.get(i)))
        mark = "ok " if not wrong else "BAD" if trial.wanted != "nothing" else "?  "
        good = good and mark != "BAD"
        say(f"{mark} {trial.what}: {runs.get(i, trial.pipeline)}")
        for line in wrong:
            say(f"      {line}")
        for line in ends[i].notes if i in ends else ():
            say(f"    - {line}")
    return good


def judge(trial: Trial, ended: Ended, expected: str | None) -> list[str]:
    """What is wrong with the end of a run."""
    if trial.wanted in ("value", "nothing"):
        if not ended.good:
            return [
                f"it ended as {ended.state}" + f": {ended.why}" * bool(ended.why),
                *(f"{task}: {message}" for task, message in ended.failed.items()),
            ]
        if expected is not None and ended.value is not None and ended.value.strip() != expected:
            return [f"the plain call returns {expected}", f"this run returned  {ended.value.strip()}"]
        return []
    if ended.good or ended.good is None:
        return ["a step has failed, and the run has not" if ended.good else f"it ended as {ended.state}: {ended.why}"]
    at = [t for t in ended.failed if t.startswith((FAILING, *REGIONS))]
    others = {t: m for t, m in ended.failed.items() if t not in at}
    found = [] if at else [f"the step {FAILING} has not failed, for all that is known"]
    found += [f"should not have failed: {t}: {m}" for t, m in others.items()]
    if trial.wanted == "handled" and ended.handled != "done":
        found.append(f"the step of on_failure: {ended.handled}")
    return found


def _refused(action: Callable[[], None]) -> str:
    """Why it was refused; nothing when it was not."""
    try:
        action()
    except PROBLEMS as problem:
        return told(problem)
    return ""


# --- what clients share ---------------------------------------------------------------------------------------------------------------


def each(actions: Iterable[Callable[[], object]]) -> None:
    """All of them, and only then what has been refused."""
    problems = []
    for action in actions:
        try:
            action()
        except Refused as refused:
            problems.append(str(refused))
    if problems:
        raise Refused("; ".join(problems))


def missing(settings: Mapping[str, str], needed: Sequence[str], example: str, say: Say = print) -> bool:
    """Whether settings are missing that are `needed`; they are asked for, with a line that has them all."""
    left = [name for name in needed if not settings.get(name)]
    if left:
        say(f"say {', '.join(left)}: make verify-cloud {example}")
    return bool(left)


def typed(values: Values) -> dict[str, str]:
    """Values for a run as a person types them: JSON, with nothing in it that a shell or a platform would read as anything else."""
    return {name: wire(value) for name, value in values.items()}


def facts(value: str | None) -> list[str]:
    """What the pipeline `facts` has found."""
    found = decode(value) if value else {}
    return [f"{name}: {text}" for name, text in found.items()] if isinstance(found, dict) else []
