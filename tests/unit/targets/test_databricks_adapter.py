"""What a task's notebook calls, with a `dbutils` of ours and the runner as a process: what it hands on, and what it reads of others."""

from __future__ import annotations

import json
import shutil
import sys
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wye.backend.embed import runtime_files
from wye_targets.databricks import adapter, turns
from wye_targets.databricks.adapter import DEFAULT, KEY, LIMIT, REQUIRED, TaskFailed


class Exited(Exception):
    """A notebook has exited with this."""


class Workspace:
    """A job's files, and what its tasks have set. The runner is replaced: `made` is what the step leaves, or the code that it ends with."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.values = folder, dict[str, Any]()
        self.widgets = {"wye.run": "7", "wye.store": str(folder / "volume"), "wye.scheduled": "2026-03-04T05:06:00"}
        self.spec: dict[str, Any] = {"pipeline": "p", "folder": "p", "states": "task values", "parameters": [], "ids": {}}
        self.seen: dict[str, Any] = {}
        (folder / "tasks").mkdir(parents=True)
        (folder / "wye_runtime").mkdir()
        (folder / "programs").mkdir()

    def run(self, made: dict[str, str] | int, **form: Any) -> None:
        """The task `t`."""
        (self.folder / "pipeline.json").write_text(json.dumps(self.spec))
        outputs = [{"name": n, "format": "json"} for n in (made if isinstance(made, dict) else ())]
        form = {"op": "compute", "inputs": {}, "outputs": outputs, "reports": True, **form}
        (self.folder / "tasks" / "t.json").write_text(json.dumps(form))

        def start(argv: list[str], env: dict[str, str]) -> int:
            found = dict(pairwise(argv))
            self.seen = {"values": json.loads(Path(found["--values"]).read_text()), "env": env, "argv": argv}
            self.seen["task"] = json.loads(Path(found["--task"]).read_text())
            out = Path(argv[argv.index("--out") + 1])
            out.mkdir()
            if isinstance(made, int):
                (out / "error.json").write_text(json.dumps({"type": ["m:Bad"], "message": "it is bad"}))
                return made
            for name, text in made.items():
                (out / f"{name}.json").write_text(text)
            return 0

        def set_value(key: str, value: Any) -> None:
            assert len(json.dumps(value)) <= LIMIT
            self.values["t", key] = value

        def get_value(taskKey: str, key: str, default: Any) -> Any:
            if (taskKey, key) not in self.values:
                raise ValueError("no such task")
            return self.values[taskKey, key]

        def leave(text: str) -> None:
            raise Exited(text)

        values = SimpleNamespace(set=set_value, get=get_value)
        dbutils = SimpleNamespace(
            widgets=SimpleNamespace(get=self.widgets.__getitem__),
            jobs=SimpleNamespace(taskValues=values),
            secrets=SimpleNamespace(get=lambda scope, key: f"{scope}/{key}"),
            notebook=SimpleNamespace(exit=leave),
        )
        patch = pytest.MonkeyPatch()
        with patch.context() as here:
            here.setattr(adapter, "HERE", str(self.folder))
            here.setattr(adapter, "start", start)
            for name in ("", ".files", ".guards", ".types", ".values"):
                here.setitem(sys.modules, f"wye_runtime{name}", import_module(f"wye.runtime{name}"))
            here.setitem(sys.modules, "wye_databricks_turns", turns)
            adapter.run("t", dbutils)

    def left(self) -> dict[str, Any]:
        return dict(self.values["t", KEY])


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "src")


def test_outputs_are_one_task_value(workspace: Workspace) -> None:
    workspace.run({"out0": "1", "out1": '"a"'})
    assert workspace.left() == {"status": "done", "outputs": {"out0": "1", "out1": '"a"'}}


def test_nobody_asks_nothing_is_said(workspace: Workspace) -> None:
    workspace.run({"out": "1"}, reports=False)
    assert workspace.values == {}


def test_a_failure_is_said_and_fails_the_notebook(workspace: Workspace) -> None:
    with pytest.raises(TaskFailed, match="m:Bad: it is bad"):
        workspace.run(1)
    assert workspace.left() == {"status": "failed", "error": {"type": ["m:Bad"], "message": "it is bad"}}


def test_what_is_kept_from_running(workspace: Workspace) -> None:
    workspace.spec["parameters"] = [{"name": "c", "parameter": "c", "type": "bool"}]
    workspace.widgets["c"] = "false"
    workspace.run({"out": "1"}, guards=[{"if": {"param": "c"}, "is": True}])
    assert (workspace.left(), workspace.seen) == ({"status": "skipped"}, {})
    with pytest.raises(TaskFailed, match="a task before it has failed"):
        workspace.run({"out": "1"}, checks=["other"])
    assert workspace.left() == {"status": "stopped"}, "a task that left nothing has not succeeded"
    workspace.values["other", KEY] = {"status": "skipped"}
    workspace.run({"out": "1"}, checks=["other"])
    assert workspace.left()["status"] == "done"


def test_inputs(workspace: Workspace) -> None:
    place = workspace.folder / "volume" / "p" / "7" / "a" / "x"
    place.mkdir(parents=True)
    (place / "model").write_bytes(b"\x80\x04")
    workspace.values["a", KEY] = {"status": "done", "outputs": {"out": "true", "list": ["1", "2"], "file": {"file": "a/x/model"}}}
    one = {"task": "a", "output": "out", "format": "json"}
    inputs = {
        "text": one,
        "list": {"task": "a", "output": "list", "format": "json*"},
        "file": {"task": "a", "output": "file", "format": "auto"},
        "join": {"select": one, "then": {"const": [1]}, "else": {"const": 2}},
    }
    workspace.run({"out": "1"}, inputs=inputs)
    found = workspace.seen["values"]
    assert (found["text"], found["list"], found["join"]) == ({"text": "true"}, {"list": [{"text": "1"}, {"text": "2"}]}, {"text": "[1]"})
    assert found["file"]["format"] == "auto"
    assert not found["file"]["file"].startswith(str(workspace.folder)), "it is copied to local disk"
    with pytest.raises(TaskFailed, match="left no value"):
        workspace.run({"out": "1"}, inputs={"n": {"task": "b", "output": "out", "format": "json"}})


def test_what_is_too_large_for_a_task_value(workspace: Workspace) -> None:
    large = {"out0": json.dumps("x" * LIMIT), "out1": "1"}
    with pytest.raises(TaskFailed, match=f"a task value takes {LIMIT}"):
        workspace.run(large)
    assert workspace.left()["status"] == "failed"
    workspace.spec["store"] = True
    workspace.run(large)
    found = workspace.left()["outputs"]
    assert found["out1"] == "1"
    assert (workspace.folder / "volume" / "p" / "7" / found["out0"]["file"]).read_text() == large["out0"]


def test_states_on_the_volume(workspace: Workspace) -> None:
    workspace.spec |= {"states": "store", "store": True}
    workspace.run({"out": json.dumps("x" * LIMIT)})
    assert workspace.values == {}
    state = json.loads((workspace.folder / "volume" / "p" / "7" / "t" / "state.json").read_text())
    assert (state["status"], len(state["outputs"]["out"])) == ("done", LIMIT + 2)


def test_parameters(workspace: Workspace) -> None:
    workspace.spec["parameters"] = [
        {"name": "n", "parameter": "n", "type": "int"},
        {"name": "s", "parameter": "s", "type": "str"},
        {"name": "d", "parameter": "d", "type": "str", "default": "long"},
        {"name": "t", "parameter": "t", "type": "datetime", "scheduled": True},
    ]
    workspace.widgets |= {"n": "3", "s": "a b", "d": DEFAULT, "t": "2026-03-04T05:06:00"}
    workspace.run({"out": "1"}, inputs={p: {"param": p} for p in "nsdt"})
    assert [workspace.seen["values"][p]["text"] for p in "nsd"] == ["3", '"a b"', '"long"']
    assert "2026-03-04T05:06:00" in workspace.seen["values"]["t"]["text"], "Databricks' own times are in UTC"
    workspace.widgets |= {"n": "x", "s": REQUIRED, "t": "2026-01-01T00:00:00"}
    with pytest.raises(TaskFailed) as failed:
        workspace.run({"out": "1"})
    assert [line.partition(":")[0] for line in str(failed.value).split("\n")] == [
        "parameter n", "parameter s has no default and no value; give the job parameter s", "parameter t",
    ]  # fmt: skip


def test_verdicts_and_failures(workspace: Workspace) -> None:
    workspace.values["a", KEY] = {"status": "done"}
    workspace.run({}, op="verdict", of=["a"])
    with pytest.raises(TaskFailed, match="b: it left no result"):
        workspace.run({}, op="verdict", of=["a", "b"])
    workspace.values["c", KEY] = {"status": "failed", "error": {"type": ["E"], "message": "no"}}
    workspace.run({"out": "1"}, handles=["a", "b", "c"], inputs={"failure": {"failure": True}})
    told = json.loads(workspace.seen["values"]["failure"]["text"])
    assert told == {"run_id": "7", "pipeline": "p", "task_id": "c", "error_type": "E", "message": "no"}
    workspace.run({"out": "1"}, handles=["a"])
    assert workspace.left() == {"status": "skipped"}


def test_secrets_and_what_the_pipeline_returns(workspace: Workspace) -> None:
    workspace.widgets["wye.scope"] = "ml"
    secrets = [{"name": "db", "env": "A", "key": None}, {"name": "db", "env": "B", "key": "user"}]
    with pytest.raises(Exited, match=r"\[1, 2\]"):
        workspace.run({"out": "[1, 2]"}, secrets=secrets, returns=True, reports=False)
    assert (workspace.seen["env"]["A"], workspace.seen["env"]["B"]) == ("ml/db", "db/user")


def test_the_runner_is_a_process_whose_output_is_the_notebooks(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for path, text in runtime_files(guards=True):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    task = {
        "op": "compute",
        "id": "t",
        "inputs": {},
        "value": {"const": 3},
        "type": "int",
        "outputs": [{"name": "out", "type": "int", "format": "json"}],
    }
    (tmp_path / "task.json").write_text(json.dumps(task))
    (tmp_path / "values.json").write_text("{}")
    argv = [sys.executable, str(tmp_path / "wye_runtime" / "__main__.py"), "--lifeline", "--out", str(tmp_path / "out")]
    argv += ["--task", str(tmp_path / "task.json"), "--values", str(tmp_path / "values.json")]
    assert adapter.start(argv, {"PATH": ""}) == 0
    assert (tmp_path / "out" / "out.json").read_text() == "3"
    shutil.rmtree(tmp_path / "out")
    assert adapter.start([*argv[:-1], str(tmp_path / "nothing.json")], {"PATH": ""}) == 2
    assert "cannot read" in capfd.readouterr().out


def test_a_step_that_says_too_much_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(adapter, "LOG", 1000)
    assert adapter.start([sys.executable, "-c", "print('é' * 300_000); print('the end')"], {"PATH": ""}) == 0
    out = capfd.readouterr().out
    assert len(out) < 100_000
    assert out.startswith("é")
    assert out.endswith("the end\n\n")
    assert "beyond 1000 characters is left out" in out


# --- loops and branches ---------------------------------------------------------------------------------------------------------------

OVER = {"over": {"task": "a", "output": "out", "format": "json", "type": ["list", "int"]}}
LISTED = {"status": "done", "outputs": {"count": 2, "token": "new"}}
GATHER = {"op": "gather", "inputs": OVER, "loop": {"items": "i", "turns": "t"}, "outputs": [{"name": "r0", "of": {"output": "out"}}]}


def states(workspace: Workspace, *found: dict[str, Any] | None) -> None:
    """What iterations have left on the volume."""
    for index, state in enumerate(found):
        place = workspace.folder / "volume" / "p" / "7" / "t" / str(index)
        place.mkdir(parents=True)
        if state is not None:
            (place / "state.json").write_text(json.dumps({"token": "new", **state}))


@pytest.mark.parametrize(("items", "indices"), [("[4,5]", [0, 1]), ("[]", [turns.NOTHING])])
def test_the_items_of_a_loop_are_counted(items: str, indices: list[int], workspace: Workspace) -> None:
    workspace.values["a", KEY] = {"status": "done", "outputs": {"out": items}}
    workspace.run(0, op="items", inputs=OVER)
    assert workspace.values["t", turns.INDICES] == indices
    assert workspace.left()["outputs"]["count"] == len(json.loads(items))
    workspace.spec["parameters"] = [{"name": "c", "parameter": "c", "type": "bool"}]
    workspace.widgets["c"] = "false"
    workspace.run(0, op="items", inputs=OVER, guards=[{"if": {"param": "c"}, "is": True}])
    assert (workspace.values["t", turns.INDICES], workspace.left()) == ([turns.NOTHING], {"status": "skipped"})


def test_an_iteration_leaves_a_state_of_its_own_last(workspace: Workspace) -> None:
    workspace.values |= {("a", KEY): {"status": "done", "outputs": {"out": "[4,5]"}}, ("i", KEY): LISTED}
    form = {"inputs": {"n": {"item": OVER["over"], "format": "json", "type": "int"}}, "loop": {"id": "l", "items": "i"}, "id": "t"}
    workspace.widgets["wye.index"] = "1"
    workspace.run({"out": "6"}, reports=False, **form)
    assert workspace.seen["values"] == {"n": {"text": "5"}}
    state = workspace.folder / "volume" / "p" / "7" / "t" / "1" / "state.json"
    assert json.loads(state.read_text()) == {"status": "done", "outputs": {"out": "6"}, "token": "new"}
    assert ("t", KEY) not in workspace.values
    with pytest.raises(TaskFailed):
        workspace.run(3, reports=False, **form)
    assert json.loads(state.read_text())["status"] == "failed"
    workspace.widgets["wye.index"] = "2"
    with pytest.raises(TaskFailed, match="no item 2"):
        workspace.run({"out": "6"}, reports=False, **form)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (({"status": "done", "outputs": {"out": "1"}, "token": "old"}, {"status": "done", "outputs": {"out": "2"}}), r"t\[0\]: it left no"),
        ((None, {"status": "failed", "error": {"type": ["m:Bad"], "message": "bad"}}), r"t\[1\]: m:Bad: bad"),
        (({"status": "done", "outputs": {"out": "1"}},), r"t\[1\]: it left no result"),
    ],
)
def test_what_is_gathered_is_of_this_list_and_whole(found: tuple[Any, ...], message: str, workspace: Workspace) -> None:
    workspace.values["i", KEY] = LISTED
    states(workspace, *found)
    with pytest.raises(TaskFailed, match=message):
        workspace.run(0, **GATHER)
    assert workspace.left()["status"] == "failed"


def test_what_iterations_left_is_gathered_in_order(workspace: Workspace) -> None:
    workspace.values["i", KEY] = LISTED
    states(workspace, {"status": "done", "outputs": {"out": "1"}}, {"status": "done", "outputs": {"out": {"file": "t/1/x/out"}}})
    workspace.run(0, **GATHER)
    assert workspace.left() == {"status": "done", "outputs": {"r0": ["1", {"file": "t/1/x/out"}]}}
    workspace.values["i", KEY] = {"status": "skipped"}
    workspace.run(0, **GATHER)
    assert workspace.left() == {"status": "skipped"}


def test_an_arm_that_is_not_the_one_fails_and_what_is_behind_looks(workspace: Workspace) -> None:
    workspace.spec["parameters"] = [{"name": "c", "parameter": "c", "type": "bool"}]
    workspace.widgets["c"] = "false"
    with pytest.raises(TaskFailed, match="has not done what its condition says"):
        workspace.run({"out": "1"}, guards=[{"if": {"param": "c"}, "is": True}], held=1)
    arms = [{"task": "x", "if": [{"if": {"param": "c"}, "is": True}]}, {"task": "y", "if": [{"if": {"param": "c"}, "is": False}]}]
    with pytest.raises(TaskFailed, match="a task before it has failed"):
        workspace.run({"out": "1"}, arms=arms)
    workspace.values["y", KEY] = {"status": "done"}
    workspace.run({"out": "true"}, arms=arms, tested=["out"])
    assert (workspace.left()["status"], workspace.values["t", "test_out"]) == ("done", True)
