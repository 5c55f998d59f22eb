"""Several sources at once: all problems in one go, all written or nothing, helpers left out, two of one name refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wye.cli import run

FLOW = "from wye import pipeline, step\n\n@step\ndef work() -> int:\n    return 1\n\n@pipeline\ndef {name}() -> int:\n    return {step}()\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("a", "b"):
        (tmp_path / f"{name}.py").write_text(FLOW.format(name=name, step="work"))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "wrong.py").write_text(FLOW.format(name="wrong", step="wrk"))
    (tmp_path / "helpers.py").write_text("X = 1\n")
    return tmp_path


def written(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder / "build").as_posix() for p in folder.glob("build/*/*"))


def test_all_are_written_and_helpers_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compile", "a.py", "helpers.py", "b.py", "./a.py", "-t", "local", "-t", "airflow"]) == 0
    assert written(folder) == ["a/airflow", "a/local", "b/airflow", "b/local"]
    assert capsys.readouterr().err == "helpers.py holds no pipeline; left out\n"


def test_nothing_is_written_when_one_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "b.py").write_text(FLOW.format(name="b", step="other"))
    assert run(["compile", "a.py", "b.py", "deep/wrong.py", "-t", "local"]) == 1
    assert written(folder) == []
    told = capsys.readouterr().err
    assert "b.py:9:12: error[WYE1003]: `other`" in told
    assert "deep/wrong.py:9:12: error[WYE1003]: `wrk`" in told
    assert run(["compile", "a.py", "b.py", "deep/wrong.py", "-t", "local", "--keep-going"]) == 1
    assert written(folder) == ["a/local"]


def test_two_of_one_name_are_never_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "b.py").write_text(FLOW.format(name="A", step="work"))  # one folder where case does not count
    assert run(["compile", "a.py", "b.py", "-t", "local", "--keep-going"]) == 1
    assert written(folder) == []
    assert "b.py:8:5: error[WYE1038]" in capsys.readouterr().err


def test_check_writes_nothing_and_says_all_for_machines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "a.py", "deep/wrong.py", "helpers.py", "-t", "local", "--format", "json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["status"] == "failed"
    assert [(p["source"], p["pipeline"], p["status"]) for p in said["pipelines"]] == [
        ("a.py", "a", "compiled"), ("deep/wrong.py", None, "failed"),
    ]  # fmt: skip
    assert [(d["code"], d["path"]) for d in said["diagnostics"]] == [("WYE1003", "deep/wrong.py")]
    assert (said["left_out"], said["messages"]) == (["helpers.py"], [])
    assert written(folder) == []
    for format in ("github", "sarif"):
        assert run(["check", "a.py", "deep/wrong.py", "-t", "local", "--format", format]) == 1
        assert "deep/wrong.py" in capsys.readouterr().out


def test_a_file_that_is_missing_stops_all(folder: Path) -> None:
    assert run(["compile", "a.py", "gone.py", "-t", "local"]) == 1
    assert written(folder) == []


def test_only_files_without_a_pipeline(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "more.py").write_text("")
    assert run(["compile", "helpers.py", "more.py", "-t", "local"]) == 1
    assert capsys.readouterr().err.count("WYE1035") == 2
