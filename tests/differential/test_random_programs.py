"""Random straight-line pipelines: the plain Python call and the compiled plan come to the same value, or both fail.

`WYE_SOAK=2000 pytest tests/differential/test_random_programs.py` runs that many programs.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from programs import Outcome, compiled, loaded, plain, sources

from wye.diagnostics import CompileFailed

COUNT = int(os.environ.get("WYE_SOAK", "60"))
_numbers = itertools.count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("random")


@settings(
    max_examples=COUNT,
    derandomize="WYE_SOAK" not in os.environ,
    deadline=None,
    database=None,
    phases=(Phase.generate,) if "WYE_QUICK" in os.environ else tuple(Phase),
    suppress_health_check=list(HealthCheck),
)
@given(source=sources())
def test_the_plan_computes_what_the_plain_call_computes(source: str, folder: Path) -> None:
    number = next(_numbers)
    name = f"random_program_{os.getpid()}_{number}"
    note(source.partition("@pipeline\ndef p(")[2])
    module = loaded(source, folder, name)
    try:
        wanted = plain(module)
        scratch = folder / f"run{number}"
        try:
            got = compiled(folder / f"{name}.py", scratch)
        except CompileFailed as refused:
            # This generator writes only what the language has: what is refused must fail in Python too.
            got = Outcome(None, f"refused: {refused}")
        note(f"plain: {wanted}\nplan:  {got}")
        assert got == wanted
    finally:
        sys.modules.pop(name, None)
