"""`wye run --on docker` without an engine: a `docker` on PATH that answers as one is told to."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from wye.cli import run

SOURCE = """\
from wye import pipeline, step

@step
def double(n: int) -> int:
    return 2 * n

@pipeline
def flow(n: int = 3, s: str = "x") -> int:
    return double(n)
"""

FAKE = """\
#!{python}
import json, os, pathlib, sys
words, folder = sys.argv[1:], pathlib.Path({folder!r})
with open(folder / "calls.jsonl", "a") as file:
    print(json.dumps([words, {{k: v for k, v in os.environ.items() if k.startswith(("COMPOSE", "RUN_ID"))}}]), file=file)
says = json.loads((folder / "says.json").read_text())
if words[0] == "version" and says.get("engine"):
    sys.exit(says["engine"])
if words == ["compose", "version"]:
    sys.exit(says.get("compose", 0))
if "up" in words:
    print(says.get("up", ""), flush=True)
    print("compose says why", file=sys.stderr)
    sys.exit(says.get("code", 0))
if "cp" in words:
    target = pathlib.Path(words[-1])
    target.mkdir()
    for name, content in says["state" if words[-2].endswith("/state") else "returned"].items():
        (target / name).write_text(content if isinstance(content, str) else json.dumps(content))
"""

UP = """\
Attaching to double-1, outputs-1, start-1
start-1    | wye: n = 3
double-1   | wye: started
double-1   | hello | there
double-1   | attempt 1 of 2 failed; the next in 0.5 s
double-1   | wye: done in 0.20 s
outputs-1  | wye: started
outputs-1  | wye: done in 0.10 s"""


class Engine:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.says(up=UP)

    def says(self, **more: Any) -> None:
        states = {"double.json": {"status": "done", "seconds": 0.2, "error": None}}
        states |= {"outputs.json": {"status": "done", "seconds": 0.1, "error": None}}
        (self.folder / "says.json").write_text(json.dumps({"state": states, "returned": {"out.json": "6", "done.json": {}}, **more}))

    @property
    def calls(self) -> list[Any]:
        file = self.folder / "calls.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    place = tmp_path / "bin"
    place.mkdir()
    (place / "docker").write_text(FAKE.format(python=sys.executable, folder=str(tmp_path)))
    (place / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(place) + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("COMPOSE_FILE", "another.yaml")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flow.py").write_text(SOURCE)
    return Engine(tmp_path)


def test_a_run_that_succeeds(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "flow.py", "--on", "docker", "-p", "s=$x", "--format", "json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["status"], found["outputs"]) == ("succeeded", 6)
    assert [(t["id"], t["step"], t["status"], t["seconds"]) for t in found["tasks"]] == [
        ("double", "flow:double", "succeeded", 0.2), ("outputs", None, "succeeded", 0.1),
    ]  # fmt: skip
    assert "· double  started\n" in err
    assert "↻ double" in err
    assert "✓ double" in err
    assert f"flow-{found['run']}_runs" in err, "where the artifacts are"
    folder = next(f for f in (engine.folder / ".wye" / "docker").iterdir() if f.is_dir())
    assert json.loads((folder / "steps" / "given.json").read_text())["parameters"] == {"n": "3", "s": '"\\u0024x"'}
    assert (folder / ".env").read_text() == f"COMPOSE_PROJECT_NAME=flow-{folder.name}\nRUN_ID={folder.name}\n"
    assert "hello | there" in (folder / "tasks" / "double" / "log.txt").read_text()
    assert (folder / "outputs.json").read_text() == "6\n"
    ups = [c for c in engine.calls if "up" in c[0]]
    assert ups[0][1] == {"RUN_ID": folder.name}, "what the shell says to compose is not for this run"
    assert "--abort-on-container-failure" in ups[0][0]
    assert engine.calls[-1][0][-1] == "down", "containers and network go, volumes stay"


def test_keep(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "flow.py", "--on", "docker", "--keep"]) == 0
    out, err = capsys.readouterr()
    assert out == "6\n"
    assert "down -v" in err
    assert not any("down" in c[0] for c in engine.calls)


def test_a_task_that_fails(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    error = {"type": ["ValueError"], "message": "no", "traceback": "Traceback\nValueError: no", "exit": 1}
    up = "double-1 | wye: started\ndouble-1 | wye: failed in 0.20 s: ValueError: no"
    engine.says(up=up, code=1, state={"double.json": {"status": "failed", "seconds": 0.2, "error": error}})
    assert run(["run", "flow.py", "--on", "docker", "--format", "json"]) == 1
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["status"], found["outputs"], [t["status"] for t in found["tasks"]]) == ("failed", None, ["failed", "skipped"])
    assert "✗ double" in err
    assert "ValueError: no" in err
    folder = next(f for f in (engine.folder / ".wye" / "docker").iterdir() if f.is_dir())
    assert f"to go on with it: cd {folder} && docker compose up --abort-on-container-failure" in err


def test_what_compose_itself_refuses(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.says(code=1, state={})
    assert run(["run", "flow.py", "--on", "docker"]) == 1
    assert "error: compose says why" in capsys.readouterr().err


def test_what_the_first_service_refuses(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.says(up="start-1  | wye: failed: no space", code=1, state={})
    assert run(["run", "flow.py", "--on", "docker"]) == 1
    assert "error: no space" in capsys.readouterr().err


@pytest.mark.parametrize(("says", "wanted"), [({"engine": 1}, "no docker engine answers"), ({"compose": 1}, "no compose plugin")])
def test_without_an_engine(engine: Engine, says: Any, wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    engine.says(**says)
    assert run(["run", "flow.py", "--on", "docker"]) == 1
    err = capsys.readouterr().err
    assert wanted in err
    assert "help: " in err


def test_without_docker(engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    assert run(["run", "flow.py", "--on", "docker"]) == 1
    assert "docker is not installed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "wanted"),
    [
        (["--on", "airflow"], 1, "`wye run` cannot start a run on airflow"),
        (["--on", "dokcer"], 2, "did you mean `docker`?"),
        (["--on", "docker", "--workers", "2"], 2, "--workers goes with a run on this machine"),
        (["--keep"], 2, "--keep goes with --on"),
        (["--on", "docker", "-p", "n=x"], 1, "parameter `n`"),
    ],
)
def test_what_cannot_be_meant(engine: Engine, words: list[str], code: int, wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "flow.py", *words]) == code
    assert wanted in capsys.readouterr().err
    assert not any("up" in c[0] for c in engine.calls)


def test_secrets_that_are_not_there_are_named_together(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = ", ".join(f'Secret("{name}", env="{env}")' for name, env in (("db", "B"), ("api", "A"), ("other", "C")))
    text = SOURCE.replace("pipeline, step", "Secret, pipeline, step").replace("@step", f"@step(secrets=[{secrets}])")
    (engine.folder / "flow.py").write_text(text)
    monkeypatch.delenv("A", raising=False)
    monkeypatch.delenv("B", raising=False)
    monkeypatch.setenv("C", "x")
    assert run(["run", "flow.py", "--on", "docker"]) == 1
    assert "not set in the environment: A (secret `api`), B (secret `db`)" in capsys.readouterr().err
    assert not any("up" in c[0] for c in engine.calls)
