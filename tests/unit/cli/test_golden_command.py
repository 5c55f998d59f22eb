"""`wye golden`: pins are what a compile makes, a change fails with its diff, and only files of ours are ever touched."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from wye import cli
from wye.cli import pins

SOURCE = """\
from wye import pipeline, step


@step
def double(n: int) -> int:
    return 2 * n


@pipeline
def flow(n: int = 3) -> int:
    return double(n)
"""
MANIFEST = Path("golden/wye-golden.json")


class Wye:
    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self.capfd, self.err = capfd, ""

    def __call__(self, *arguments: str, exits: int = 0) -> str:
        self.capfd.readouterr()
        code = cli.run(["golden", *arguments])
        out, self.err = self.capfd.readouterr()
        assert code == exits, out + self.err
        return out


@pytest.fixture
def wye(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Wye:
    """Commands run in a folder with `flow.py`, whose artifact for this machine is pinned."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    Path("flow.py").write_text(SOURCE)
    made = Wye(capfd)
    made("bless", "flow.py", "-t", "local")
    return made


def state(folder: str = "golden") -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(Path(folder).rglob("*")) if f.is_file()}


def edit(old: str, new: str) -> None:
    text = Path("flow.py").read_text()
    assert old in text
    Path("flow.py").write_text(text.replace(old, new))


def test_pins_are_what_compile_writes(wye: Wye) -> None:
    assert cli.run(["compile", "flow.py", "-t", "local"]) == 0
    built, pinned = state("build"), state()
    del pinned["wye-golden.json"]
    assert built.keys() == pinned.keys()
    report = json.loads(built.pop("flow/local/report.json"))
    assert json.loads(pinned.pop("flow/local/report.json")) == {k: v for k, v in report.items() if k != "wye"}, (
        "an upgrade alone is no change"
    )
    assert built == pinned


def test_the_same_again(wye: Wye) -> None:
    assert wye("check") == ""
    assert wye.err == "1 of 1 artifact as pinned in golden\n"
    before = state()
    wye("bless")
    assert state() == before
    assert json.loads(wye("check", "--format", "json"))["status"] == "same"
    assert wye("check", "--format", "github") == ""


def test_a_change_fails_with_its_diff(wye: Wye) -> None:
    before = state()
    edit("2 * n", "3 * n")
    out = wye("check", "flow.py", exits=1)
    assert re.search(r"(?m)^flow/local/\S+: changed\n@@ .*\n(.*\n)*-    return 2 \* n\n\+    return 3 \* n$", out)
    assert "0 of 1 artifact as pinned" in wye.err
    assert "if that is meant: wye golden bless" in wye.err
    assert state() == before, "a check writes nothing"
    wye("bless")
    assert wye("check") == ""


