"""The command line as users' scripts meet it: exit codes, what is printed where, what is written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from wye import cli, driver
from wye.backend import registry
from wye.cli.app import COMMANDS

SOURCE = """\
from wye import Resources, Schedule, pipeline, step


@step(resources=Resources(cpu=2))
def double(n: int) -> int:
    if n < 0:
        raise ValueError("negative")
    return 2 * n


@pipeline(schedule=Schedule(cron="0 6 * * *"))
def flow(n: int = 3, label: str = "x") -> dict[str, int]:
    return {label: double(n)}
"""
GPU = SOURCE.replace("cpu=2", "gpu=1")


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Wye = Callable[..., Done]


@pytest.fixture
def wye(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Wye:
    """Runs one command in an empty folder that holds `flow.py`."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "WYE_DEBUG", "WYE_STACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WYE_CACHE", "off")
    Path("flow.py").write_text(SOURCE)

    def run(*arguments: str) -> Done:
        capfd.readouterr()
        code = cli.run(arguments)
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err or "ValueError: negative" in err
        return Done(code, out, err)

    return run


def written(folder: str = "build") -> dict[str, bytes]:
    return {p.as_posix(): p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file()}


# --- usage ------------------------------------------------------------------------------------------------------------------------


def test_overview(wye: Wye) -> None:
    assert wye().code == 2
    done = wye("--help")
    assert done.code == 0
    assert all(f"  {name} " in done.out for name in COMMANDS)
    assert re.fullmatch(r"wye \d+\.\d+\.\d+\n", wye("--version").out)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(wye: Wye, command: str) -> None:
    done = wye(command, "--help")
    assert done.code == 0
    assert f"example:\n  wye {command}" in done.out
    assert max(map(len, done.out.split("\n"))) <= 80


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compil"], "error: there is no command `compil`\nhelp: did you mean `compile`?"),
        (["--foo"], "error: there is no option `--foo`"),
        (["compile"], "required: FILE[:PIPELINE]\nhelp: wye compile --help"),
        (["compile", "flow.py"], "error: no target given\nhelp: -t TARGET, --all or --stack NAME; the targets are: "),
        (["compile", "flow.py", "-t", "locl"], "error: unknown target `locl`\nhelp: did you mean `local`?"),
        (["compile", "flow.py", "-t", "local", "--formt", "x"], "does not take `--formt`\nhelp: did you mean `--format`?"),
        (["compile", "flow.py", "-t", "local", "--format", "xml"], "invalid choice: 'xml'"),
        (["run", "flow.py", "more.py", "-t", "local"], "does not take `more.py`"),
        (["compile", "flow.py", "--stack", "prod"], "no stack `prod`: no wye.toml here or above"),
        (["run", "flow.py", "--workers", "0"], "not a number of workers: 0"),
        (["run", "flow.py", "-p", "n"], "not a parameter: 'n'\nhelp: write -p NAME=TEXT"),
        (["run", "flow.py", "-p", "n=1", "-p", "n=2"], "`n` is given twice"),
        (["explain", "WYE0"], "there is no diagnostic WYE0"),
    ],
)
def test_usage(wye: Wye, arguments: list[str], said: str) -> None:
    done = wye(*arguments)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""


# --- what is wrong with the input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["compile", "-t", "local"], ["check"], ["run"], ["dump"], ["graph"]])
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.py", None, "gone.py does not exist"),
        ("gone.py:flow", None, "gone.py does not exist"),
        ("folder", "", "folder is a folder"),
        ("notes.txt", "x", "notes.txt is not a Python file"),
        ("latin.py", b"s = '\xe9'\n", "latin.py:1:1: error[WYE1001]"),
        ("broken.py", "def f(:\n", "broken.py:1:"),
        ("empty.py", "", "empty.py:1:1: error[WYE1035]"),
        ("flow.py:flwo", None, "flow.py:1:1: error[WYE1036]"),
    ],
)
def test_input(wye: Wye, command: list[str], name: str, content: Any, said: str) -> None:
    match content:
        case "" if name == "folder":
            Path(name).mkdir()
        case str():
            Path(name).write_text(content)
        case bytes():
            Path(name).write_bytes(content)
    done = wye(command[0], name, *command[1:])
    assert done.code == 1
    assert said in done.err
    assert not Path("build").exists()


