"""Examples that need packages: `wye run` gives what the plain call gives. Among the engines, because such imports take long."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from wye.testing.cases import Case, examples, local_run, plain_call

ROOT = Path(__file__).parents[2]
CASES = {c.name: c for c in examples(ROOT) if c.requirements}


def missing(case: Case) -> list[str]:
    installed = {d.name.lower() for d in metadata.distributions()}
    return [r for r in case.requirements if r.partition("==")[0].lower() not in installed]


@pytest.mark.parametrize("name", CASES)
def test_run_equals_the_plain_call(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    if missing(case):
        pytest.skip(f"{name} needs {', '.join(missing(case))}")
    expected = plain_call(case)
    got, printed = local_run(case, tmp_path)
    assert expected.value is not None, expected.error
    assert got.value == expected.value, got.error
    assert printed["status"] == "succeeded"