def test_for_machines(wye: Wye, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    edit("2 * n", "3 * n")
    data = json.loads(wye("check", "--format", "json", exits=1))
    assert data["status"] == "different"
    [pin] = data["pins"]
    assert (pin["source"], pin["pipeline"], pin["target"], pin["stack"], pin["status"]) == ("flow.py", "flow", "local", None, "different")
    [found] = [d for d in pin["differences"] if d["path"].endswith("flow.py")]
    assert found["change"] == "changed"
    assert Path(found["path"]).read_text().splitlines()[found["line"] - 1] == "    return 2 * n"
    lines = wye("check", "--format", "github", exits=1).splitlines()
    assert f"::error file={found['path']},line={found['line']},title=pinned artifact::changed; " in "\n".join(lines)
    assert len(lines) == len(pin["differences"])


def test_what_is_no_longer_made_goes(wye: Wye) -> None:
    """The old name's files, and the folders that are empty without them; what else stands there stays."""
    Path("golden/flow/notes.txt").write_text("mine")
    edit("def flow", "def stream")
    assert "flow/local/plan.json: no longer made" in wye("check", exits=1)
    wye("bless")
    files = state()
    assert {path.partition("/")[0] for path in files} == {"flow", "stream", "wye-golden.json"}
    assert files["flow/notes.txt"] == b"mine"
    assert not Path("golden/flow/local").exists()
    Path("flow.py").unlink()
    assert "flow.py does not exist" in json.loads(wye("check", "--format", "json", exits=1))["messages"][0]
    wye("bless")
    assert state().keys() == {"flow/notes.txt", "wye-golden.json"}


def test_a_file_of_somebody_else_is_never_written_over(wye: Wye) -> None:
    Path("golden/stream/local").mkdir(parents=True)
    Path("golden/stream/local/plan.json").write_text("mine")
    before = state()
    edit("def flow", "def stream")
    wye("bless", exits=1)
    assert "golden/stream/local/plan.json was not written by `wye golden`, and nothing was changed" in wye.err
    assert state() == before


def test_what_was_edited_or_lost_is_seen_and_mended(wye: Wye) -> None:
    before = state()
    Path("golden/flow/local/plan.json").unlink()
    Path("golden/flow/local/report.json").write_text("edited")
    out = wye("check", exits=1)
    assert "flow/local/plan.json: missing" in out
    assert "flow/local/report.json: changed" in out
    wye("bless", "flow.py")
    assert state() == before


def test_targets_are_remembered(wye: Wye) -> None:
    Path("wye.toml").write_text('[stacks.prod]\ntarget = "kubeflow"\n')
    wye("bless", "--stack", "prod", "flow.py")
    assert Path("golden/flow/prod/pipeline.yaml").is_file()
    assert "2 of 2 artifacts" in (wye("check"), wye.err)[1]
    assert "1 of 1 artifact " in (wye("check", "-t", "local"), wye.err)[1]
    assert "flow/airflow/flow.py: not pinned" in wye("check", "flow.py", "-t", "airflow", exits=1)
    Path("other.py").write_text(SOURCE.replace("flow", "other"))
    wye("bless", "other.py", exits=2)
    assert "nothing of other.py is pinned in golden, and no target is given\nhelp: wye golden bless other.py -t TARGET" in wye.err


def test_from_anywhere(wye: Wye, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    assert wye("check", "--dir", "../golden") == ""
    assert wye("check", "../flow.py", "--dir", "../golden") == ""
    assert str(tmp_path) not in (tmp_path / MANIFEST).read_text()


def test_two_of_one_name_are_refused(wye: Wye) -> None:
    before = state()
    Path("team").mkdir()
    Path("team/flow.py").write_text(SOURCE)
    wye("bless", "team/flow.py", "-t", "local", exits=1)
    assert "../flow.py and ../team/flow.py: two pins have the same place flow/local" in wye.err
    assert state() == before


def test_what_does_not_compile(wye: Wye) -> None:
    before = state()
    edit("-> int:\n    return double", "-> int:\n    return duble")
    for action in ("check", "bless"):
        wye(action, exits=1)
        assert "flow.py:11:12: error[WYE" in wye.err
        assert json.loads(wye(action, "--format", "json", exits=1))["pins"][0]["diagnostics"]
        assert wye(action, "--format", "github", exits=1).startswith("::error file=flow.py,line=11,")
    assert state() == before


OUTSIDE = ("../flow.py", "/etc/x", 7, "")
LEADS_OUT = [json.dumps({"wye-golden": 1, "pins": [{"source": "f.py", "target": "local", "files": [f]}]}) for f in OUTSIDE]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"wye-golden": 2, "pins": []}', '{"wye-golden": 1, "pins": [{}]}', "<<<<<<< HEAD\n", *LEADS_OUT]
)
def test_a_manifest_that_is_none(wye: Wye, text: str) -> None:
    """It must not lead to a file elsewhere being removed."""
    MANIFEST.write_text(text)
    wye("bless", exits=1)
    assert wye.err.startswith("error: golden/wye-golden.json: ")
    assert Path("flow.py").read_text() == SOURCE


def test_nothing_is_written_through_a_link(wye: Wye, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    os.rename("golden/flow/local", "elsewhere/local")
    Path("golden/flow/local").symlink_to(tmp_path / "elsewhere" / "local")
    edit("2 * n", "3 * n")
    before = state("elsewhere")
    wye("bless", exits=1)
    assert "golden/flow/local is a symbolic link" in wye.err
    assert state("elsewhere") == before


def test_an_interrupted_bless_is_finished_by_the_next(wye: Wye, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped before any of its writes: no file is cut short, and each that was written is known as ours."""
    edit("def flow", "def stream")
    real, before = pins._replace, state()
    for stop in range(1, 20):
        left = [stop]

        def replace(place: Path, content: bytes, left: list[int] = left) -> None:
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt
            real(place, content)

        monkeypatch.setattr(pins, "_replace", replace)
        finished = cli.run(["golden", "bless"]) == 0
        known = {f for p in json.loads(MANIFEST.read_text())["pins"] for f in p["files"]}
        assert state().keys() - {"wye-golden.json"} <= known
        if finished:
            break
        monkeypatch.setattr(pins, "_replace", real)
        wye("bless")
        assert wye("check") == ""
        edit("def stream", "def flow")
        wye("bless")
        assert state() == before
        edit("def flow", "def stream")
    else:
        raise AssertionError("never finished")


def test_files_that_are_no_text(wye: Wye) -> None:
    """A step's data files are pinned byte by byte."""
    edit("@step\n", '@step(files=["data.bin"])\n')
    Path("data.bin").write_bytes(b"\xff\x00\r\n\xfe")
    wye("bless")
    [pinned] = Path("golden").rglob("data.bin")
    assert pinned.read_bytes() == b"\xff\x00\r\n\xfe"
    assert wye("check") == ""
    Path("data.bin").write_bytes(b"\xff")
    assert "no text: 5 bytes are pinned, 1 bytes compiled now" in wye("check", exits=1)


def test_nothing_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    data: Any = Wye(capfd)("check", "--format", "json", exits=1)
    assert json.loads(data)["messages"] == ["nothing is pinned in golden\nhelp: wye golden bless FILE -t TARGET"]