def test_all_diagnostics_in_source_order(wye: Wye) -> None:
    Path("flow.py").write_text(SOURCE.replace("cpu=2", "cpu=-2").replace("double(n)", "duble(n) + tripel(n)"))
    done = wye("check", "flow.py")
    assert done.code == 1
    assert re.findall(r"(?m)^flow\.py:(\d+):\d+: error\[(WYE\d+)\]", done.err) == [("4", "WYE2014"), ("13", "WYE1003"), ("13", "WYE1003")]
    assert done.err.endswith("\n3 errors\n")
    assert done.out == ""


def test_paths_are_shown_from_here(wye: Wye) -> None:
    Path("sub").mkdir()
    Path("sub/broken.py").write_text("(\n")
    assert "sub/broken.py:" in wye("check", "sub/broken.py").err
    os.chdir("sub")
    assert wye("check", "broken.py").err.startswith("broken.py:")


def test_a_path_may_hold_colons(wye: Wye) -> None:
    Path("a:b").mkdir()
    Path("a:b/flow.py").write_text(SOURCE)
    assert wye("dump", "a:b/flow.py").code == 0
    assert wye("dump", "a:b/flow.py:flow").code == 0


# --- compile ------------------------------------------------------------------------------------------------------------------------


def test_compile_writes_and_reports(wye: Wye) -> None:
    done = wye("compile", "flow.py", "-t", "local", "-t", "local", "-o", "out")
    assert done.code == 0
    assert {"out/flow/local/plan.json", "out/flow/local/report.json"} <= set(written("out"))
    assert re.search(r"(?m)^  local   compiled +\d+ +\d+ +\d+ +0$", done.out)
    assert re.search(r"(?m)^  flow\.py:4 +step\.cpu +advisory +@step\(resources=Resources\(cpu=2\)\)$", done.out)
    assert re.search(r"(?m)^  step\.cpu +advisory +local +processes share the machine$", done.out)
    inside = [path.removeprefix("out/flow/local/") for path in written("out")]
    parts = f"crontab.txt, plan.json, programs/ ({sum(p.startswith('programs/') for p in inside)}), report.json"
    assert re.search(rf"(?m)^  out/flow/local/ +{len(inside)}  {re.escape(parts)}$", done.out)
    assert done.err == ""


def test_compile_is_the_same_twice(wye: Wye) -> None:
    assert wye("compile", "flow.py", "--all", "-o", "one").code == 0
    assert wye("compile", "flow.py", "--all", "-o", "two").code == 0
    one, two = written("one"), written("two")
    assert one
    assert list(one.values()) == list(two.values())
    assert {p.split("/")[2] for p in one} == set(registry.names())


def test_json(wye: Wye) -> None:
    done = wye("compile", "flow.py", "-t", "local", "--format", "json")
    assert done.json["pipeline"] == "flow"
    assert done.json["diagnostics"] == []
    local = done.json["targets"]["local"]
    assert local["status"] == "compiled"
    assert local["files"] == sorted(written())
    assert local["report"]["summary"]["advisory"] >= 1


def test_nothing_is_written_when_a_target_is_rejected(wye: Wye) -> None:
    assert wye("compile", "flow.py", "-t", "local", "-t", "airflow").code == 0
    before = written()
    Path("flow.py").write_text(GPU)
    done = wye("compile", "flow.py", "-t", "local", "-t", "airflow")
    assert done.code == 1
    assert re.search(r"(?m)^flow\.py:4:\d+: error\[WYE4001\]: airflow cannot do gpu", done.err)
    assert written() == before
    done = wye("compile", "flow.py", "-t", "local", "-t", "airflow", "--keep-going", "--format", "json")
    assert done.code == 1
    assert {name: t["status"] for name, t in done.json["targets"].items()} == {"local": "compiled", "airflow": "rejected"}
    assert [d["code"] for d in done.json["diagnostics"]] == ["WYE4001"]
    after = written()
    assert after["build/flow/local/report.json"] != before["build/flow/local/report.json"]
    assert {p: b for p, b in after.items() if "/airflow/" in p} == {p: b for p, b in before.items() if "/airflow/" in p}


