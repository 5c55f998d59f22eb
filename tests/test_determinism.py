"""The same source gives the same bytes in another folder, with another hash seed, on another Python; no compile runs the user's code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[1]
SOURCES = [f.parent for kind in ("golden/features/*/in", "examples/*") for f in sorted(ROOT.glob(f"{kind}/pipeline.py"))]

COMPILE = """
import hashlib, json, sys
from pathlib import Path
from wye import driver
from wye.backend import registry
from wye.diagnostics import CompileFailed
found = {}
for folder in sys.argv[1:]:
    pipeline = driver.compile_source(Path(folder, "pipeline.py"))
    for name in registry.names():
        target = registry.load(name)
        try:
            files, _ = driver.compile_target(pipeline, target, target.options())
        except CompileFailed as failed:
            found[f"{pipeline.name}/{name}"] = str(failed)
            continue
        for file in files:
            found[f"{pipeline.name}/{name}/{file.path}"] = hashlib.sha256(file.content).hexdigest()
print(json.dumps(found))
"""


def compile_all(folders: list[Path], python: str, seed: str, cwd: Path) -> dict[str, str]:
    done = subprocess.run(
        [python, "-c", COMPILE, *map(str, folders)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo" if seed == "1" else "UTC", "LC_ALL": "C"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def here() -> dict[str, str]:
    return compile_all(SOURCES, sys.executable, "0", ROOT)


def moved(tmp_path: Path) -> list[Path]:
    """Copies of the sources at another depth; each under its own folder name, which no artifact may hold."""
    ignored = shutil.ignore_patterns("__pycache__")
    return [Path(shutil.copytree(s, tmp_path / "elsewhere" / f"deep{i}" / "x", ignore=ignored)) for i, s in enumerate(SOURCES)]


def test_another_folder_and_hash_seed(here: dict[str, str], tmp_path: Path) -> None:
    assert compile_all(moved(tmp_path), sys.executable, "1", tmp_path) == here


TRAP = """
import pathlib
pathlib.Path({marker!r}).write_text("the user's module ran")
import no_such_package_anywhere
from no_such_package_anywhere.deep import thing
from wye import pipeline, step


@step
def load(n: int) -> int:
    return thing(n)


@pipeline
def trap(n: int = 1) -> int:
    return load(n)
"""

AUDIT = """
import sys
REFUSED = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "urllib.", "http.", "ftplib.", "smtplib.")
def hook(event, args):
    if event.startswith(REFUSED):
        raise SystemExit(f"audit: {event} {args!r}")
    if event == "exec" and "pipeline.py" in getattr(args[0], "co_filename", ""):
        raise SystemExit(f"audit: the user's module is run: {args[0]}")
sys.addaudithook(hook)
from wye.cli import run
sys.exit(run(["compile", "pipeline.py", "-t", "local", "-t", "kubeflow", "-t", "airflow", "-o", "build"]))
"""


def test_compiling_runs_nothing_and_opens_no_socket(tmp_path: Path) -> None:
    """The module writes a file when it is imported, and imports packages that do not exist."""
    marker = tmp_path / "ran.txt"
    (tmp_path / "pipeline.py").write_text(TRAP.format(marker=str(marker)))
    done = subprocess.run([sys.executable, "-c", AUDIT], capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not marker.exists()
    assert sorted(p.name for p in (tmp_path / "build" / "trap").iterdir()) == ["airflow", "kubeflow", "local"]
