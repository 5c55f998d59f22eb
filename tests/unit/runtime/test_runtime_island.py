"""Islands: a task that holds a region, and the values of its inputs, in; its outputs, error record, log and processes out."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from plan_forms import Here, block, carry, compute, const, fail, for_, if_, island, item, map_, param, result, run, try_, value_of, while_
from plan_forms import out as output

from wye.runtime.files import load
from wye.runtime.island import run_island
from wye.runtime.runner import Failed

pytestmark = pytest.mark.processes

RUNTIME = Path(__file__).parents[3] / "compiler/wye/runtime"
HAS_PIP = not subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode

DOUBLES = map_("m", param("xs"), block([compute("a", "x * n", x=item("m"), n=param("n"))], output("a"), item("m")))
INPUTS = {"xs": param("given", t=["list", "int"]), "n": param("factor", t="int")}


def here(folder: Path, task: Any, values: Any, launcher: Any = None) -> Any:
    """Run an island in this process: its error record, or None."""
    (folder / "out").mkdir(exist_ok=True)
    return asyncio.run(run_island(task, values, str(folder / "scratch"), str(folder / "out"), launcher or Here(), 2))


# --- values ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("xs", "n"), [
    ({"text": "[1,2]"}, {"text": "3"}),
    ({"raw": "[1, 2]"}, {"raw": "3"}),
    ({"value": [1, 2]}, {"value": 3}),
    ({"list": [{"text": "1"}, {"value": 2}]}, {"item": {"text": "[0,3]"}, "index": 1}),
    ({"item": {"list": [{"raw": "x"}, {"raw": "[1,2]"}]}, "index": "1"}, {"item": {"list": [{"text": "3"}]}, "index": 0}),
    ({"item": {"item": {"text": "[[[1,2]]]"}, "index": 0}, "index": 0}, {"text": "3"}),
])  # fmt: skip
def test_inputs(tmp_path: Path, xs: Any, n: Any) -> None:
    """In every form that a platform hands values on."""
    task = island("i", DOUBLES, INPUTS, result("m", 0, "json*", ["list", "int"]), result("m", 1, "json*", ["list", "int"]))
    assert here(tmp_path, task, {"xs": xs, "n": n}) is None
    assert load(tmp_path / "out/r0", "json*") == [3, 6]
    assert sorted(p.name for p in (tmp_path / "out/r1").iterdir()) == ["0.json", "1.json"]


def test_inputs_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by a relative path: the tasks inside run in folders of their own."""
    monkeypatch.chdir(tmp_path)
    Path("n.json").write_text("3")
    Path("xs").mkdir()
    for i in range(2):
        Path(f"xs/{i}.json").write_text(str(i + 1))
    task = island("i", DOUBLES, {**INPUTS, "xs": param("given", "json*", ["list", "int"])}, result("m", 0, "json*", ["list", "int"]))
    assert here(tmp_path, task, {"xs": {"file": "xs"}, "n": {"file": "n.json"}}) is None
    assert load(tmp_path / "out/r0", "json*") == [3, 6]
    task["inputs"]["n"] = param("factor", t="int")
    assert here(tmp_path, task, {"xs": {"file": "xs"}, "n": {"item": {"file": "xs"}, "index": 1}}) is None
    assert load(tmp_path / "out/r0", "json*") == [2, 4]


def test_a_wrong_run_parameter(tmp_path: Path) -> None:
    task = island("i", DOUBLES, INPUTS)
    with pytest.raises(Failed, match="parameter factor: ") as caught:
        here(tmp_path, task, {"xs": {"text": "[]"}, "n": {"raw": "many"}})
    assert caught.value.exit == 1