def test_strict(wye: Wye) -> None:
    done = wye("compile", "flow.py", "-t", "local", "--strict")
    assert done.code == 1
    assert "error[WYE4002]" in done.err
    assert not Path("build").exists()


def test_no_schedule(wye: Wye) -> None:
    wye("compile", "flow.py", "-t", "local")
    assert "build/flow/local/crontab.txt" in written()
    wye("compile", "flow.py", "-t", "local", "--no-schedule")
    assert "build/flow/local/crontab.txt" not in written()


def test_no_schedule_compiles_what_a_schedule_keeps_back(wye: Wye) -> None:
    Path("flow.py").write_text(SOURCE.replace('cron="0 6 * * *"', 'every="90m"'))
    for command in ("compile", "check"):
        done = wye(command, "flow.py", "-t", "local")
        assert done.code == 1
        assert "--no-schedule" in done.err
        assert wye(command, "flow.py", "-t", "local", "--no-schedule").code == 0


@pytest.mark.parametrize("out", ["flow.py", "flow.py/sub", "mine"])
def test_output_that_cannot_be_written(wye: Wye, out: str) -> None:
    Path("mine/flow/local").mkdir(parents=True)
    Path("mine/flow/local/precious.txt").write_text("mine")
    done = wye("compile", "flow.py", "-t", "local", "-o", out)
    assert done.code == 1
    assert len(done.err.splitlines()) == 1
    assert Path("flow.py").read_text() == SOURCE
    assert written("mine") == {"mine/flow/local/precious.txt": b"mine"}


# --- stacks and the source's own options --------------------------------------------------------------------------------------------


def test_stack(wye: Wye) -> None:
    Path("wye.toml").write_text('[stacks.prod]\ntarget = "local"\nworkers = 2\n')
    assert wye("compile", "flow.py", "--stack", "prod").code == 0
    assert "build/flow/local/plan.json" in written()
    done = wye("compile", "flow.py", "--stack", "prd")
    assert (done.code, done.err) == (2, "error: there is no stack `prd` in wye.toml\nhelp: did you mean `prod`?\n")


def test_a_mistake_in_the_stack_is_shown_in_its_file(wye: Wye) -> None:
    Path("wye.toml").write_text('[stacks.prod]\ntarget = "local"\nworkrs = 2\n')
    done = wye("compile", "flow.py", "--stack", "prod")
    assert done.code == 1
    assert done.err.startswith("wye.toml:3:1: error[WYE5006]: the target `local` has no option `workrs`\n  |\n3 | workrs = 2\n  | ^^^^^^\n")
    assert "help: did you mean `workers`?" in done.err
    Path("broken.py").write_text("(")
    done = wye("compile", "broken.py", "--stack", "prod")  # all problems in one go
    assert re.findall(r"error\[(WYE\d+)\]", done.err) == ["WYE1002"]
    Path("wye.toml").write_text("[stacks.prod\n")
    done = wye("compile", "broken.py", "--stack", "prod")
    assert sorted(re.findall(r"error\[(WYE\d+)\]", done.err)) == ["WYE1002", "WYE5001"]
    assert wye("compile", "flow.py", "--stack", "prod").err.startswith("wye.toml:1:13: error[WYE5001]")


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ('{"local": {"workrs": 2}}', "error[WYE5006]: the target `local` has no option `workrs`"),
        ('{"local": {"workers": "two"}}', 'error[WYE5007]: local: `workers` must be an integer, not "two"'),
        ('{"locl": {"workers": 2}}', "error[WYE5005]: unknown target `locl`"),
        ('{"local": {"workers": 2}}', ""),
    ],
)
def test_options_in_the_source(wye: Wye, block: str, said: str) -> None:
    Path("flow.py").write_text(SOURCE.replace("@pipeline(", f"@pipeline(targets={block}, "))
    done = wye("check", "flow.py", "-t", "local")
    assert done.code == (1 if said else 0)
    assert said in done.err
    assert not said or done.err.startswith(("flow.py:11:20: ", "flow.py:11:30: "))


