"""`wye init`: what it writes compiles for every target, runs, passes its own test, and never takes the place of anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from wye import cli
from wye.backend import registry

pytestmark = pytest.mark.processes

FILES = ["README.md", "pipeline.py", "test_pipeline.py", "wye.toml"]


def python(folder: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_from_an_empty_folder_to_artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """As a person would: init, run, test, compile each stack."""
    monkeypatch.chdir(tmp_path)
    assert cli.run(["init", "a weather", "--target", "kubeflow", "--target", "airflow"]) == 0
    assert "cd 'a weather' && wye run pipeline.py && wye compile pipeline.py --stack kubeflow" in capsys.readouterr().out
    project = tmp_path / "a weather"
    monkeypatch.chdir(project)
    assert sorted(os.listdir(project)) == FILES
    assert set(tomllib.loads((project / "wye.toml").read_text())["stacks"]) == {"kubeflow", "airflow"}
    assert "<<" not in "".join((project / name).read_text() for name in FILES)
    assert json.loads(python(project, "wye.cli", "run", "pipeline.py", "-p", "days=1", "-p", "limit=15.0")) == "too warm: 19.0"
    assert "3 passed" in python(project, "pytest", "-q", "-p", "no:cacheprovider", ".")
    for stack in ("kubeflow", "airflow"):
        assert cli.run(["compile", "pipeline.py", "--stack", stack]) == 0
        assert (project / "build" / "readings" / stack / "report.json").is_file()


def test_it_compiles_for_every_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["init"]) == 0
    assert capsys.readouterr().out.endswith(f"next: wye run pipeline.py && wye compile pipeline.py --stack {registry.names()[0]}\n")
    assert cli.run(["check", "pipeline.py", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {name: t["status"] for name, t in found["targets"].items()} == dict.fromkeys(registry.names(), "compiled")
    assert {r["feature"] for r in found["targets"]["local"]["report"]["rows"]} >= {"if", "map"}


@pytest.mark.parametrize("there", [*FILES, "dangling"])
def test_nothing_is_overwritten(tmp_path: Path, there: str, capsys: pytest.CaptureFixture[str]) -> None:
    if there == "dangling":
        (tmp_path / "wye.toml").symlink_to("nowhere")
    else:
        (tmp_path / there).write_text("mine")
    before = sorted(os.listdir(tmp_path))
    assert cli.run(["init", str(tmp_path)]) == 1
    assert "exists already, and nothing was written\nhelp: choose another folder" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == before


def test_what_else_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert cli.run(["init", str(tmp_path)]) == 0
    assert sorted(os.listdir(tmp_path)) == sorted([*FILES, "notes.txt"])


def test_when_a_file_cannot_be_written_none_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def full(self: Path, *arguments: object, **settings: object) -> object:
        if self.name == "wye.toml" and arguments == ("x",):
            raise OSError(28, "No space left on device", str(self))
        return real(self, *arguments, **settings)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", full)
    assert cli.run(["init", str(tmp_path)]) == 1
    assert os.listdir(tmp_path) == []


def test_an_unknown_target(tmp_path: Path) -> None:
    assert cli.run(["init", str(tmp_path / "new"), "-t", "nowhere"]) == 2
    assert os.listdir(tmp_path) == []
