"""The plan interpreter with real processes: plans written by hand in; what ran, in which order, and what is left behind, out."""

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

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[3] / "compiler"
DRIVER = """
import json, sys
sys.path.insert(0, sys.argv[1])
import types
package = sys.modules["wye_runtime"] = types.ModuleType("wye_runtime")
package.__path__ = [sys.argv[1] + "/wye/runtime"]
from wye_runtime import launch, plan
folder, workers = sys.argv[2], int(sys.argv[3])
events = []
def note(e):
    events.append([e.kind, e.task, e.attempt])
    print(e.kind, e.task, file=sys.stderr, flush=True)
with open(folder + "/plan.json") as file: given = json.load(file)
with open(folder + "/values.json") as file: values = json.load(file)
r = plan.run_plan(given, values, folder, launch.ProcessLauncher(folder + "/programs", workers), workers, note)
tasks = {t.id: [t.status, t.attempts, (t.error or {}).get("message")] for t in r.tasks}
print(json.dumps({"status": r.status, "tasks": tasks, "events": events, "returned": r.returned, "message": r.message}))
"""
"""The interpreter in a process of its own, as `wye run` is: the package is loaded by folder, on every Python of the runtime."""


class Plan:
    """Tasks of one module `flow`; a task's arguments are constants, or `{"task": …}` for another one's output."""

    def __init__(self, folder: Path, program: str, **settings: Any) -> None:
        self.folder = folder
        self.nodes: list[dict[str, Any]] = []
        self.steps: dict[str, Any] = {}
        self.settings = {"on_failure": "stop", **settings}
        self.values: dict[str, Any] = {}
        (folder / "programs/p").mkdir(parents=True)
        (folder / "programs/p/flow.py").write_text(program)

    def add(self, id: str, function: str, after: tuple[str, ...] = (), retry: tuple[float, ...] = (), **args: Any) -> None:
        names = list(args)
        self.steps[f"flow:{function}"] = {
            "function": f"flow:{function}",
            "entry": "flow",
            "program": "p",
            "parameters": {n: {"kind": "positional_or_keyword", "type": "any", "required": True} for n in names},
            "outputs": [{"name": "out", "type": "any", "format": "json"}],
            "result": "one",
        }
        inputs, forms = {}, {}
        for name, value in args.items():
            if isinstance(value, dict):
                inputs[name] = {"format": "json", "type": "any", **value, **({"output": "out"} if "task" in value else {})}
            forms[name] = {"input": name} if isinstance(value, dict) else {"const": value}
        node = {
            "op": "call",
            "id": id,
            "step": f"flow:{function}",
            "span": "flow.py:1:1",
            "inputs": inputs,
            "args": forms,
            "after": list(after),
        }
        self.nodes.append({**node, **({"retry": {"delays": list(retry)}} if retry else {})})

    def returns(self, task: str) -> None:
        source = {"task": task, "output": "out", "format": "json", "type": "any"}
        node = {"op": "compute", "id": "outputs", "span": "flow.py:9:1", "inputs": {"x": source}, "value": {"input": "x"}, "type": "any"}
        self.nodes.append({**node, "outputs": [{"name": "out", "type": "any", "format": "json"}], "program": None, "after": []})

    def start(self, workers: int = 2) -> subprocess.Popen[str]:
        last = self.nodes[-1]["id"]
        plan = {"wye": 1, "pipeline": "flow", "parameters": [], "steps": self.steps, "nodes": self.nodes, "settings": self.settings}
        (self.folder / "plan.json").write_text(json.dumps({**plan, "returns": last if last == "outputs" else None}))
        (self.folder / "values.json").write_text(json.dumps(self.values))
        argv = [sys.executable, "-c", DRIVER, str(ROOT), str(self.folder), str(workers)]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, workers: int = 2) -> Any:
        process = self.start(workers)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert "Traceback" not in err
        return json.loads(out)