# --- check --------------------------------------------------------------------------------------------------------------------------


def test_check_writes_nothing_and_shows_all_targets(wye: Wye) -> None:
    Path("flow.py").write_text(GPU)
    done = wye("check", "flow.py")
    assert done.code == 1
    assert re.search(r"(?m)^  airflow +rejected .* 1$", done.out)
    assert re.search(r"(?m)^  local +compiled .* 0$", done.out)
    assert {p.name for p in Path().iterdir()} == {"flow.py"}


def test_check_shows_rejections_where_they_are(wye: Wye) -> None:
    Path("flow.py").write_text(GPU)
    done = wye("check", "flow.py", "-t", "airflow", "-t", "kubeflow", "-t", "local")
    assert re.search(r"(?m)^  flow\.py:4 +step\.gpu +rejected +native +advisory", done.out)
    assert re.search(r"(?m)^  step\.gpu +rejected +airflow +\S", done.out)


BRANCH = SOURCE.replace("    return {label: double(n)}", "    m = double(n)\n    if m > 3:\n        m = double(m)\n    return {label: m}")


def test_check_shows_control_flow_that_is_native(wye: Wye) -> None:
    Path("flow.py").write_text(BRANCH)
    done = wye("check", "flow.py", "-t", "local")
    assert done.code == 0, done.err
    assert re.search(r"(?m)^  flow\.py:14 +if +native +if m > 3:$", done.out)
    assert re.search(r"(?m)^  if +native +local +\S", done.out)
    rows = wye("check", "flow.py", "-t", "local", "--format", "json").json["targets"]["local"]["report"]["rows"]
    assert [(r["level"], r["span"]) for r in rows if r["feature"] == "if"] == [("native", "flow.py:14:8")]


# --- graph --------------------------------------------------------------------------------------------------------------------------


def needs_graphviz() -> None:
    """Skip where the layout library, which is an extra, does not load."""
    pytest.importorskip("pygraphviz", reason="Graphviz' libraries are not here", exc_type=ImportError)


def test_graph(wye: Wye) -> None:
    done = wye("graph", "flow.py")
    assert (done.code, done.err) == (0, "")
    assert re.search(r"(?m)^├─ double  +flow\.py:13  reads n$", done.out)
    assert wye("graph", "flow.py:flow", "--format", "text").out == done.out
    assert wye("graph", "flow.py", "--format", "mermaid").out.startswith("flowchart TD\n")


def test_graph_as_svg(wye: Wye) -> None:
    needs_graphviz()
    assert wye("graph", "flow.py", "--format", "svg").out.startswith("<svg ")


@pytest.mark.parametrize(
    ("name", "begins"), [("a.svg", "<svg "), ("a.mmd", "flowchart TD"), ("A.SVG", "<svg "), ("a.txt", "flow(n: int = 3")]
)
def test_graph_to_a_file(wye: Wye, name: str, begins: str) -> None:
    if begins == "<svg ":
        needs_graphviz()
    done = wye("graph", "flow.py", "-o", name)
    assert (done.code, done.out, done.err) == (0, "", f"{name} written\n")
    assert Path(name).read_text("utf-8").startswith(begins)


def test_graph_in_the_format_asked_for(wye: Wye) -> None:
    assert wye("graph", "flow.py", "-o", "flow.md", "--format", "mermaid").code == 0
    assert Path("flow.md").read_text().startswith("flowchart TD")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["flow.py", "-o", "flow.png"], 2, "error: `flow.png` does not say which format to write"),
        (["flow.py", "-o", "flow.py", "--format", "svg"], 2, "error: flow.py is the source itself"),
        (["flow.py", "--format", "png"], 2, "invalid choice: 'png'"),
        (["flow.py", "-o", "gone/flow.svg"], 1, "error: gone/flow.svg: no such file or directory"),
        (["gone.py"], 1, "error: gone.py does not exist"),
        (["broken.py"], 1, "broken.py:1:1: error[WYE1002]"),
    ],
)
def test_graph_that_cannot_be(wye: Wye, arguments: list[str], code: int, said: str) -> None:
    Path("broken.py").write_text("(")
    if "gone/flow.svg" in arguments:
        needs_graphviz()
    done = wye("graph", *arguments)
    assert done.code == code
    assert said in done.err
    assert done.out == ""
    assert Path("flow.py").read_text() == SOURCE


