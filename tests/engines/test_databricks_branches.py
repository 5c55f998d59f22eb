"""`if`s as If/else tasks by the documented rules of Databricks Jobs: what is left out, what runs behind it, and what a failure in an arm,
or an outcome that nobody expects, comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import databricks_interpreter as jobs
import pytest
from test_databricks import program

SEEDS = range(4)
"""Whether NONE_FAILED counts what was kept from running is tossed by seed."""
CHECKS = """
@step
def odd(n: int) -> bool:
    return n % 2 == 1

@step
def say(text: str) -> None:
    print("SAID", text)

"""


def test_the_arm_that_is_not_taken_is_left_out(tmp_path: Path) -> None:
    text = f"""{CHECKS}
@pipeline
def p(n: int = 1) -> int:
    a = one(n)
    if odd(n):
        say("odd")
        b = one(a)
    else:
        b = one(one(one(a)))
    say("end")
    return b
"""
    there = program(text, tmp_path)
    condition = next(t for t in there.job["tasks"] if "condition_task" in t)
    assert condition["condition_task"] == {"op": "EQUAL_TO", "left": "{{tasks.odd.values.test_out}}", "right": "true"}
    run = jobs.run(there, tmp_path / "a")
    assert (run.state, run.exits["outputs"]) == ("SUCCESS", "3")
    assert {t for t, r in run.results.items() if r == "EXCLUDED"} == {"one_3", "one_4", "one_5"}
    other = jobs.run(there, tmp_path / "b", {"n": "2"})
    assert (other.state, other.exits["outputs"]) == ("SUCCESS", "6")
    assert {t for t, r in other.results.items() if r == "EXCLUDED"} == {"say", "one_2"}
    assert "one_2" not in other.started


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_behind_an_arm_that_fails_does_not_run(seed: int, tmp_path: Path) -> None:
    text = f"""{CHECKS}
@pipeline
def p(n: int = 1) -> int:
    if odd(n):
        a = fails(n)
        say(f"in {{a}}")
    if odd(n + 1):
        say("more")
    say("behind")
    return n
"""
    there = program(text, tmp_path)
    run = jobs.run(there, tmp_path / "volumes", seed=seed)
    assert run.state == "FAILED"
    assert "SAID" not in run.log
    assert "outputs" not in run.exits
    well = jobs.run(there, tmp_path / "other", {"n": "2"}, seed=seed)
    assert (well.state, well.exits["outputs"], well.log.count("SAID")) == ("SUCCESS", "2", 2)


@pytest.mark.parametrize(("n", "deep", "value"), [(1, "true", "3"), (1, "false", "2"), (2, "true", "[20,21]")])
def test_branches_in_branches_and_loops_in_them(n: int, deep: str, value: str, tmp_path: Path) -> None:
    text = f"""{CHECKS}
@step
def same(b: bool) -> bool:
    return b

@pipeline
def p(n: int = 1, deep: bool = True) -> int | list[int]:
    if odd(n):
        a = one(n)
        if same(deep):
            a = one(a)
        say("odd")
        found: int | list[int] = a
    else:
        found = [one(i) for i in [19, 20]]
    say("end")
    return found
"""
    there = program(text, tmp_path)
    assert len([t for t in there.job["tasks"] if "condition_task" in t]) == 2
    run = jobs.run(there, tmp_path / "volumes", {"n": str(n), "deep": deep})
    assert (run.state, run.exits["outputs"]) == ("SUCCESS", value), run.log


def test_a_pipeline_may_end_with_arms(tmp_path: Path) -> None:
    text = f"{CHECKS}\n@pipeline\ndef p(n: int = 1) -> None:\n    if odd(n):\n        say('odd')\n    else:\n        fails(n)\n"
    there = program(text, tmp_path)
    assert jobs.run(there, tmp_path / "a").state == "SUCCESS"
    assert jobs.run(there, tmp_path / "b", {"n": "2"}).state == "FAILED"


@pytest.mark.parametrize(
    "body",
    [
        "    try:\n        if odd(n):\n            say('a')\n    finally:\n        clean(n)\n",
        "    if c:\n        say('a')\n",
        "    if odd(n):\n        try:\n            say('a')\n        finally:\n            clean(n)\n",
    ],
)
def test_where_somebody_asks_for_states_or_nothing_says_the_outcome_there_are_guards(body: str, tmp_path: Path) -> None:
    there = program(f"{CHECKS}\n@pipeline\ndef p(n: int = 1, c: bool = True) -> int:\n{body}    return one(n)\n", tmp_path)
    assert not any("condition_task" in t for t in there.job["tasks"])
    assert jobs.run(there, tmp_path / "volumes").state == "SUCCESS"


def test_an_outcome_that_the_condition_does_not_say_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "    if odd(n):\n        n = one(n)\n    else:\n        say('even')\n    return n\n"
    text = f"{CHECKS}\n@pipeline\ndef p(n: int = 1) -> int:\n{body}"
    there = program(text, tmp_path)
    real = jobs.compares

    def wrong(*given: Any) -> bool:
        return not real(*given)

    monkeypatch.setattr(jobs, "compares", wrong)
    run = jobs.run(there, tmp_path / "volumes")
    assert run.state == "FAILED"
    assert "has not done what its condition says" in run.log
    assert "SAID" not in run.log


@pytest.mark.parametrize(
    ("rule", "results", "wanted"),
    [
        ("ALL_SUCCESS", ["UNMET"], "EXCLUDED"),
        ("NONE_FAILED", ["UNMET", "EXCLUDED"], "EXCLUDED"),
        ("NONE_FAILED", ["SUCCESS", "EXCLUDED"], "RUN"),
        ("ALL_DONE", ["EXCLUDED"], "EXCLUDED"),
    ],
)
def test_outcomes_as_documented(rule: str, results: list[str], wanted: str) -> None:
    assert jobs.outcome(rule, results) == wanted


@pytest.mark.parametrize(("rule", "results"), [("ALL_SUCCESS", ["UNMET", "SUCCESS"]), ("ALL_DONE", ["UNMET", "EXCLUDED", "FAILED"])])
def test_what_no_page_describes_is_refused(rule: str, results: list[str]) -> None:
    with pytest.raises(jobs.Refused, match="no page says"):
        jobs.outcome(rule, results)