def test_artifacts(tmp_path: Path) -> None:
    """In and out, one by one and in lists; one that goes through is copied, and stays where it was."""
    made = tmp_path / "made"
    made.mkdir()
    (made / "0").mkdir()
    (made / "0/a.txt").write_text("data")
    (made / "value.json").write_text('{"$path":"0/a.txt"}')
    body = block(
        [compute("pickled", "range(x)", format="auto", x=item("f"))],
        output("pickled", "auto"),
        carry("f", 1, "path"),
        output("pickled", "auto"),
    )
    inner = for_("f", const([1, 2]), [const(None), param("file", "path"), const("text")], body)
    yields = [result("f", 0, "auto"), result("f", 1, "path", "path"), result("f", 2, "auto")]
    task = island("i", inner, {"file": output("t", "path", "path")}, *yields)
    assert here(tmp_path, task, {"file": {"file": str(made)}}) is None
    assert load(tmp_path / "out/r0", "auto") == load(tmp_path / "out/r2", "auto") == range(2)
    assert load(tmp_path / "out/r1", "path").read_text() == "data"
    assert (made / "0/a.txt").exists()


def test_lists_of_artifacts(tmp_path: Path) -> None:
    inner = map_(
        "m",
        param("xs", "auto*"),
        block([compute("a", "range(x)", format="auto", x=item("m", "auto"))], output("a", "auto"), item("m", "auto")),
    )
    task = island("i", inner, {"xs": output("t", "auto*")}, result("m", 0, "auto*"), result("m", 1, "auto*"))
    entries = {"list": [{"text": "3"}, {"text": "0"}]}
    assert here(tmp_path, task, {"xs": entries}) is None
    assert load(tmp_path / "out/r0", "auto*") == [range(3), range(0)]
    assert sorted(p.name for p in (tmp_path / "out/r0").iterdir()) == ["0", "1"]
    assert value_of({"file": str(tmp_path / "out/r1")}, tmp_path, ["list", "int"], "auto*") == [3, 0]
    assert here(tmp_path, task, {"xs": {"list": []}}) is None
    assert list((tmp_path / "out/r0").iterdir()) == []
    assert value_of({"file": str(tmp_path / "out/r0")}, tmp_path, "any", "auto*") == []


def test_json_goes_where_an_artifact_may_be(tmp_path: Path) -> None:
    inner = if_("r", param("p"), block([], const({"a": 1}), param("n")), block([], const(2), const(3)))
    task = island("i", inner, {"p": param("p", t="bool"), "n": param("n")}, result("r", 0, "auto"), result("r", 1))
    assert here(tmp_path, task, {"p": {"value": True}, "n": {"text": "[7]"}}) is None
    assert load(tmp_path / "out/r0", "auto") == {"a": 1}
    assert (tmp_path / "out/r1.json").read_text() == "[7]"


def test_the_first_error(tmp_path: Path) -> None:
    inner = map_("m", const([1, 2, 3]), block([fail("bad", "KeyError(x) if x > 2 else ValueError(x)", "x > 1", x=item("m"))]))
    task = island("i", inner, {})
    error = here(tmp_path, task, {})
    assert (error["type"][0], error["message"], error["exit"]) == ("ValueError", "2", 1)
    assert not (tmp_path / "out/r0").exists()
    inner = if_("r", param("p"), block(), block())
    assert here(tmp_path, island("i", inner, {"p": param("p")}), {"p": {"text": "7"}})["message"].startswith(
        "if (flow.py:3:1): a condition must be"
    )