def test_graph_without_the_layout_library(wye: Wye, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    done = wye("graph", "flow.py", "-o", "flow.svg")
    assert done.code == 2
    assert "help: pip install 'wye[graph]'" in done.err
    assert not Path("flow.svg").exists()
    assert wye("graph", "flow.py").code == 0
    assert wye("graph", "flow.py", "--format", "mermaid").code == 0


def test_graph_on_a_screen_without_line_characters(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(SOURCE, "utf-8")
    done = process("-m", "wye.cli", "graph", "flow.py", cwd=tmp_path, env={"PYTHONIOENCODING": "ascii", "WYE_CACHE": "off"})
    assert done.returncode == 0
    assert "|- double" in done.stdout


# --- run ----------------------------------------------------------------------------------------------------------------------------


def test_run(wye: Wye) -> None:
    done = wye("run", "flow.py", "-p", "n=4", "-p", "label=a b")
    assert done.code == 0
    assert json.loads(done.out) == {"a b": 8}
    assert re.search(r"(?m)^✓ double  \d+\.\d s$", done.err)
    assert re.search(r"(?m)^run \S+ succeeded: \d+ of \d+ tasks done, in \.wye/runs/\S+$", done.err)


def test_run_json_and_parameters_from_a_file(wye: Wye) -> None:
    Path("params.json").write_text('{"n": 5, "label": "3"}')
    done = wye("run", "flow.py", "--params", "params.json", "-p", "label=y", "--workers", "2", "--format", "json")
    assert set(done.json) == {"run", "status", "outputs", "tasks"}
    assert (done.json["status"], done.json["outputs"]) == ("succeeded", {"y": 10})
    assert all(set(t) == {"id", "step", "status", "seconds"} for t in done.json["tasks"])
    assert done.json["tasks"][0]["step"] == "flow:double"


def test_a_failing_run(wye: Wye) -> None:
    done = wye("run", "flow.py", "-p", "n=-1", "--format", "json")
    assert done.code == 1
    assert done.json["status"] == "failed"
    assert done.json["outputs"] is None
    assert done.json["tasks"][0]["status"] == "failed"
    assert re.search(r"(?m)^✗ double  \d+\.\d s  ValueError: negative$", done.err)
    assert 'flow.py", line 7, in double' in done.err


@pytest.mark.parametrize(
    ("arguments", "content", "said"),
    [
        (["-p", "m=1"], "", "error: unknown parameter `m`"),
        (["-p", "n=x"], "", "error: parameter `n`: "),
        (["--params", "p.json"], None, "error: p.json: no such file or directory"),
        (["--params", "p.json"], "{", "error: p.json:1:2: not JSON: "),
        (["--params", "p.json"], "[1]", "error: p.json: the parameters must be one JSON object"),
        (["--params", "p.json"], '{"n": "x"}', "error: parameter `n`: "),
    ],
)
def test_wrong_parameters(wye: Wye, arguments: list[str], content: str | None, said: str) -> None:
    if content is not None:
        Path("p.json").write_text(content)
    done = wye("run", "flow.py", *arguments)
    assert done.code == 1
    assert done.err.startswith(said)
    assert not Path(".wye").exists()


# --- dump, targets, explain ---------------------------------------------------------------------------------------------------------


def test_dump(wye: Wye) -> None:
    assert wye("dump", "flow.py").out.startswith("pipeline flow:flow")
    assert wye("dump", "flow.py", "--json").json["pipeline"] == "flow"


def test_targets(wye: Wye) -> None:
    table = wye("targets").out
    assert all(name in table.split("\n")[0] for name in registry.names())
    matrix = wye("targets", "--format", "json").json
    assert set(matrix) == set(registry.names())
    assert matrix["local"]["features"]["call"]["level"] == "native"
    rows = wye("targets", "--format", "markdown").out.splitlines()
    assert len({row.replace("\\|", "").count("|") for row in rows}) == 1


def test_how_a_target_does_what(wye: Wye) -> None:
    shown = wye("targets", "local", "docker").out
    assert "processes share the machine" in shown
    assert shown.index("local") < shown.index("docker")
    rows = [r for r in wye("targets", "local", "--format", "markdown").out.splitlines() if r.startswith("|")]
    assert len({row.replace("\\|", "").count("|") for row in rows}) == 1
    assert set(wye("targets", "local", "--format", "json").json) == {"local"}
    assert wye("targets", "lokal").code == 2


def test_explain(wye: Wye) -> None:
    assert wye("explain", "WYE1012").out.startswith("# WYE1012: ")
    assert wye("explain", "1012").out == wye("explain", "wye1012").out
    assert "WYE1012" in wye("explain").out


# --- when all goes wrong ------------------------------------------------------------------------------------------------------------


def fails(error: BaseException) -> Callable[..., Any]:
    def call(*_: Any, **__: Any) -> Any:
        raise error

    return call


def test_a_bug_of_ours(wye: Wye, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(driver, "compile_source", fails(KeyError("lost")))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    done = wye("check", "flow.py")
    assert done.code == 70
    first, second = done.err.splitlines()
    assert first == "error: this is a bug in wye: KeyError: 'lost'"
    found = re.search(r"the traceback: it is in (\S+)$", second)
    assert found
    assert "Traceback" in Path(found[1]).read_text()


def test_a_bug_of_ours_shown(wye: Wye, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(driver, "compile_source", fails(RecursionError("deep")))
    monkeypatch.setenv("WYE_DEBUG", "1")
    assert cli.run(["check", "flow.py"]) == 70
    assert capfd.readouterr().err.startswith("Traceback")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (OSError(28, "No space left on device", "build"), 1, "error: build: no space left on device\n"),
        (PermissionError(13, "Permission denied", "flow.py"), 1, "error: flow.py: permission denied\n"),
    ],
)
def test_other_ends(wye: Wye, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str) -> None:
    monkeypatch.setattr(driver, "compile_source", fails(error))
    done = wye("check", "flow.py")
    assert (done.code, done.err) == (code, said)


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(p for p in sys.path if p)
    environ = {**os.environ, "PYTHONPATH": path, **options.pop("env", {})}
    return subprocess.run([sys.executable, *arguments], env=environ, capture_output=True, text=True, encoding="utf-8", **options)


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "wye.cli", "explain"], stdout=write, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)})  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_narrow_locale(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text("é = 日本\n(", "utf-8")
    done = process("-m", "wye.cli", "check", "flow.py", cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1
    assert "error[WYE1002]" in done.stderr


def test_a_compile_imports_no_more_than_it_needs(tmp_path: Path) -> None:
    """No tables for terminals in a pipe; no parser for a source that has not changed."""
    (tmp_path / "flow.py").write_text(SOURCE)
    code = "import sys; from wye.cli import run; run(['compile', 'flow.py', '-t', 'local'])\n"
    code += "print(*sorted({'rich', 'libcst'} & set(sys.modules)))"
    first, second = (process("-c", code, cwd=tmp_path, env={"WYE_CACHE": str(tmp_path / "cache")}).stdout for _ in range(2))
    assert first.split("\n")[-2] == "libcst"
    assert second.split("\n")[-2] == ""
    assert first.split("\n")[:-2] == second.split("\n")[:-2]


def test_the_source_root_is_the_front_ends(tmp_path: Path) -> None:
    from wye.frontend.project import Project
    from wye.sources import source_root

    for path in ("flow.py", "a/flow.py", "a/b/flow.py"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(SOURCE)
        if path != "a/flow.py":
            (tmp_path / path).with_name("__init__.py").touch()
        assert source_root(tmp_path / path) == Project(tmp_path / path).root
