"""What holds for Kubeflow holds for Vertex AI, whose jobs hold the same specifications: every feature case, every example and the cases of
control flow, run by `kfp.local` and by the service's rules and compared with the plain call. Secrets come from a Secret Manager of the
tests' own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kfp_engine
import pytest
from kfp_engine import REQUIREMENTS, ROOT, Engine, equals_the_plain_call, written
from test_kubeflow import (  # noqa: F401
    plain,
    test_a_run_fails_with_the_traceback_of_the_step,
    test_a_time_out_fails,
    test_a_value_over_the_limit_fails_where_it_is_made,
    test_an_artifact_returned,
    test_folders_and_secrets,
    test_long_values_and_long_modules,
    test_run_parameters,
    test_wrong_run_parameters_fail,
)
from test_kubeflow_control import (  # noqa: F401
    test_a_step_runs_when_the_run_has_failed,
    test_at_most_so_many_tasks_at_a_time_beside_regions,
    test_hostile_texts_in_conditions,
    test_islands,
    test_joins_of_artifacts,
    test_loops_in_loops,
)

from wye.driver import compile_source
from wye.testing.cases import Case, examples, feature_cases, further
from wye.testing.environments import engine

CASES = [c for c in (*feature_cases(ROOT), *further(), *examples(ROOT)) if "vertex" in c.targets]


@pytest.fixture(scope="module")
def kfp() -> Iterator[Engine]:
    found = Engine(engine("kfp", REQUIREMENTS), "vertex")
    yield found
    found.close()


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_equals_the_plain_call(case: Case, kfp: Engine, plain: Any, tmp_path: Path) -> None:  # noqa: F811
    equals_the_plain_call(case, kfp, plain, tmp_path)


HEALED = """\
from pathlib import Path
import wye
from wye import Retry, pipeline, step

@step(retry=Retry(2, delay=0))
def thrice() -> int:
    with open("MARK", "a") as file:
        file.write(".")
    if Path("MARK").stat().st_size < 3:
        raise RuntimeError("not yet")
    return wye.context().attempt

@pipeline
def flow() -> int:
    return thrice()
"""


def test_the_runner_tries_again(kfp: Engine, tmp_path: Path) -> None:
    spec = kfp.compiled(written(tmp_path, HEALED.replace("MARK", str(tmp_path / "mark"))).source, tmp_path)
    assert "retryPolicy" not in spec["root"]["dag"]["tasks"]["thrice"]
    outcome = kfp.by_the_rules(tmp_path, {}, {})
    assert outcome.error is None, outcome.log
    assert outcome.text == "3"


LATE = """\
import time
from wye import pipeline, step

@step
def slow(n: int) -> int:
    time.sleep(n)
    return n

@pipeline(timeout="4s")
def flow(n: int = 0) -> int:
    return slow(slow(n))
"""


@pytest.mark.parametrize("n", [0, 60])
def test_a_run_that_takes_too_long_fails(n: int, kfp: Engine, tmp_path: Path) -> None:
    kfp.compiled(written(tmp_path, LATE.replace('"4s"', '"4s"' if n else '"60s"')).source, tmp_path)
    outcome = kfp.by_the_rules(tmp_path, {"n": n}, {})
    assert (outcome.error is None) == (n == 0), outcome.log
    assert n == 0 or "the run took longer than 4 s" in outcome.log


SHARED = """\
from pathlib import Path
from wye import pipeline, step

@step
def make(n: int) -> Path:
    root = Path(f"tree{n}")
    (root / "empty").mkdir(parents=True)
    (root / "a.txt").write_text(str(n))
    return root

@step
def upto(n: int) -> list[int]:
    return list(range(n))

@step
def spoil(tree: Path) -> str:
    text = (tree / "a.txt").read_text()
    (tree / "a.txt").unlink()
    (tree / "empty").rmdir()
    return text

@step
def look(trees: list[Path]) -> list[list[str]]:
    return [sorted(p.name for p in t.iterdir()) for t in trees]

@pipeline
def flow(n: int = 2) -> list[list[str]]:
    trees = [make(i) for i in upto(n)]
    spoilt = [spoil(t) for t in trees]
    return look.after(spoilt)(trees)
"""


@pytest.mark.parametrize("n", [0, 2])
def test_who_reads_an_artifact_has_a_copy(n: int, kfp: Engine, plain: Any, tmp_path: Path) -> None:  # noqa: F811
    from dataclasses import replace

    equals_the_plain_call(replace(written(tmp_path, SHARED), params={"n": n}), kfp, plain, tmp_path)


CONFORMANCE = ROOT / "tests" / "cloud" / "conformance.py"


def test_what_is_tried_on_a_real_account(
    kfp: Engine,
    plain: Any,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It agrees with the plain call; it says so when it does not; and it fails when a step does."""
    monkeypatch.setattr(kfp_engine, "compile_source", lambda source: compile_source(source, "conformance"))
    equals_the_plain_call(Case("conformance", CONFORMANCE), kfp, plain, tmp_path)
    values = {"n": 3, "ratio": 0.1 + 0.2, "flag": True, "text": 'a "b" \\ {{job.id}} $HOME\n$(id)', "xs": [None, 2.5]}
    value = plain(Case("conformance", CONFORMANCE, values)).value
    given = values | {"xs": "[null,2.5]"}
    expected = hashlib.sha256(json.loads(value).encode()).hexdigest()
    for told, good, said in (
        (given | {"expected": expected}, True, ""),
        ({"expected": expected}, False, "not what the plain call returns"),
        ({"fail": True}, False, "the run has failed, as it should"),
    ):
        outcome = kfp.by_the_rules(tmp_path, told, {}, seed=len(said))
        assert (outcome.error is None) == good, outcome.log
        assert said in outcome.log


@pytest.mark.parametrize(("pipeline", "given"), [("broken", {"seconds": 0}), ("spread", {}), ("swept", {}), ("facts", {"size": 2**40})])
def test_what_else_is_tried(pipeline: str, given: dict[str, Any], kfp: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kfp_engine, "compile_source", lambda source: compile_source(source, pipeline))
    kfp.compiled(CONFORMANCE, tmp_path)
    outcome = kfp.by_the_rules(tmp_path, given, {})
    assert (outcome.error is None) == (pipeline == "facts"), outcome.log
    assert {"broken": "meant to fail", "spread": "meant to fail", "swept": "the clean-up has run", "facts": ""}[pipeline] in outcome.log
