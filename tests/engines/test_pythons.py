"""Other Pythons: the runtime passes its tests on each that containers have, and a compile gives the same bytes on each that compiles."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wye.testing.environments import engine, interpreter

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from test_determinism import compile_all, moved  # noqa: E402

RUNTIME = ("values", "files", "runner", "plan", "regions", "try", "island", "random_plans", "store")


def python(version: str) -> str:
    found = interpreter(version)
    if found is None:
        pytest.skip(f"there is no Python {version} here")
    return str(found)


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13", "3.14"])
def test_the_runtime(version: str, tmp_path: Path) -> None:
    inside = engine(f"runtime-{version}", ["pytest", "hypothesis", "fsspec"], python(version))
    tests = [str(ROOT / "tests" / "unit" / "runtime" / f"test_runtime_{n}.py") for n in RUNTIME]
    # The project's own conftest and settings need the compiler, which needs a newer Python.
    command = [
        str(inside),
        "-m",
        "pytest",
        "-q",
        "--noconftest",
        "-c",
        os.devnull,
        "--rootdir",
        str(tmp_path),
        "-p",
        "no:cacheprovider",
        *tests,
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "compiler"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, timeout=900)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_the_bytes_of_a_compile(version: str, tmp_path: Path) -> None:
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        pytest.skip("this Python is the one to compare with")
    project = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()[:8]
    inside = engine(f"compiler-{version}-{project}", ["--editable", str(ROOT)], python(version))
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    assert compile_all(moved(there), str(inside), "1", there) == compile_all(moved(here), sys.executable, "2", here)
