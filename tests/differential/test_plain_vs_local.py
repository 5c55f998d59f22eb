"""Every feature case and every example: what `wye run` gives is what the plain call gives."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wye.runtime.values import plain
from wye.testing.cases import Case, examples, feature_cases, plain_call

ROOT = Path(__file__).parents[2]
CASES = {c.name: c for c in (*feature_cases(ROOT), *examples(ROOT)) if "local" in c.targets}


def wye_run(case: Case, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`wye run CASE --format json`, in a folder of its own."""
    params = folder / "params.json"
    params.write_text(json.dumps(case.params), "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "wye.cli", "run", str(case.source), "--params", str(params), "--format", "json", *options],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **case.variables},
        timeout=300,
    )


@pytest.mark.parametrize("name", CASES)
def test_run_equals_the_plain_call(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    missing = [r for r in case.requirements if importlib.util.find_spec(MODULES.get(r.partition("==")[0], r.partition("==")[0])) is None]
    if missing:
        pytest.skip(f"{name} needs {', '.join(missing)}")
    expected = plain_call(case)
    done = wye_run(case, tmp_path)
    assert (expected.value is None) == case.fails, expected.error
    assert done.stdout, done.stderr
    result = json.loads(done.stdout)
    assert (done.returncode, result["status"]) == ((1, "failed") if case.fails else (0, "succeeded")), done.stderr
    if expected.value is not None:
        written = [f.read_text("utf-8").strip() for f in (tmp_path / ".wye" / "runs").glob("*/outputs.json")]
        assert written == ([expected.value] if written or expected.value != "null" else [])
        assert result["outputs"] == plain(expected.value)


MODULES = {"scikit-learn": "sklearn"}
"""Where the name to import is not the name to install."""