def statuses(result: Any) -> dict[str, str]:
    return {name: task[0] for name, task in result["tasks"].items()}


PROGRAM = """
import os, time
def one(): return [1]
def add(a, b): return a + b
def fail(): raise ValueError("no")
def mark(file, text="x"):
    with open(file, "a") as f: f.write(text)
def late(file, count):
    with open(file, "a") as f: f.write("x")
    n = len(open(file).read())
    assert n >= count, "attempt %d" % n
    return n
def wait(file):
    open(file + ".here", "w").close()
    while not os.path.exists(file): time.sleep(0.01)
def meet(mine, other):
    open(mine, "w").close()
    end = time.monotonic() + 60
    while not os.path.exists(other):
        assert time.monotonic() < end, "alone"
        time.sleep(0.01)
def most(folder):
    me = os.path.join(folder, str(os.getpid()))
    open(me, "w").close()
    time.sleep(0.1)
    n = len(os.listdir(folder))
    os.remove(me)
    return n
"""


def test_data_flow(tmp_path: Path) -> None:
    plan = Plan(tmp_path, PROGRAM)
    plan.values = {"p": {"text": "[7]"}}
    plan.add("one", "one")
    plan.add("two", "add", a={"task": "one"}, b={"param": "p"})
    plan.add("three", "add", a={"task": "two"}, b={"task": "one"})
    plan.returns("three")
    result = plan.run()
    assert result["status"] == "succeeded"
    file, format = result["returned"]
    assert (Path(file).read_text(), format) == ("[1,7,1]", "json")
    assert [e for e in result["events"] if e[1] == "three"] == [["started", "three", 1], ["succeeded", "three", 1]]
    for name in ("one", "two", "three"):
        assert sorted(p.name for p in (tmp_path / "tasks" / name).iterdir()) == ["log.txt", "out", "task.json", "values.json"]


def test_after_and_program_order(tmp_path: Path) -> None:
    plan = Plan(tmp_path, PROGRAM)
    file = str(tmp_path / "file")
    for i in range(4):
        plan.add(f"t{i}", "mark", after=(f"t{i - 1}",) if i else (), file=file, text=str(i))
    assert plan.run(workers=4)["status"] == "succeeded"
    assert Path(file).read_text() == "0123"


def test_independent_tasks_run_at_the_same_time(tmp_path: Path) -> None:
    plan = Plan(tmp_path, PROGRAM)
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    plan.add("t0", "meet", mine=a, other=b)
    plan.add("t1", "meet", mine=b, other=a)
    assert plan.run(workers=2)["status"] == "succeeded"


@pytest.mark.parametrize(("workers", "settings"), [(1, {}), (4, {"max_parallel": 1})])
def test_limits_of_parallel_tasks(tmp_path: Path, workers: int, settings: dict[str, Any]) -> None:
    plan = Plan(tmp_path, PROGRAM, **settings)
    (tmp_path / "here").mkdir()
    for i in range(3):
        plan.add(f"t{i}", "most", folder=str(tmp_path / "here"))
    assert plan.run(workers)["status"] == "succeeded"
    assert [(tmp_path / f"tasks/t{i}/out/out.json").read_text() for i in range(3)] == ["1", "1", "1"]


def failing(tmp_path: Path, on_failure: str) -> Any:
    plan = Plan(tmp_path, PROGRAM, on_failure=on_failure)
    plan.add("bad", "fail")
    plan.add("needs_bad", "add", a={"task": "bad"}, b=1)
    plan.add("after_that", "one", after=("needs_bad",))
    plan.add("free", "one")
    plan.add("next", "add", a={"task": "free"}, b=[2])
    plan.returns("after_that")
    return plan.run(workers=1)


