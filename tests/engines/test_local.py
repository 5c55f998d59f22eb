"""Every feature case and every example under the local executor: what `wye run` gives is what the plain call gives."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from wye.runtime.values import plain
from wye.testing.cases import Case, examples, feature_cases, further, local_run, plain_call

ROOT = Path(__file__).parents[2]
CASES = {c.name: c for c in (*feature_cases(ROOT), *examples(ROOT), *further()) if "local" in c.targets}


def missing(case: Case) -> list[str]:
    """What the case's steps import and this interpreter does not have."""
    installed = {d.name.lower() for d in metadata.distributions()}
    return [r for r in case.requirements if r.partition("==")[0].lower() not in installed]


@pytest.mark.parametrize("name", CASES)
def test_run_equals_the_plain_call(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    if missing(case):
        pytest.skip(f"{name} needs {', '.join(missing(case))}")
    expected = plain_call(case)
    got, printed = local_run(case, tmp_path)
    assert (expected.value is None) == case.fails, expected.error
    assert got.value == expected.value, got.error
    assert printed["status"] == ("failed" if case.fails else "succeeded")
    if expected.value is not None:
        assert printed["outputs"] == plain(expected.value)
