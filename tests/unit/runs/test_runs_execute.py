"""`run_local` with a pipeline made by hand: parameters and environment are checked before anything starts; a run's folder tells all."""

from __future__ import annotations

import io
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
from wye.cli.progress import _View
from wye.cli.result import _counts, _tell
from wye.diagnostics import Span
from wye.ir import model as ir
from wye.ir.settings import PipelineSettings, Settings
from wye.runs import execute as run_module
from wye.runs.execute import How, run_local
from wye.runs.inputs import RunInputError, Text
from wye.runtime.outcome import Event
from wye.runtime.types import Type, format_of
from wye.sdk.settings import Retry, Secret
from wye_targets.local import Local, LocalOptions

pytestmark = pytest.mark.processes

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
        checked("echo"), {"x": "{{ ds }}"}, root=tmp_path / "runs", how=How(workers=1, on_event=lambda e: kinds.append((e.kind, e.task)))
    )
    assert (result.status, result.outputs, result.message) == ("succeeded", "{{ ds }}", None)
    assert [(t.id, t.step, t.status, t.attempts) for t in result.tasks] == [
        ("echo", "flow:echo", "succeeded", 1),
        ("outputs", None, "succeeded", 1),
    ]
    assert kinds == [("started", "echo"), ("succeeded", "echo"), ("started", "outputs"), ("succeeded", "outputs")]
    assert result.folder == tmp_path / "runs" / result.run_id
    assert sorted(p.name for p in result.folder.iterdir()) == [
        "lock", "outputs.json", "params.json", "plan.json", "programs", "run.json", "tasks",
    ]  # fmt: skip
    assert json.loads((result.folder / "params.json").read_text()) == {"x": "{{ ds }}"}
    assert json.loads((result.folder / "outputs.json").read_text()) == "{{ ds }}"
    run = json.loads((result.folder / "run.json").read_text())
    assert (run["status"], run["pipeline"], [t["status"] for t in run["tasks"]]) == ("succeeded", "flow", ["succeeded", "succeeded"])
    assert (tmp_path / "runs/.gitignore").read_text() == "*\n"
    assert not list(result.folder.rglob("*.tmp"))


def test_runs_are_apart(tmp_path: Path) -> None:
    first, second = (run_local(checked("echo"), {"x": str(i)}, root=tmp_path, how=How(workers=1)) for i in range(2))
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
    assert run_local(checked("echo", t, t), {"x": given}, root=tmp_path, how=How(workers=1)).outputs == value


def test_default(tmp_path: Path) -> None:
    assert run_local(checked("echo", "float", "float", '{"$float":"inf"}'), {}, root=tmp_path, how=How(workers=1)).outputs == "inf"


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


def test_missing_secrets_and_what_is_no_package_are_told_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKEN", raising=False)
    pipeline = checked("env", ("list", "str"), secrets=(Secret("api-token", "TOKEN"),), packages=("six==", "pytest"))
    messages = problems(tmp_path, pipeline, {"x": "a"})
    assert messages[0] == "secret `api-token` (flow.py:3:1): the environment variable TOKEN is not set"
    assert messages[1].startswith("package `six==` (flow.py:3:1) is no requirement: ")
    assert len(messages) == 2


def test_packages_that_are_not_here_and_no_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WYE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("wye.runs.environments.find_uv", lambda: None)
    pipeline = checked("echo", packages=("no-such-package>=1", "pytest==0.0.1", "pytest"))
    (message,) = problems(tmp_path, pipeline, {"x": "a"})
    assert message.startswith("packages (flow.py:3:1): here `no-such-package>=1` is not installed, `pytest==0.0.1` is not met (")
    assert "pip install uv" in message


def test_env_secrets_and_met_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "t0ken")
    pipeline = checked(
        "env", ("list", "str"), secrets=(Secret("api-token", "TOKEN"),), env=(("SET", "$HOME {{ x }}"),), packages=("pytest>=1",)
    )
    result = run_local(pipeline, {"x": "a"}, root=tmp_path, how=How(workers=1))
    assert result.outputs == ["$HOME {{ x }}", "t0ken"]
    assert not [
        p for p in result.folder.rglob("*") if p.name not in ("out.json", "outputs.json") and p.is_file() and "t0ken" in p.read_text()
    ]


def test_failure(tmp_path: Path) -> None:
    result = run_local(checked("fail", retry=Retry(1, delay=0.01)), {"x": "way"}, root=tmp_path, how=How(workers=1))
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
    result = run_local(checked("hang", timeout=0.5), {"x": str(tmp_path / "here")}, root=tmp_path, how=How(workers=1))
    assert result.tasks[0].error == {"type": [], "message": "the attempt took longer than 0.5 s", "traceback": "", "exit": 124}


def test_returned_artifacts_are_shown_as_files(tmp_path: Path) -> None:
    result = run_local(checked("file", "path"), {"x": "text"}, root=tmp_path, how=How(workers=1))
    assert Path(result.outputs).name == "out.txt"
    assert Path(result.outputs).read_text() == "text"
    result = run_local(checked("thing", "any"), {"x": "text"}, root=tmp_path, how=How(workers=1))
    assert Path(result.outputs).read_bytes()[:2] == b"\x80\x04"
    assert run_local(checked("echo", "any"), {"x": "text"}, root=tmp_path, how=How(workers=1)).outputs == "text"


