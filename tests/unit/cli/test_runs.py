"""`wye run --resume`, `--no-cache` and `wye runs …` as a person and a script meet them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wye import cli
from wye.runs.disk import locked

pytestmark = pytest.mark.processes

SOURCE = """\
import os
from pathlib import Path
from wye import pipeline, step

@step(cache=True)
def load(n: int) -> list[int]:
    Path(os.environ["HERE"], "load").open("a").write("x")
    print("loading \\x1b[31m", n)
    return list(range(n))

@step
def check(xs: list[int]) -> int:
    Path(os.environ["HERE"], "check").open("a").write("x")
    if not Path(os.environ["HERE"], "good").exists():
        print("looking")
        raise ValueError("not yet")
    return len(xs)

@pipeline
def flow(n: int = 3, label: str = "{{ ds }}") -> dict[str, int]:
    return {label: check(load(n))}
"""

Wye = Callable[..., tuple[int, str, str]]


@pytest.fixture
def wye(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Wye:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WYE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HERE", str(tmp_path))
    Path("flow.py").write_text(SOURCE)

    def run(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = cli.run(arguments)
        out, err = capfd.readouterr()
        return code, out, err

    return run


def ran(step: str) -> int:
    return len(Path(step).read_text()) if Path(step).exists() else 0


def tasks(out: str) -> dict[str, Any]:
    return {t["id"]: {k: v for k, v in t.items() if k in ("status", "cached", "resumed")} for t in json.loads(out)["tasks"]}


def test_a_failed_run_goes_on(wye: Wye) -> None:
    code, out, err = wye("run", "flow.py", "-p", "n=4", "--format", "json")
    assert code == 1
    run = json.loads(out)["run"]
    assert f"to go on with it: wye run --resume {run}" in err
    assert "  check | looking\n" in err
    Path("good").touch()
    code, out, err = wye("run", "flow.py", "--resume", run[:17], "--format", "json")
    assert (code, json.loads(out)["outputs"], json.loads(out)["run"]) == (0, {"{{ ds }}": 4}, run)
    assert tasks(out)["load"] == {"status": "succeeded", "resumed": True}
    assert tasks(out)["check"] == {"status": "succeeded"}
    assert (ran("load"), ran("check")) == (1, 2)
    assert "✓ load  done before" in err
    code, out, err = wye("run", "--resume", "latest")
    assert (code, json.loads(out)) == (0, {"{{ ds }}": 4})
    assert (ran("load"), ran("check")) == (1, 2)


def test_a_run_goes_on_with_what_it_began_with(wye: Wye) -> None:
    wye("run", "flow.py")
    Path("good").touch()
    Path("flow.py").write_text(SOURCE.replace("@pipeline", "# a line more\n\n@pipeline"))
    assert wye("run", "flow.py", "--resume", "latest")[0] == 0, "where things stand does not matter"
    Path("flow.py").write_text(SOURCE.replace("return len(xs)", "return 2 * len(xs)"))
    code, out, err = wye("run", "flow.py", "--resume", "latest")
    assert (code, out) == (1, "")
    assert "the source has changed since the run " in err
    assert "help: wye run --resume " in err
    assert wye("run", "--resume", "latest")[:2] == (0, '{\n  "{{ ds }}": 3\n}\n')
    program = next(Path(".wye/runs").glob("*/programs/*check*/flow.py"))
    program.write_text(program.read_text() + "x = 1\n")
    code, _, err = wye("run", "--resume", "latest")
    assert code == 1
    assert "are not what the run was begun with" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "which pipeline?"),
        (["run", "--resume", "latest", "-p", "n=1"], "keeps its parameters"),
        (["run", "--resume", "2031"], "there are no runs"),
        (["runs"], "`wye runs` does what?"),
        (["runs", "lst"], "did you mean `list`?"),
        (["runs", "clean"], "deletes what?"),
        (["runs", "clean", "--older-than", "soon"], "not a duration: soon"),
        (["runs", "show", "x"], "there are no runs"),
    ],
)
def test_usage(wye: Wye, arguments: list[str], said: str) -> None:
    code, out, err = wye(*arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_the_cache(wye: Wye) -> None:
    Path("good").touch()
    wye("run", "flow.py")
    code, out, err = wye("run", "flow.py", "--format", "json")
    assert code == 0
    assert tasks(out) == {
        "load": {"status": "succeeded", "cached": True},
        "check": {"status": "succeeded"},
        "outputs": {"status": "succeeded"},
    }
    assert "✓ load  cached" in err
    assert ", 1 cached" in err
    wye("run", "flow.py", "--no-cache")
    assert ran("load") == 2
    assert json.loads(wye("runs", "clean", "--cache", "--format", "json")[1])["results"] == 1
    wye("run", "flow.py")
    assert ran("load") == 3


def test_list_show_logs_clean(wye: Wye) -> None:
    assert wye("runs", "list")[:2] == (0, "")
    wye("run", "flow.py", "-p", "n=1")
    Path("good").touch()
    wye("run", "flow.py", "-p", "n=2")
    second, first = json.loads(wye("runs", "list", "--format", "json")[1])["runs"]
    assert [(r["status"], r["pipeline"], r["source"], r["sessions"]) for r in (first, second)] == [
        ("failed", "flow", "flow.py", 1), ("succeeded", "flow", "flow.py", 1),
    ]  # fmt: skip
    assert first["run"] in wye("runs", "list")[1]
    shown = json.loads(wye("runs", "show", first["run"], "--format", "json")[1])
    assert (shown["params"], shown["outputs"]) == ({"n": 1, "label": "{{ ds }}"}, None)
    assert [(t["id"], t["status"], t["error"]) for t in shown["tasks"]] == [
        ("load", "succeeded", None), ("check", "failed", "ValueError: not yet"), ("outputs", "skipped", None),
    ]  # fmt: skip
    assert "ValueError: not yet" in wye("runs", "show", first["run"])[1]
    assert wye("runs", "logs", "latest", "load")[1].startswith("loading ")
    assert "\x1b" not in wye("runs", "logs", "latest", "load")[1]
    assert wye("runs", "logs", "latest")[1].startswith("--- load\nloading ")
    assert wye("runs", "logs", "latest", "lod")[0] == 2
    assert wye("runs", "show", "2")[0] == 2, "both begin so"
    with locked(Path(first["folder"]) / "lock"):
        assert json.loads(wye("runs", "list", "--format", "json")[1])["runs"][1]["status"] == "running"
        assert wye("run", "--resume", first["run"])[0] == 2
        assert json.loads(wye("runs", "clean", "--keep", "0", "--format", "json")[1])["deleted"] == [second["run"]]
        assert wye("runs", "clean", first["run"])[0] == 1
    assert json.loads(wye("runs", "clean", "--older-than", "1h", "--format", "json")[1])["deleted"] == []
    assert json.loads(wye("runs", "clean", first["run"], "--format", "json")[1])["deleted"] == [first["run"]]
    assert [p.name for p in Path(".wye/runs").iterdir()] == [".gitignore"]


KILLED = """
import os
from pathlib import Path
from wye import pipeline, step

