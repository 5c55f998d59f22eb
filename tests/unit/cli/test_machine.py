"""`wye check` and `wye compile` for machines: one document on standard output, the same findings in each format, paths of the checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wye import cli
from wye.cli.machine import FORMATS, checkout

SOURCE = """\
from wye import Resources, pipeline, step


@step(resources=Resources(gpu=1))
def train(n: int) -> int:
    return n + 1


@pipeline
def flow(n: int = 3) -> int:
    while train(n) < 3:
        n = train(n)
    return n
"""
HOSTILE = "é\U0001f389 = 'x'; from wye import step, pipeline; f = lambda {}: '\\u2028%0A::error::'\n"


THREE = ("-t", "airflow", "-t", "kubeflow", "-t", "local")


class Wye:
    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self.capfd, self.err = capfd, ""

    def __call__(self, *arguments: str, exits: int = 0) -> str:
        self.capfd.readouterr()
        code = cli.run(arguments)
        out, self.err = self.capfd.readouterr()
        assert code == exits, self.err
        return out


@pytest.fixture
def wye(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Wye:
    """Commands run in `team/` of a checkout, whose `flow.py` two targets do by other means and one rejects."""
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    (tmp_path / ".git").mkdir()
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "flow.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path / "team")
    return Wye(capfd)


def results(log: str) -> list[dict[str, Any]]:
    document = json.loads(log)
    sarif = pytest.importorskip("pydantic_sarif.model", reason="the published schema's model is a development requirement")
    sarif.StaticAnalysisResultsFormatSarifVersion210JsonSchema.model_validate(document)  # refuses what the schema does not know
    return list(document["runs"][0]["results"])


def test_what_is_not_native_is_a_result(wye: Wye) -> None:
    found = [
        (r["properties"]["target"], r["level"], r["ruleId"]) for r in results(wye("check", "flow.py", *THREE, "--format", "sarif", exits=1))
    ]
    assert found == [("airflow", "error", "WYE4001"), ("kubeflow", "note", "WYE4002"), ("local", "note", "WYE4002")]
    strict = results(wye("check", "flow.py", *THREE, "--strict", "--format", "sarif", exits=1))
    assert {(r["properties"]["target"], r["level"]) for r in strict} == {("airflow", "error"), ("kubeflow", "error"), ("local", "error")}
    places = [r["locations"][0]["physicalLocation"] for r in strict]
    assert {p["artifactLocation"]["uri"] for p in places} == {"team/flow.py"}
    assert {p["artifactLocation"]["uriBaseId"] for p in places} == {"%SRCROOT%"}


def test_every_format_has_the_same_findings(wye: Wye) -> None:
    sarif = results(wye("check", "flow.py", *THREE, "--format", "sarif", exits=1))
    data = json.loads(wye("check", "flow.py", *THREE, "--format", "json", exits=1))
    lines = wye("check", "flow.py", *THREE, "--format", "github", exits=1).splitlines()
    both = [*data["diagnostics"], *data["notes"]]
    starts = [(r["ruleId"], r["locations"][0]["physicalLocation"]["region"]["startLine"]) for r in sarif]
    assert starts == [(d["code"], d["line"]) for d in both]
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::notice", "::notice"]
    assert all(f" file=team/flow.py,line={d['line']}," in line for d, line in zip(both, lines))
    assert wye.err == ""


def test_several_files_are_one_document(wye: Wye) -> None:
    Path("other.py").write_text(SOURCE.replace("flow", "other"))
    Path("help.py").write_text("WORDS = 3\n")
    files = ("flow.py", "help.py", "other.py")
    sarif = results(wye("check", *files, *THREE, "--format", "sarif", exits=1))
    places = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in sarif]
    assert sorted(places) == ["team/flow.py"] * 3 + ["team/other.py"] * 3
    lines = wye("check", *files, *THREE, "--format", "github", exits=1).splitlines()
    assert [line.partition("file=")[2].partition(",")[0] for line in lines] == places
    data = json.loads(wye("check", *files, *THREE, "--format", "json", exits=1))
    assert [d["path"] for d in (*data["diagnostics"], *data["notes"])] == [p.removeprefix("team/") for p in places]
    assert list(data) == ["status", "pipelines", "left_out", "diagnostics", "notes", "messages"]
    done = json.loads(wye("compile", *files, "-t", "local", "-o", "out", "--format", "json"))
    written = [path for p in done["pipelines"] for path in p["targets"]["local"]["files"]]
    assert written == sorted(f.as_posix() for f in Path("out").rglob("*") if f.is_file())


def test_json(wye: Wye) -> None:
    data = json.loads(wye("check", "flow.py", *THREE, "--format", "json", exits=1))
    assert list(data) == ["pipeline", "status", "targets", "diagnostics", "notes", "messages"]
    assert (data["pipeline"], data["status"], data["messages"]) == ("flow", "failed", [])
    assert {name: t["status"] for name, t in data["targets"].items()} == {
        "airflow": "rejected",
        "kubeflow": "compiled",
        "local": "compiled",
    }
    assert {d["path"] for d in data["diagnostics"] + data["notes"]} == {"flow.py"}
    done = json.loads(wye("compile", "flow.py", "-t", "local", "--format", "json"))
    assert done["status"] == "compiled"
    assert done["targets"]["local"]["files"] == sorted(f.as_posix() for f in Path("build").rglob("*") if f.is_file())


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("command", ["check gone.py", "compile gone.py -t local", "compile flow.py -t local -o full"])
def test_a_failure_without_a_place(wye: Wye, command: str, format: str) -> None:
    """It ends with 1, so there is a document."""
    Path("full").mkdir()
    Path("full/flow").write_text("no folder")
    out = wye(*command.split(), "--format", format, exits=1)
    said = "full/flow" if "full" in command else "gone.py does not exist"
    match format:
        case "json":
            assert said in json.loads(out)["messages"][0]
            assert json.loads(out)["status"] == "failed"
        case "sarif":
            assert results(out) == []
            [invocation] = json.loads(out)["runs"][0]["invocations"]
            assert invocation["executionSuccessful"] is False
            assert said in invocation["toolExecutionNotifications"][0]["message"]["text"]
        case _:
            assert out.startswith("::error title=wye::")
            assert said in out
    assert wye.err.startswith("error: ")


@pytest.mark.parametrize("format", FORMATS)
def test_usage_is_no_finding(wye: Wye, format: str) -> None:
    assert wye("compile", "flow.py", "-t", "nowhere", "--format", format, exits=2) == ""
    assert "unknown target" in wye.err


def test_columns_are_code_points(wye: Wye) -> None:
    """One emoji is one column, not two, before the place that is meant."""
    Path("flow.py").write_text(SOURCE.replace("while train(n) < 3:", "while 'é🎉' != train(m):"), "utf-8")
    log = wye("check", "flow.py", "-t", "local", "--format", "sarif", exits=1)
    assert json.loads(log)["runs"][0]["columnKind"] == "unicodeCodePoints"
    [result] = results(log)
    line = Path("flow.py").read_text("utf-8").splitlines()[10]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "m"


@pytest.mark.parametrize("format", FORMATS)
def test_a_source_cannot_speak_for_us(wye: Wye, format: str) -> None:
    Path("flow.py").write_text(HOSTILE, "utf-8")
    out = wye("check", "flow.py", "-t", "local", "--format", format, exits=1)
    if format == "sarif":
        assert results(out)
    elif format == "json":
        assert json.loads(out)["diagnostics"]
    else:
        assert all(line.startswith("::error ") for line in out.splitlines())


def test_where_the_checkout_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert checkout(inner / "flow.py", {}) == inner
    assert checkout(inner / "flow.py", {"GITHUB_WORKSPACE": str(tmp_path)}) == tmp_path
    assert checkout(inner / "flow.py", {"GITHUB_WORKSPACE": "/nowhere"}) == inner
    (tmp_path / "a" / ".git").write_text("gitdir: elsewhere")
    assert checkout(inner / "flow.py", {"GITHUB_WORKSPACE": str(tmp_path)}) == tmp_path / "a"