def test_failure_stops_the_run(tmp_path: Path) -> None:
    result = failing(tmp_path, "stop")
    assert result["status"] == "failed"
    assert set(statuses(result).values()) == {"failed", "skipped"}
    assert result["tasks"]["bad"] == ["failed", 1, "no"]
    record = json.loads((tmp_path / "tasks/bad/error.json").read_text())
    assert record["type"][0] == "ValueError"
    assert "line 5, in fail" in record["traceback"]
    assert record["traceback"] == (tmp_path / "tasks/bad/log.txt").read_text()
    assert not (tmp_path / "tasks/free").exists()


def test_failure_lets_independent_tasks_run(tmp_path: Path) -> None:
    result = failing(tmp_path, "continue")
    assert result["status"] == "failed"
    done = {
        "bad": "failed",
        "needs_bad": "skipped",
        "after_that": "skipped",
        "free": "succeeded",
        "next": "succeeded",
        "outputs": "skipped",
    }
    assert statuses(result) == done
    assert result["returned"] is None


def test_running_tasks_end_when_another_fails(tmp_path: Path) -> None:
    plan = Plan(
        tmp_path,
        PROGRAM
        + "def fail_when(file):\n    wait(file)\n    raise ValueError\ndef go(file, own):\n    open(file, 'w').close()\n    wait(own)\n",
    )
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    plan.add("slow", "go", file=a, own=b)
    plan.add("bad", "fail_when", file=a)
    process = plan.start(workers=2)
    assert process.stderr is not None
    for line in process.stderr:
        if line == "failed bad\n":
            break
    Path(b).touch()
    out, _ = process.communicate(timeout=60)
    assert statuses(json.loads(out)) == {"slow": "succeeded", "bad": "failed"}


def test_retries(tmp_path: Path) -> None:
    plan = Plan(tmp_path, PROGRAM)
    plan.add("late", "late", retry=(0.01, 0.01, 0.01), file=str(tmp_path / "n"), count=3)
    plan.add("next", "add", a={"task": "late"}, b=1)
    result = plan.run()
    assert result["tasks"]["late"] == ["succeeded", 3, None]
    assert [e[0] for e in result["events"] if e[1] == "late"] == ["started", "retrying", "started", "retrying", "started", "succeeded"]
    assert "--- attempt 3" in (tmp_path / "tasks/late/log.txt").read_text()
    assert not (tmp_path / "tasks/late/error.json").exists()
    assert "retry" not in json.loads((tmp_path / "tasks/late/task.json").read_text())


def test_a_waiting_retry_holds_no_worker(tmp_path: Path) -> None:
    plan = Plan(tmp_path, PROGRAM)
    plan.add("late", "late", retry=(0.2,), file=str(tmp_path / "n"), count=2)
    plan.add("other", "one")
    order = [e[:2] for e in plan.run(workers=1)["events"]]
    assert order.index(["succeeded", "other"]) < order.index(["succeeded", "late"])


def test_retries_come_to_an_end(tmp_path: Path) -> None:
    plan = Plan(tmp_path, PROGRAM)
    plan.add("late", "late", retry=(0.01,), file=str(tmp_path / "n"), count=3)
    assert plan.run()["tasks"] == {"late": ["failed", 2, "attempt 2"]}


def test_timeout_of_the_run(tmp_path: Path) -> None:
    plan = Plan(tmp_path, PROGRAM, timeout=1.0)
    plan.add("t0", "wait", file=str(tmp_path / "never"))
    plan.add("t1", "one", after=("t0",))
    result = plan.run()
    assert (result["status"], result["message"]) == ("failed", "the run took longer than 1 s")
    assert statuses(result) == {"t0": "cancelled", "t1": "skipped"}