# --- branches and loops ------------------------------------------------------------------------------------------------------------


def nested(*tasks: dict[str, Any]) -> dict[str, Any]:
    """A plan whose tasks stand two regions deep: in a loop, in a `try`."""
    item = {"item": "loop", "format": "json", "type": "str"}
    tasks = tuple({**t, "inputs": {"x": item}} for t in tasks)
    region: dict[str, Any] = {"op": "try", "id": "t", "span": "flow.py:5:5", "after": [], "body": {"nodes": list(tasks), "yields": []}}
    region |= {"handlers": [{"types": [], "body": {"nodes": [], "yields": []}}], "else": None, "final": {"nodes": [], "yields": []}}
    over = {"const": ["a", "b"], "format": "json", "type": ["list", "str"]}
    body = {"nodes": [region], "yields": []}
    loop = {"op": "map", "id": "loop", "span": "flow.py:4:1", "over": over, "limit": None, "body": body, "after": []}
    return {"wye": 1, "pipeline": "flow", "parameters": [], "nodes": [loop], "returns": None, "settings": {"on_failure": "stop"}}


def planned(monkeypatch: pytest.MonkeyPatch, function: str, t: Type = "str", **settings: Any) -> CheckedPipeline:
    """A checked pipeline whose plan is the one above, around a call of the step."""
    pipeline = checked(function, t, **settings)
    flat = run_module.plan_json(pipeline.pipeline)
    plan = {**nested(flat["nodes"][0]), "steps": flat["steps"]}
    monkeypatch.setattr(run_module, "plan_json", lambda p: plan)
    return pipeline


def test_a_run_with_a_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_local(planned(monkeypatch, "echo"), {}, root=tmp_path, how=How(workers=2))
    assert (result.status, result.outputs_text) == ("succeeded", None)
    assert [(t.id, t.step, t.status) for t in result.tasks] == [(f"loop[{i}].echo", "flow:echo", "succeeded") for i in range(2)]
    assert (result.folder / "tasks/loop/1/echo/out/out.json").read_text() == '"b"'
    run = json.loads((result.folder / "run.json").read_text())
    assert [t["id"] for t in run["tasks"]] == ["loop[0].echo", "loop[1].echo"]
    assert _counts(result, None) == "2 tasks done"


def test_failures_that_are_handled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_local(planned(monkeypatch, "fail"), {}, root=tmp_path, how=How(workers=2))
    assert (result.status, [t.status for t in result.tasks], [t.handled for t in result.tasks]) == ("succeeded", ["failed"] * 2, [True] * 2)
    assert _counts(result, None) == "0 tasks done, 2 failed (handled)"
    _tell(result, None, "again")
    assert "Traceback" not in capsys.readouterr().err


def test_the_log_of_a_task_in_a_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline = planned(monkeypatch, "fail")
    run_module.plan_json(pipeline.pipeline)["nodes"][0]["body"]["nodes"][0]["handlers"] = []
    result = run_local(pipeline, {}, root=tmp_path, how=How(workers=1))
    assert result.status == "failed"
    _tell(result, None, "again")
    shown = capsys.readouterr().err
    assert "task loop[0].fail failed" in shown
    assert (result.folder / "tasks/loop/0/fail/log.txt").exists()
    assert str(result.folder / "tasks/loop/0/fail/log.txt") in shown
    assert "failed: 0 tasks done, " in shown


def test_secrets_and_packages_inside_regions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wanted before anything starts; and a package that is there is not installed again for a task."""
    monkeypatch.delenv("TOKEN", raising=False)
    token = (Secret("api-token", "TOKEN"),)
    pipeline = planned(monkeypatch, "env", ("list", "str"), secrets=token, packages=("six==",), env=(("SET", "s"),))
    messages = problems(tmp_path, pipeline, {})
    assert [m.split(" ")[1] for m in messages] == ["`api-token`", "`six==`"]
    monkeypatch.undo()
    monkeypatch.setenv("TOKEN", "t")
    pipeline = planned(monkeypatch, "env", ("list", "str"), secrets=token, packages=("pytest>=1",), env=(("SET", "s"),))
    result = run_local(pipeline, {}, root=tmp_path / "runs", how=How(workers=2))
    assert [t.status for t in result.tasks] == ["succeeded"] * 2
    assert "packages" not in json.loads((result.folder / "tasks/loop/0/env/task.json").read_text())
    assert "pytest" in (result.folder / "plan.json").read_text()


def test_a_live_view_of_a_run_with_loops() -> None:
    from rich.console import Console

    view = _View(None)
    for kind, task in (("started", "loop[0].a"), ("succeeded", "loop[0].a"), ("skipped", "b"), ("started", "loop[1].a")):
        view.take(Event(kind, task, None, 1))
    console = Console(file=io.StringIO(), width=80, record=True)
    console.print(view.draw())
    text = console.export_text()
    assert "loop[1].a" in text
    assert "1 task done" in text


@pytest.mark.skipif(not os.path.exists("/proc/self/cmdline"), reason="needs /proc")
def test_interrupt(tmp_path: Path) -> None:
    here = tmp_path / "here"
    script = f"""
import sys
sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}
from test_runs_execute import How, checked, run_local
from pathlib import Path
result = run_local(checked("hang"), {{"x": {str(here)!r}}}, root=Path({str(tmp_path / "runs")!r}), how=How(workers=1))
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