def test_an_island_is_a_task_of_a_plan(tmp_path: Path) -> None:
    """Run by a launcher that knows islands; what they make is read like the outputs of any task."""

    class Both(Here):
        async def attempt(self, task: Any, folder: str) -> int:
            if task["op"] != "island":
                return await super().attempt(task, folder)
            values = json.loads(Path(folder, "values.json").read_text())
            inner = self
            self.hold = {}
            error = await run_island(task, values, folder + "/inner", folder + "/out", inner, 2)
            Path(folder, "out", "error.json" if error else "done.json").write_text(json.dumps(error or {}))
            return 1 if error else 0

    task = island("i", DOUBLES, {"xs": param("xs"), "n": output("n")}, result("m", 0, "json*"))
    nodes = [
        compute("n", "10"),
        task,
        map_("again", output("i", "json*", port="r0"), block([compute("b", "x + 1", x=item("again"))], output("b"))),
        try_(
            "t",
            block([island("bad", if_("r", const(True), block([fail("no", "KeyError()")]), block()), {})]),
            (("KeyError",), block([], const("ok"))),
        ),
    ]
    found = run(tmp_path, nodes, result("again", 0, "json*"), result("t"), params={"xs": [1, 2]}, launcher=Both())
    assert found.value == [[11, 21], "ok"]
    assert found.tasks == {"n": "succeeded", "i": "succeeded", "again[0].b": "succeeded", "again[1].b": "succeeded", "bad": "failed"}


# --- as a process ----------------------------------------------------------------------------------------------------------------

FLOW = """
import os, sys, time
def double(x):
    print("doubling", x)
    print("to err", file=sys.stderr)
    return x * 2
def look(x):
    import __main__
    return [os.environ.get("SET"), os.environ.get("TOKEN"), os.getpgid(0) == os.getpid(), os.listdir("."), os.getpid()]
def fail(x): raise ValueError("no " + str(x))
def hang(x):
    with open(x, "a") as file: file.write("%d\\n" % os.getpid())
    time.sleep(100)
def late(x):
    with open(x, "a") as file: file.write("x")
    assert os.path.getsize(x) > 1, "too early"
    return "done"
def meet(x):
    mine, other = x
    open(mine, "w").close()
    end = time.monotonic() + 60
    while not os.path.exists(other):
        assert time.monotonic() < end, "alone"
        time.sleep(0.01)
def most(x):
    me = os.path.join(x, str(os.getpid()))
    open(me, "w").close()
    time.sleep(0.1)
    found = len(os.listdir(x))
    os.remove(me)
    return found
def use(x):
    import parcel
    return parcel.CONTENT + str(x)
"""