@step
def first() -> int:
    Path(os.environ["HERE"], "first").open("a").write("x")
    return 1

@step
def second(n: int) -> int:
    here = Path(os.environ["HERE"])
    (here / "second").open("a").write("x")
    if not (here / "again").exists():
        (here / "again").touch()
        (here / "pid").write_text(str(os.getpid()))
        import time
        while True:
            time.sleep(0.05)
    return n + 1

@pipeline
def flow() -> int:
    return second(first())
"""


def test_kill_9(wye: Wye) -> None:
    """The process is gone, its step ends with it, and the run goes on."""
    Path("flow.py").write_text(KILLED)
    process = subprocess.Popen([sys.executable, "-m", "wye.cli", "run", "flow.py"], stderr=subprocess.DEVNULL, start_new_session=True)
    while not Path("pid").exists() or not Path("pid").read_text():
        time.sleep(0.02)
    (run,) = json.loads(wye("runs", "list", "--format", "json")[1])["runs"]
    assert run["status"] == "running"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (run,) = json.loads(wye("runs", "list", "--format", "json")[1])["runs"]
    assert run["status"] == "interrupted"
    shown = json.loads(wye("runs", "show", "latest", "--format", "json")[1])["tasks"]
    assert [(t["id"], t["status"]) for t in shown] == [("first", "succeeded"), ("second", "unfinished")]
    code, out, _ = wye("run", "--resume", "latest")
    assert (code, out) == (0, "2\n")
    assert (ran("first"), ran("second")) == (1, 2)
    end = time.monotonic() + 60
    while alive(int(Path("pid").read_text())):
        assert time.monotonic() < end, "what the killed process was running goes on"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