def descendants(marker: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and marker.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not os.path.exists("/proc/self/cmdline"), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_leaves_no_process(tmp_path: Path, number: int) -> None:
    program = (
        PROGRAM
        + """
import subprocess, sys
def family(file):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)", file])
    wait(file)
"""
    )
    plan = Plan(tmp_path, program)
    for i in range(3):
        plan.add(f"t{i}", "family", retry=(0.01,), file=str(tmp_path / f"never{i}"))
    process = plan.start(workers=2)
    while not all((tmp_path / f"never{i}.here").exists() for i in range(2)):
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    result = json.loads(out)
    assert (result["status"], result["message"]) == ("cancelled", f"stopped by {signal.Signals(number).name}")
    assert statuses(result) == {"t0": "cancelled", "t1": "cancelled", "t2": "skipped"}
    assert "Traceback" not in err
    for _ in range(100):
        if not descendants(str(tmp_path)):
            break
        time.sleep(0.02)
    assert descendants(str(tmp_path)) == []
    assert not list(tmp_path.glob("tasks/*/work"))


def looped(plan: Plan, over: list[Any], **region: Any) -> None:
    """The plan's nodes so far become the body of a loop; their arguments may be `{"item": "loop"}`."""
    body = {"nodes": plan.nodes, "yields": []}
    source = {"const": over, "format": "json", "type": "any"}
    node = {"op": "map", "id": "loop", "span": "flow.py:1:1", "over": source, "limit": None, "body": body, "after": [], **region}
    plan.nodes = [node]


def test_a_loop_of_processes(tmp_path: Path) -> None:
    """Iterations run at the same time, each with a folder, a log and an error of its own."""
    plan = Plan(tmp_path, PROGRAM + "def check(x):\n    print('checking', x)\n    assert x != 'bad', 'not ' + x\n", on_failure="continue")
    files = [str(tmp_path / n) for n in "ab"]
    plan.add("meets", "meet", mine={"item": "loop"}, other=files[1])
    plan.add("checked", "check", after=("meets",), x={"item": "loop"})
    looped(plan, [*files, "bad"])  # the last makes a file of that name in its own empty folder
    result = plan.run(workers=3)
    assert result["status"] == "failed"
    names = [f"loop[{i}].{n}" for i in range(3) for n in ("meets", "checked")]
    assert statuses(result) == dict.fromkeys(names[:-1], "succeeded") | {names[-1]: "failed"}
    assert result["tasks"][names[-1]] == ["failed", 1, "not bad"]
    assert (tmp_path / "tasks/loop/0/checked/log.txt").read_text() == f"checking {files[0]}\n"
    assert json.loads((tmp_path / "tasks/loop/2/checked/error.json").read_text())["message"] == "not bad"
    assert [p.name for p in (tmp_path / "tasks").iterdir()] == ["loop"]


@pytest.mark.skipif(not os.path.exists("/proc/self/cmdline"), reason="needs /proc")
def test_interrupt_inside_a_loop_leaves_no_process(tmp_path: Path) -> None:
    plan = Plan(tmp_path, PROGRAM)
    never = [str(tmp_path / f"never{i}") for i in range(3)]
    plan.add("waits", "wait", file={"item": "loop"})
    plan.add("after", "one", after=("waits",))
    looped(plan, never)
    process = plan.start(workers=2)
    while not all(os.path.exists(file + ".here") for file in never[:2]):
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    result = json.loads(out)
    assert (result["status"], result["message"]) == ("cancelled", "stopped by SIGTERM")
    assert statuses(result) == {"loop[0].waits": "cancelled", "loop[1].waits": "cancelled"}
    assert "Traceback" not in err
    for _ in range(100):
        if not descendants(str(tmp_path)):
            break
        time.sleep(0.02)
    assert descendants(str(tmp_path)) == []


def test_long_chain(tmp_path: Path) -> None:
    """Two thousand tasks, none of which can start: the interpreter itself is linear and does not recurse."""
    plan = Plan(tmp_path, PROGRAM)
    plan.add("t0", "fail")
    for i in range(1, 2000):
        plan.add(f"t{i}", "add", a={"task": f"t{i - 1}"}, b={"task": "t0"})
    result = plan.run()
    assert list(statuses(result).values()).count("skipped") == 1999