class Process:
    """Islands by the runner. The programs are `p` and `q`, each with a module `flow`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "out"
        for name in "pq":
            (folder / "programs" / name).mkdir(parents=True)
            (folder / "programs" / name / "flow.py").write_text(FLOW.replace("doubling", f"doubling in {name}"))

    def call(self, id: str, function: str, x: Any, program: str = "p", **more: Any) -> Any:
        port = {"name": "out", "type": "any", "format": "json"}
        parameters = {"x": {"kind": "positional_or_keyword", "type": "any", "required": True}}
        node = {"op": "call", "id": id, "step": "s", "span": "flow.py:1:1", "inputs": {"x": x}, "args": {"x": {"input": "x"}}, "after": []}
        step = {
            "function": f"flow:{function}",
            "entry": "flow",
            "program": program,
            "parameters": parameters,
            "outputs": [port],
            "result": "one",
        }
        return {**node, **step, "settings": {}, **more}

    def start(self, task: Any, values: Any, env: Any = None) -> Any:
        (self.folder / "task.json").write_text(json.dumps(task))
        (self.folder / "values.json").write_text(json.dumps(values))
        files = {"task": "task.json", "values": "values.json", "program": "programs", "out": "out", "work": "work"}
        argv = [sys.executable, str(RUNTIME / "__main__.py"), *(part for n, f in files.items() for part in (f"--{n}", f))]
        pipe = subprocess.PIPE
        return subprocess.Popen(argv, env={**os.environ, **(env or {})}, cwd=self.folder, stdout=pipe, stderr=pipe, text=True)

    def run(self, task: Any, values: Any, env: Any = None) -> Any:
        process = self.start(task, values, env)
        self.stdout, self.stderr = process.communicate(timeout=120)
        assert not list((self.folder / "work").glob("*")), "scratch space is left"
        assert "Traceback" not in self.stderr
        return process.returncode

    def error(self) -> Any:
        return json.loads((self.out / "error.json").read_text())


@pytest.fixture
def process(tmp_path: Path) -> Process:
    return Process(tmp_path)


XS = {"xs": param("xs", t=["list", "any"])}


def test_a_process(process: Process) -> None:
    body = block([process.call("a", "double", item("m")), process.call("b", "double", output("a"), "q")], output("b"))
    task = island("i", map_("m", param("xs"), body), XS, result("m", 0, "json*"))
    assert process.run(task, {"xs": {"text": "[1,5]"}}) == 0
    assert load(process.out / "r0", "json*") == [4, 20]
    assert json.loads((process.out / "done.json").read_text()) == {"outputs": ["r0"]}
    lines = process.stdout.splitlines()
    assert {"m[0].a | doubling in p 1", "m[0].a | to err", "m[1].b | doubling in q 10", "m[0].a started", "m[1].b succeeded"} <= set(lines)
    assert process.stderr == ""
    assert sorted(p.name for p in process.out.iterdir()) == ["done.json", "r0"]


def test_files_by_relative_paths(process: Process) -> None:
    """They are relative to where the runner was started, not to where the tasks inside run."""
    (process.folder / "xs.json").write_text("[1,2]")
    inner = if_("r", const(True), block([process.call("a", "double", param("xs"))], output("a")), block([], const(0)))
    assert process.run(island("i", inner, XS, result("r")), {"xs": {"file": "xs.json"}}) == 0
    assert (process.out / "r0.json").read_text() == "[1,2,1,2]"


def test_a_process_that_fails(process: Process) -> None:
    body = block([process.call("bad", "fail", item("f"))])
    task = island("i", for_("f", param("xs"), [], body), XS)
    assert process.run(task, {"xs": {"text": "[1,2]"}}) == 1
    error = process.error()
    assert (error["type"][0], error["message"]) == ("ValueError", "no 1")
    assert "in fail" in error["traceback"]
    assert "f[0].bad |     def fail(x): raise ValueError" in process.stdout
    assert "f[0].bad failed ValueError: no 1" in process.stdout.splitlines()
    assert "f[1].bad" not in process.stdout


def test_settings_of_the_tasks_inside(process: Process) -> None:
    """Each has its own environment, secrets, retries and time-out, in a process and an empty folder of its own."""
    marker = str(process.folder / "marker")
    secret = [{"name": "token", "env": "TOKEN", "key": None}]
    body = block(
        [
            process.call("seen", "look", item("m"), env={"SET": "a {{ b }}"}, secrets=secret),
            process.call("bare", "look", item("m")),
            process.call("late", "late", const(marker), retry={"delays": [0.01]}),
            try_("t", block([process.call("slow", "hang", const(marker + "2"), timeout=0.5)]), ((), block([], const("timed out")))),
        ],
        output("seen"), output("bare"), output("late"), result("t"),
    )  # fmt: skip
    for node in body["nodes"][2], body["nodes"][3]["body"]["nodes"][0]:
        node["inputs"], node["args"] = {}, {"x": {"const": node["inputs"]["x"]["const"]}}
    yields = [result("m", n, "json*") for n in range(4)]
    task = island("i", map_("m", param("xs"), body), XS, *yields)
    assert process.run(task, {"xs": {"text": "[0]"}}, {"TOKEN": "t0ken"}) == 0
    seen, bare, late, slow = (load(process.out / f"r{n}", "json*")[0] for n in range(4))
    assert seen[:4] == ["a {{ b }}", "t0ken", True, []]
    assert bare[0] is None
    assert seen[4] != bare[4]
    assert (late, slow) == ("done", "timed out")
    assert any(line.startswith("m[0].late retrying") for line in process.stdout.splitlines())
    assert any(line.startswith("m[0].slow failed the attempt took longer") for line in process.stdout.splitlines())
    assert process.run(task, {"xs": {"text": "[0]"}}) == 2
    assert "the secret 'token' is missing" in process.error()["message"]


@pytest.mark.parametrize("resources", [None, {"cpu": 2}])
def test_tasks_inside_run_at_the_same_time_unless_they_ask_for_resources(process: Process, resources: Any) -> None:
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one processor")
    if resources:
        (process.folder / "here").mkdir()
        body = block([process.call("a", "most", item("m"), settings={"resources": resources})], output("a"))
        task = island("i", map_("m", param("xs"), body), XS, result("m", 0, "json*"))
        assert process.run(task, {"xs": {"text": json.dumps([str(process.folder / "here")] * 3)}}) == 0
        assert load(process.out / "r0", "json*") == [1, 1, 1]
    else:
        a, b = str(process.folder / "a"), str(process.folder / "b")
        task = island("i", map_("m", param("xs"), block([process.call("a", "meet", item("m"))])), XS)
        assert process.run(task, {"xs": {"text": json.dumps([[a, b], [b, a]])}}) == 0


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_from_outside(process: Process, number: int) -> None:
    """In the middle of an endless loop: nothing is left, and no clean-up runs."""
    marker = str(process.folder / "pids")
    loop = while_("w", [const(True)], block([], carry("w")), block([process.call("a", "hang", param("file"))], const(True)))
    after = block([process.call("f", "late", param("file"))])
    task = island("i", try_("t", block([loop]), final=after), {"file": param("file", t="str")})
    started = process.start(task, {"file": {"value": marker}})
    while not os.path.exists(marker) or not Path(marker).read_text().endswith("\n"):
        assert started.poll() is None
        time.sleep(0.02)
    started.send_signal(number)
    started.communicate(timeout=60)
    assert started.returncode == 128 + number
    assert process.error()["message"] == f"stopped by {signal.Signals(number).name}"
    assert not list((process.folder / "work").glob("*"))
    pid = Path(marker).read_text().split()
    assert len(pid) == 1
    for _ in range(100):
        if not Path(f"/proc/{pid[0]}").exists() or "zombie" in Path(f"/proc/{pid[0]}/status").read_text():
            break
        time.sleep(0.02)
    else:
        pytest.fail("a task of the island is left")


def test_missing_inputs_and_secrets_of_an_island(process: Process) -> None:
    task = island("i", map_("m", param("xs"), block()), XS)
    assert process.run(task, {}) == 2
    assert process.error()["message"] == "no value for the input 'xs'"


@pytest.mark.skipif(not HAS_PIP, reason="this interpreter has no pip")
def test_packages_of_the_tasks_inside_are_installed_once(process: Process) -> None:
    import zipfile

    wheels = process.folder / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "parcel-1.2-py3-none-any.whl", "w") as z:
        z.writestr("parcel.py", "CONTENT = 'tea'\n")
        z.writestr("parcel-1.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: parcel\nVersion: 1.2\n")
        z.writestr("parcel-1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr("parcel-1.2.dist-info/RECORD", "parcel.py,,\n")
    # The first iteration takes the wheel away: a second installation would fail.
    take = compute(
        "take", f"(x, __import__('os').path.exists({str(wheels)!r}) and __import__('shutil').rmtree({str(wheels)!r}))[0]", x=item("f")
    )
    body = block([take, process.call("a", "use", output("take"), packages=["parcel==1.2"])], output("a"))
    task = island("i", for_("f", param("xs"), [const(None)], body), XS, result("f"))
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    assert process.run(task, {"xs": {"text": "[1,2]"}}, env) == 0
    assert (process.out / "r0.json").read_text() == '"tea2"'
    assert process.run({**task, "plan": {**task["plan"]}}, {"xs": {"text": "[1]"}}, env) == 1
    assert "pip could not install parcel==1.2" in process.error()["message"]
