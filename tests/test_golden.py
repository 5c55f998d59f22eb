"""Golden cases: the IR of front-end cases, the artifacts of feature cases on every target, the diagnostics of error cases."""

from __future__ import annotations

import shlex
import shutil
from functools import cache
from pathlib import Path

import pytest

from wye.backend import registry
from wye.cli import run
from wye.cli.compile import options_for
from wye.driver import compile_source, compile_target, read_pipeline
from wye.ir.text import show
from wye.stacks import Choice, Config
from wye.testing import golden
from wye.testing.cases import Case, feature_cases

ROOT = Path(__file__).parents[1] / "golden"
CASES = {c.name: c for c in feature_cases(ROOT.parent)}
COMMAND = "compile pipeline.py -t local -t kubeflow -t airflow"


compiled = cache(compile_source)


def folders(kind: str) -> list[str]:
    return sorted(f.name for f in (ROOT / kind).iterdir() if f.is_dir())


@pytest.mark.parametrize("case", folders("frontend"))
def test_frontend(case: str, bless: bool) -> None:
    folder = ROOT / "frontend" / case
    produced = {"ir.txt": show(read_pipeline(folder / "pipeline.py"))}
    assert golden.differences(folder, produced, bless=bless, only="ir.txt") == []
    sources = [f.relative_to(folder).as_posix() for f in folder.rglob("*.py")]
    assert golden.orphans(folder, [*sources, "ir.txt"]) == []


@pytest.mark.parametrize(("case", "target"), [(c, t) for c in CASES.values() for t in c.targets], ids=lambda v: getattr(v, "name", v))
def test_feature(case: Case, target: str, bless: bool) -> None:
    kind = registry.load(target)
    pipeline = compiled(case.source)
    made = options_for(pipeline, target, Choice(None, Config()))
    files, _ = compile_target(pipeline, kind, made.value, effective=made.effective)
    produced = golden.pinned(files, type(kind).__module__, pipeline.programs if target != "local" else ())
    assert golden.differences(ROOT / "features" / case.name / "out" / target, produced, bless=bless) == []


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_feature_has_no_orphans(case: Case) -> None:
    out = [f"out/{t}/" for t in case.targets]
    assert golden.orphans(ROOT / "features" / case.name, ["in/", "params.json", "case.toml", *out]) == []


@pytest.mark.parametrize("case", folders("errors"))
def test_error(case: str, bless: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`command.txt` holds another command line and another exit code than these, one in each line."""
    folder = ROOT / "errors" / case
    work = tmp_path / "in"
    shutil.copytree(folder / "in", work)
    before = {f: f.read_bytes() for f in work.rglob("*") if f.is_file()}
    monkeypatch.chdir(work)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("WYE_DEBUG", "1")
    other = folder / "command.txt"
    command, status = (*other.read_text("utf-8").splitlines(), "1")[:2] if other.exists() else (COMMAND, "1")
    exit_code = run(shlex.split(command))
    stderr = capsys.readouterr().err
    assert exit_code == int(status), stderr
    assert golden.reported(stderr) == golden.marked(work), stderr
    assert {f: f.read_bytes() for f in work.rglob("*") if f.is_file()} == before, "a failed compile writes nothing"
    assert golden.orphans(folder, ["in/", "command.txt", "stderr.txt"]) == []
    assert golden.differences(folder, {"stderr.txt": stderr}, bless=bless, only="stderr.txt") == []


def test_runtime(bless: bool) -> None:
    """One file pins what artifacts embed unchanged; the cases only name it."""
    pins: dict[str, str] = {}
    for name in registry.names():
        kind = registry.load(name)
        files, _ = compile_target(compiled(CASES["artifacts"].source), kind, kind.options())
        pins |= golden.embedded(files, type(kind).__module__)
    produced = {"runtime.txt": "".join(pins[name] for name in sorted(pins))}
    assert golden.orphans(ROOT, ["frontend/", "features/", "errors/", "runtime.txt"]) == []
    assert golden.differences(ROOT, produced, bless=bless, only="runtime.txt") == []
