"""`run_local` with a pipeline made by hand: parameters and environment are checked before anything starts; a run's folder tells all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from wye.backend.check import CheckedPipeline, check
from wye.backend.run import RunInputError, Text, run_local, unmet
from wye.diagnostics import Span
from wye.ir import model as ir
from wye.ir.settings import PipelineSettings, Settings
from wye.runtime.types import Type, format_of
from wye.sdk.settings import Retry, Secret
from wye_targets.local import Local, LocalOptions

SPAN = Span("flow.py", 3, 1, 3, 2)
PROGRAM = """
import os, time
from pathlib import Path
from wye import step
@step
def echo(x): return x
@step
def fail(x): raise ValueError("no " + x)
@step
def file(x):
    Path("out.txt").write_text(x)
    return Path("out.txt")
@step
def thing(x): return Thing()
@step
def env(x): return [os.environ["SET"], os.environ["TOKEN"]]
@step
def hang(x):
    open(x, "w").close()
    while True: time.sleep(0.1)
class Thing: pass
"""


def make(function: str, t: Type = "str", given: Type = "str", default: str | None = None, **settings: Any) -> ir.Pipeline:
    """`def flow(x): return function(x)`."""
    step = ir.Step(
        id=f"flow:{function}", name=function, module="flow", function=function,
        parameters=(ir.StepParameter("x", "positional_or_keyword", given, True, SPAN),),
        ports=(ir.Port("out", t, format_of(t)),), result="one", type=t, settings=Settings(), program="flow", doc=None, span=SPAN,
    )  # fmt: skip
    call = ir.Call(function, step.id, (("x", ir.Param("x", given, SPAN)),), Settings(**settings), (), False, SPAN)
    output = ir.Output(function, "out", t, format_of(t), SPAN)
    last = ir.Compute("outputs", ir.Cast(output, t, SPAN), format_of(t), t, Settings(), "flow", (), SPAN)
    return ir.Pipeline(
        id="flow:flow", name="flow",
        parameters=(ir.Parameter("x", given, None if default is None else ir.Const(default, given, SPAN), SPAN),),
        body=ir.Block((call, last), (ir.Output("outputs", "out", t, format_of(t), SPAN),)),
        type=t, settings=PipelineSettings(), steps=(step,),
        programs=(ir.Program("flow", "flow", (ir.ProgramFile("flow.py", PROGRAM, "src/flow.py", ((1, 101),)),)),),
        pipelines=(), doc=None, span=SPAN,
    )  # fmt: skip


def checked(*args: Any, **settings: Any) -> CheckedPipeline:
    return check(make(*args, **settings), Local(), LocalOptions())


def test_a_run(tmp_path: Path) -> None:
    kinds = []
    result = run_local(
        checked("echo"), {"x": "{{ ds }}"}, root=tmp_path / "runs", workers=1, on_event=lambda e: kinds.append((e.kind, e.task))
    )
    assert (result.status, result.outputs, result.message) == ("succeeded", "{{ ds }}", None)
    assert [(t.id, t.step, t.status, t.attempts) for t in result.tasks] == [
        ("echo", "flow:echo", "succeeded", 1),
        ("outputs", None, "succeeded", 1),
    ]
    assert kinds == [("started", "echo"), ("succeeded", "echo"), ("started", "outputs"), ("succeeded", "outputs")]
    assert result.folder == tmp_path / "runs" / result.run_id
    assert sorted(p.name for p in result.folder.iterdir()) == ["outputs.json", "params.json", "plan.json", "programs", "run.json", "tasks"]
    assert json.loads((result.folder / "params.json").read_text()) == {"x": "{{ ds }}"}
    assert json.loads((result.folder / "outputs.json").read_text()) == "{{ ds }}"
    run = json.loads((result.folder / "run.json").read_text())
    assert (run["status"], run["pipeline"], [t["status"] for t in run["tasks"]]) == ("succeeded", "flow", ["succeeded", "succeeded"])
    assert (tmp_path / "runs/.gitignore").read_text() == "*\n"
    assert not list(result.folder.rglob("*.tmp"))


def test_runs_are_apart(tmp_path: Path) -> None:
    first, second = (run_local(checked("echo"), {"x": str(i)}, root=tmp_path, workers=1) for i in range(2))
    assert first.folder != second.folder
    assert (first.outputs, second.outputs) == ("0", "1")


@pytest.mark.parametrize(("t", "given", "value"), [
    ("int", Text("3"), 3),
    ("float", Text("3"), 3.0),
    ("float", 3, 3.0),
    ("str", Text('"3"'), "3"),
    ("str", '"3"', '"3"'),
    ("str", Text("{{ a }}"), "{{ a }}"),
    (("list", "int"), Text("[1, 2]"), [1, 2]),
    ("any", Text("a b"), "a b"),
])  # fmt: skip
def test_parameters(tmp_path: Path, t: Type, given: Any, value: Any) -> None:
    assert run_local(checked("echo", t, t), {"x": given}, root=tmp_path, workers=1).outputs == value


def test_default(tmp_path: Path) -> None:
    assert run_local(checked("echo", "float", "float", '{"$float":"inf"}'), {}, root=tmp_path, workers=1).outputs == "inf"


def problems(tmp_path: Path, pipeline: CheckedPipeline, params: dict[str, Any]) -> list[str]:
    with pytest.raises(RunInputError) as caught:
        run_local(pipeline, params, root=tmp_path / "runs")
    assert not (tmp_path / "runs").exists(), "something has started"
    return caught.value.messages


def test_wrong_parameters(tmp_path: Path) -> None:
    messages = problems(tmp_path, checked("echo"), {"y": 1})
    assert messages == [
        "unknown parameter `y`; the parameters are: x",
        "parameter `x` has no default and no value; give one: -p x=…",
    ]
    assert problems(tmp_path, checked("echo", "int", "int"), {"x": Text("many")})[0].startswith("parameter `x`: ")
    assert problems(tmp_path, checked("echo", "int", "int"), {"x": "3"})[0].startswith("parameter `x`: ")


def test_missing_secrets_and_packages_are_told_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKEN", raising=False)
    pipeline = checked(
        "env", ("list", "str"), secrets=(Secret("api-token", "TOKEN"),), packages=("no-such-package>=1", "pytest==0.0.1", "pytest")
    )
    messages = problems(tmp_path, pipeline, {"x": "a"})
    assert messages[0] == "secret `api-token` (flow.py:3:1): the environment variable TOKEN is not set"
    assert messages[1].startswith("package `no-such-package>=1` (flow.py:3:1) is not installed in this environment")
    assert messages[2].startswith("package `pytest==0.0.1` (flow.py:3:1) is not met (")
    assert len(messages) == 3


def test_env_secrets_and_met_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "t0ken")
    pipeline = checked(
        "env", ("list", "str"), secrets=(Secret("api-token", "TOKEN"),), env=(("SET", "$HOME {{ x }}"),), packages=("pytest>=1",)
    )
    result = run_local(pipeline, {"x": "a"}, root=tmp_path, workers=1)
    assert result.outputs == ["$HOME {{ x }}", "t0ken"]
    assert not [
        p for p in result.folder.rglob("*") if p.name not in ("out.json", "outputs.json") and p.is_file() and "t0ken" in p.read_text()
    ]


@pytest.mark.parametrize(("requirement", "met"), [
    ("pytest", True), ("pytest[x] >= 1, <1000", True), ("pytest!=1.0", True), ("pytest<1", False), ("pytest~=1.0", False),
    ("pytest==1.*", False),
    ("no-such-package", False), ("pytest; python_version > '3'", False), ("pytest @ file:///x", False),
])  # fmt: skip
def test_requirements(requirement: str, met: bool) -> None:
    assert (unmet(requirement) is None) is met


def test_failure(tmp_path: Path) -> None:
    result = run_local(checked("fail", retry=Retry(1, delay=0.01)), {"x": "way"}, root=tmp_path, workers=1)
    assert (result.status, result.outputs, result.outputs_text) == ("failed", None, None)
    task = result.tasks[0]
    assert (task.status, task.attempts) == ("failed", 2)
    assert task.error is not None
    assert task.error["message"] == "no way"
    assert 'File "src/flow.py", line 108, in fail' in task.error["traceback"]
    assert result.tasks[1].status == "skipped"
    assert json.loads((result.folder / "run.json").read_text())["status"] == "failed"
    assert not (result.folder / "outputs.json").exists()


def test_timeout(tmp_path: Path) -> None:
    result = run_local(checked("hang", timeout=0.5), {"x": str(tmp_path / "here")}, root=tmp_path, workers=1)
    assert result.tasks[0].error == {"type": [], "message": "the attempt took longer than 0.5 s", "traceback": "", "exit": 124}


def test_returned_artifacts_are_shown_as_files(tmp_path: Path) -> None:
    result = run_local(checked("file", "path"), {"x": "text"}, root=tmp_path, workers=1)
    assert Path(result.outputs).name == "out.txt"
    assert Path(result.outputs).read_text() == "text"
    result = run_local(checked("thing", "any"), {"x": "text"}, root=tmp_path, workers=1)
    assert Path(result.outputs).read_bytes()[:2] == b"\x80\x04"
    assert run_local(checked("echo", "any"), {"x": "text"}, root=tmp_path, workers=1).outputs == "text"


@pytest.mark.skipif(not os.path.exists("/proc/self/cmdline"), reason="needs /proc")
def test_interrupt(tmp_path: Path) -> None:
    here = tmp_path / "here"
    script = f"""
import sys
sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}
from test_run_local import checked, run_local
from pathlib import Path
result = run_local(checked("hang"), {{"x": {str(here)!r}}}, root=Path({str(tmp_path / "runs")!r}), workers=1)
print(result.status, [t.status for t in result.tasks])
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not here.exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (out, err) == ("cancelled ['cancelled', 'skipped']\n", "")
    (folder,) = (p for p in (tmp_path / "runs").iterdir() if p.is_dir())
    assert json.loads((folder / "run.json").read_text())["status"] == "cancelled"
    left = [p for p in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path).encode() in _bytes(p)]
    assert left == []


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
