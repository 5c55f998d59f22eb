"""The runner by its contract: task files and programs in; files, exit codes and error records out. Runs on every Python of the runtime."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.processes

RUNTIME = Path(__file__).parents[3] / "compiler/wye/runtime"
HASTY = "import sys, runpy; sys.path.insert(0, sys.argv[1]); import wye_runtime.runner as r; r.GRACE = 0.5; sys.exit(r.main(sys.argv[2:]))"
"""The runner with less patience between TERM and KILL."""
HAS_PIP = not subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode


def port(name: str = "out", t: Any = "any", format: str = "json") -> dict[str, Any]:
    return {"name": name, "type": t, "format": format}


class Runner:
    def __init__(self, folder: Path) -> None:
        self.folder, self.program, self.out = folder, folder / "program", folder / "out"
        self.program.mkdir()
        self.values: dict[str, Any] = {}

    def write(self, **modules: str) -> None:
        for name, text in modules.items():
            path = self.program / (name.replace("__", "/") + ".py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def call(self, function: str, args: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """A task that calls a step; every argument is a constant, or a form when it is a dict."""
        forms = {n: v if isinstance(v, dict) else {"const": v} for n, v in (args or {}).items()}
        parameters = {n: {"kind": "positional_or_keyword", "type": "any", "required": True} for n in forms}
        task = {
            "wye": 1,
            "op": "call",
            "id": "t",
            "step": function,
            "span": "flow.py:7:5",
            "inputs": {},
            "args": forms,
            "function": function,
        }
        task.update(entry=function.partition(":")[0], parameters=parameters, outputs=[port()], result="one", after=[])
        task.update(more)
        return task

    def argv(self, task: dict[str, Any]) -> list[str]:
        (self.folder / "task.json").write_text(json.dumps(task))
        (self.folder / "values.json").write_text(json.dumps(self.values))
        files = {"task": "task.json", "values": "values.json", "program": "program", "out": "out", "work": "work"}
        return [part for name, file in files.items() for part in ("--" + name, str(self.folder / file))]

    def run(self, task: dict[str, Any], env: dict[str, str] | None = None, hasty: bool = False) -> Any:
        head = [sys.executable, str(RUNTIME / "__main__.py")]
        if hasty:
            (self.folder / "wye_runtime").symlink_to(RUNTIME)
            head = [sys.executable, "-c", HASTY, str(self.folder)]
        done = subprocess.run(
            head + self.argv(task), env={**os.environ, **(env or {})}, cwd=str(self.folder), capture_output=True, text=True, timeout=60
        )
        assert not list((self.folder / "work").glob("*")), "scratch space is left"
        error = self.out / "error.json"
        record = json.loads(error.read_text()) if error.exists() else None
        return SimpleNamespace(
            code=done.returncode, stdout=done.stdout, stderr=done.stderr, error=record, done=(self.out / "done.json").exists()
        )

    def value(self, name: str = "out") -> Any:
        return json.loads((self.out / f"{name}.json").read_text())


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_call(runner: Runner) -> None:
    runner.write(flow="from wye import step\n@step\ndef add(a, b=2): return a + b\n")
    result = runner.run(runner.call("flow:add", {"a": 1}))
    assert (result.code, result.done, result.error, result.stderr) == (0, True, None, "")
    assert runner.value() == 3
    assert sorted(p.name for p in runner.out.iterdir()) == ["done.json", "out.json"]


def test_module_form_and_folder_of_any_name(runner: Runner) -> None:
    """`-m wye_runtime` from a folder or a zip."""
    import zipfile

    runner.write(flow="def f(): return 'ok'\n")
    with zipfile.ZipFile(runner.folder / "r.zip", "w") as z:
        for path in RUNTIME.glob("*.py"):
            z.write(path, "wye_runtime/" + path.name)
    argv = [sys.executable, "-m", "wye_runtime", *runner.argv(runner.call("flow:f"))]
    subprocess.run(argv, env={**os.environ, "PYTHONPATH": str(runner.folder / "r.zip")}, check=True)
    assert runner.value() == "ok"


def test_a_link_leads_to_the_folder(runner: Runner) -> None:
    """As git-sync has it, which many an Airflow takes its DAGs from."""
    runner.write(flow="def f(): return 'ok'\n")
    (runner.folder / "current").symlink_to(RUNTIME.parent)
    argv = [sys.executable, str(runner.folder / "current" / RUNTIME.name / "__main__.py"), *runner.argv(runner.call("flow:f"))]
    subprocess.run(argv, check=True)
    assert runner.value() == "ok"


def test_clean_world(runner: Runner) -> None:
    """The step's interpreter shows nothing of the runner: argv, main module, working directory, path, environment."""
    runner.write(
        flow="""
import os, sys
def look():
    import __main__
    names = [n for n in vars(__main__) if not n.startswith("__") and n != "e"]
    world = [sys.argv, names, os.listdir("."), "" in sys.path]
    return world + ["wye" in sys.modules, os.environ.get("SET"), __name__, os.getpgid(0) == os.getpid()]
"""
    )
    runner.run(runner.call("flow:look", env={"SET": "a b"}))
    assert runner.value() == [["-c"], [], [], False, False, "a b", "flow", True]
    assert not list(runner.program.rglob("__pycache__"))


def test_inert_stand_ins(runner: Runner) -> None:
    runner.write(
        flow="""
from typing import Optional
from wye import Cache, Resources, Retry, Schedule, Secret, each, pipeline, step
@step(resources=Resources(cpu=1), secrets=[Secret("a", env="A")], retry=Retry(2))
def one(x: Optional[Resources] = None): return two(3)
@step
def two(x): return [i for i in each([x, x], max_parallel=2)]
@pipeline(schedule=Schedule(cron="* * * * *"))
def whole(): return one()
"""
    )
    assert runner.run(runner.call("flow:one")).code == 0
    assert runner.value() == [3, 3]


def test_stdout_passes_through(runner: Runner) -> None:
    runner.write(flow="import sys\ndef f():\n    print('to out'); print('to err', file=sys.stderr)\n")
    result = runner.run(runner.call("flow:f"))
    assert (result.stdout, result.stderr) == ("to out\n", "to err\n")


# --- values ----------------------------------------------------------------------------------------------------------------------


def test_forms_of_values(runner: Runner) -> None:
    runner.write(
        flow="def f(**x): return {k: [type(v).__name__, v] for k, v in x.items()}\n", kinds="class K:\n    class In:\n        v = 5\n"
    )
    (runner.folder / "big.json").write_text("[1,2]")
    runner.values = {
        "text": {"text": '{"a":"\\u007b\\u007b"}'},
        "file": {"file": str(runner.folder / "big.json")},
        "raw": {"raw": "plain text"},
        "native": {"value": 3},
    }
    kinds = {"text": "any", "file": "any", "raw": "str", "native": "float"}
    inputs = {n: {"param": n, "format": "json", "type": t} for n, t in kinds.items()}
    args: dict[str, Any] = {n: {"input": n} for n in inputs}
    args["const"] = {"const": {"$tuple": [1, {"$float": "inf"}]}}
    args["cast"] = {"cast": "float", "value": {"const": 1}}
    args["py"] = {"py": "[x * 2 for x in file] + [K.In.v, len('ab')]", "with": {"file": {"input": "file"}}, "use": {"K": "kinds:K"}}
    args["unpacked"] = {"py": "_unpack(file, 2)[1]", "with": {"file": {"input": "file"}}}
    args["starred"] = {"py": "_unpack('abcd', 3, 1)", "with": {}}
    task = runner.call("flow:f", args, inputs=inputs)
    for parameter in task["parameters"].values():
        parameter["kind"] = "keyword_only"
    assert runner.run(task).code == 0
    assert runner.value() == {
        "text": ["dict", {"a": "{{"}],
        "file": ["list", [1, 2]],
        "raw": ["str", "plain text"],
        "native": ["float", 3.0],
        "const": ["tuple", {"$tuple": [1, {"$float": "inf"}]}],
        "cast": ["float", 1.0],
        "py": ["list", [2, 4, 5, 2]],
        "unpacked": ["int", 2],
        "starred": ["tuple", {"$tuple": ["a", ["b", "c"], "d"]}],
    }


def test_two_parameters_of_one_input_are_apart(runner: Runner) -> None:
    runner.write(flow="def f(a, b):\n    a.append(1)\n    return b\n")
    runner.values = {"x": {"text": "[0]"}}
    inputs = {"x": {"task": "t0", "output": "out", "format": "json", "type": "any"}}
    runner.run(runner.call("flow:f", {"a": {"input": "x"}, "b": {"input": "x"}}, inputs=inputs))
    assert runner.value() == [0]


def test_two_parameters_of_one_folder_are_apart(runner: Runner) -> None:
    runner.write(flow="def f(a, b):\n    a.write_text('changed')\n    return [a.name, b.read_text()]\n")
    folder = runner.folder / "artifact"
    (folder / "0").mkdir(parents=True)
    (folder / "0/data.txt").write_text("data")
    (folder / "value.json").write_text('{"$path":"0/data.txt"}')
    runner.values = {"x": {"file": str(folder)}}
    inputs = {"x": {"task": "t0", "output": "out", "format": "path", "type": "path"}}
    runner.run(runner.call("flow:f", {"a": {"input": "x"}, "b": {"input": "x"}}, inputs=inputs))
    assert runner.value() == ["data.txt", "data"]
    assert (folder / "0/data.txt").read_text() == "data"


def test_defaults_are_copies(runner: Runner) -> None:
    runner.write(flow="BASE = [1]\ndef f(x=BASE):\n    x.append(2)\n    return [x, BASE]\n")
    task = runner.call("flow:f")
    task["parameters"] = {"x": {"kind": "positional_or_keyword", "type": "any", "required": False}}
    runner.run(task)
    assert runner.value() == [[1, 2], [1]]


def test_arguments_are_normalised(runner: Runner) -> None:
    runner.write(flow="def f(x, /, *, y): return [x, y]\n")
    task = runner.call("flow:f", {"x": 1, "y": [2]})
    task["parameters"] = {
        "x": {"kind": "positional_only", "type": "float", "required": True},
        "y": {"kind": "keyword_only", "type": ["list", "float"], "required": True},
    }
    runner.run(task)
    assert (runner.out / "out.json").read_text() == "[1.0,[2.0]]"


def test_wrong_argument_is_named(runner: Runner) -> None:
    runner.write(flow="def f(x): return x\n")
    task = runner.call("flow:f", {"x": ["a", 1]})
    task["parameters"]["x"]["type"] = ["list", "str"]
    result = runner.run(task)
    assert result.code == 1
    assert result.error["type"][0] == "TypeError"
    assert "flow:f" in result.error["message"]
    assert "argument x" in result.error["message"]
    assert "$[1]" in result.error["message"]


def test_hostile_strings_beyond_argv(runner: Runner) -> None:
    text = "{{ ds }} ${HOME} $(x) `id` %(x)s ' \" \\ \n\r\t\x00 \u202e \U0001f600 \ud800" * 4000
    runner.write(flow="def f(a, b): return [a, b]\n")
    runner.values = {"b": {"text": json.dumps(text)}}
    task = runner.call("flow:f", {"a": text, "b": {"input": "b"}}, inputs={"b": {"param": "b", "format": "json", "type": "str"}})
    assert runner.run(task).code == 0
    assert runner.value() == [text, text]


def test_outputs_by_port(runner: Runner) -> None:
    runner.write(
        flow="""
from typing import NamedTuple
class Pair(NamedTuple):
    a: int
    b: bytes
class Thing:
    def __eq__(self, other): return True
def pair(): return Pair(1, b"x")
def two(): return (1, Thing())
"""
    )
    task = runner.call("flow:pair", outputs=[port("a", "int"), port("b", "bytes", "bytes")], result="flow:Pair")
    assert runner.run(task).code == 0
    assert (runner.value("a"), (runner.out / "b").read_bytes()) == (1, b"x")
    assert runner.run(runner.call("flow:two", outputs=[port("out0"), port("out1", "any", "auto")], result="tuple")).code == 0
    assert (runner.out / "out1").read_bytes()[:2] == b"\x80\x04"


@pytest.mark.parametrize(("returned", "got"), [("(1, 2, 3)", "a tuple of 3"), ("[1, 2]", "list"), ("None", "NoneType")])
def test_result_that_does_not_fit_its_outputs(runner: Runner, returned: str, got: str) -> None:
    runner.write(flow=f"def f(): return {returned}\n")
    result = runner.run(runner.call("flow:f", outputs=[port("out0"), port("out1")], result="tuple"))
    assert result.code == 1
    assert result.error["message"] == f"step flow:f must return a tuple of 2, got {got}"


def test_value_that_cannot_travel(runner: Runner) -> None:
    runner.write(flow="class C: pass\ndef f(): return {'rows': [1, C()]}\n")
    result = runner.run(runner.call("flow:f"))
    assert (result.code, result.error["exit"], result.done) == (3, 3, False)
    assert "flow:f, output out: $.rows[1]" in result.error["message"]
    assert "child.py" not in result.error["traceback"]
    assert "values.py" not in result.error["traceback"]


def test_compute(runner: Runner) -> None:
    runner.values = {"x": {"text": "4"}}
    task = {"op": "compute", "id": "c", "inputs": {"x": {"param": "x", "format": "json", "type": "int"}}, "type": "float", "program": None}
    task.update(value={"py": "x * 2", "with": {"x": {"input": "x"}}}, outputs=[port("out", "float")], span="flow.py:12:3")
    assert runner.run(task).code == 0
    assert (runner.out / "out.json").read_text() == "8.0"
    task["value"] = {"py": "x // 0", "with": {"x": {"input": "x"}}}
    result = runner.run(task)
    assert result.error["type"][:2] == ["ZeroDivisionError", "ArithmeticError"]
    assert 'File "flow.py", line 12' in result.error["traceback"]


def failing(value: Any, when: Any = None, **more: Any) -> dict[str, Any]:
    task = {"op": "fail", "id": "x", "span": "flow.py:12:3", "inputs": {}, "value": value, "when": when, "outputs": [], "program": None}
    return {**task, "after": [], **more}


def test_fail(runner: Runner) -> None:
    result = runner.run(failing({"py": "ValueError('no way')", "with": {}}))
    assert (result.code, result.error["type"][:2], result.error["message"]) == (1, ["ValueError", "Exception"], "no way")
    assert 'File "flow.py", line 12' in result.error["traceback"]
    assert "child.py" not in result.error["traceback"]
    assert runner.run(failing({"py": "KeyError", "with": {}})).error["type"][0] == "KeyError"


def test_fail_with_a_condition(runner: Runner) -> None:
    """The exception is not even made when the condition is false."""
    runner.values = {"n": {"text": "0"}}
    inputs = {"n": {"param": "n", "format": "json", "type": "int"}}
    n = {"n": {"input": "n"}}
    task = failing({"py": "AssertionError(1 // n)", "with": n}, {"py": "n == 0", "with": n}, inputs=inputs)
    assert runner.run(task).error["type"][0] == "ZeroDivisionError"
    runner.values = {"n": {"text": "1"}}
    result = runner.run(task)
    assert (result.code, result.done, sorted(p.name for p in runner.out.iterdir())) == (0, True, ["done.json"])
    task["when"] = {"py": "n > 0", "with": n}
    assert runner.run(task).error["message"] == "1"


def test_fail_with_what_is_no_exception(runner: Runner) -> None:
    error = runner.run(failing({"const": 3})).error
    assert (error["type"][0], error["message"]) == ("TypeError", "exceptions must derive from BaseException")


def test_fail_with_the_users_exception(runner: Runner) -> None:
    runner.write(flow="class Bad(Exception):\n    def __init__(self, a): super().__init__(a * 2)\n")
    result = runner.run(failing({"py": "Bad('no')", "with": {}, "use": {"Bad": "flow:Bad"}}, program="p", entry="flow"))
    assert (result.error["type"][0], result.error["message"]) == ("flow:Bad", "nono")


def listed(runner: Runner, entry: Any, t: Any = "any", format: str = "json", py: str = "x") -> Any:
    """What an expression makes of an input."""
    runner.values = {"x": entry}
    inputs = {"x": {"task": "t0", "output": "out", "format": format, "type": t}}
    task = {"op": "compute", "id": "c", "span": "flow.py:1:1", "inputs": inputs, "type": "any", "outputs": [port()], "program": None}
    result = runner.run({**task, "value": {"py": py, "with": {"x": {"input": "x"}}}})
    assert result.code == 0, result.stderr
    return runner.value()


def test_lists_of_values(runner: Runner) -> None:
    (runner.folder / "two.json").write_text("2")
    mixed = {"list": [{"text": "1"}, {"file": str(runner.folder / "two.json")}, {"value": 3}, {"raw": "4"}, {"list": []}]}
    assert listed(runner, mixed, format="json*") == [1, 2, 3, 4, []]
    assert listed(runner, {"list": [{"value": 1}, {"raw": "2"}]}, ["list", "float"], "json*") == [1.0, 2.0]
    assert listed(runner, {"list": []}, format="auto*") == []


def test_elements_of_lists(runner: Runner) -> None:
    rows = {"list": [{"text": "[1]"}, {"text": "[2,3]"}]}
    assert listed(runner, {"item": rows, "index": 1}) == [2, 3]
    assert listed(runner, {"item": {"item": rows, "index": 1}, "index": "1"}, "int") == 3
    assert listed(runner, {"item": {"text": '["a","b"]'}, "index": 1}, "str") == "b"
    assert listed(runner, {"item": {"raw": "[1, 2]"}, "index": 0}, "float", py="[x, type(x).__name__]") == [1.0, "float"]
    (runner.folder / "list.json").write_text("[5,6]")
    assert listed(runner, {"item": {"file": str(runner.folder / "list.json")}, "index": 1}, "int") == 6


def test_lists_on_disk(runner: Runner) -> None:
    """A folder of numbered files, eleven of them, with something of the platform's beside them."""
    texts, things = runner.folder / "texts", runner.folder / "things"
    texts.mkdir()
    things.mkdir()
    for i in range(11):
        (texts / f"{i}.json").write_text(str(i))
        (things / str(i)).write_bytes(b"%d" % i)
    (things / ".keep").touch()
    assert listed(runner, {"file": str(texts)}, ["list", "int"], "json*") == list(range(11))
    assert listed(runner, {"file": str(things)}, ["list", "bytes"], "bytes*", "[b.decode() for b in x]") == [str(i) for i in range(11)]
    assert listed(runner, {"item": {"file": str(things)}, "index": 10}, "bytes", "bytes", "x.decode()") == "10"
    assert listed(runner, {"item": {"file": str(texts), "format": "json*"}, "index": 10}, "int") == 10
    (things / "3").unlink()
    runner.values = {"x": {"file": str(things)}}
    with pytest.raises(AssertionError, match="No such file"):
        listed(runner, {"file": str(things)}, ["list", "bytes"], "bytes*", "len(x)")


def test_the_format_of_an_entry_wins(runner: Runner) -> None:
    """A list of paths, each in a copy of its own; and where any artifact may be, one that is a parameter's text."""
    entries = []
    for name in "ab":
        folder = runner.folder / name
        (folder / "0").mkdir(parents=True)
        (folder / "0/same.txt").write_text(name)
        (folder / "value.json").write_text('{"$path":"0/same.txt"}')
        entries.append({"file": str(folder), "format": "path"})
    spoil = "[p.read_text() for p in x] + [p.write_text('spoilt') for p in x]"
    assert listed(runner, {"list": entries}, ["list", "path"], "path*", spoil) == ["a", "b", 6, 6]
    assert (runner.folder / "a/0/same.txt").read_text() == "a"
    assert listed(runner, {"item": {"list": entries}, "index": 1}, "path", "path", "x.read_text()") == "b"
    (runner.folder / "text.json").write_text("[1]")
    assert listed(runner, {"file": str(runner.folder / "text.json"), "format": "json"}, "any", "bytes") == [1]


def test_reduce_is_at_hand(runner: Runner) -> None:
    assert listed(runner, {"text": "[1,2,3]"}, py="_reduce(lambda a, b: a * 10 + b, x, 0)") == 123


# --- programs --------------------------------------------------------------------------------------------------------------------


def test_traceback_shows_the_users_lines(runner: Runner) -> None:
    runner.write(
        flow="from lib.deep import g\n\ndef f():\n    return g(0)\n",
        lib__deep="class Bad(ValueError): pass\ndef g(x):\n    raise Bad('no')\n",
    )
    lines = {
        "flow.py": {"source": "src/flow.py", "lines": [[1, 1], [3, 40]]},
        "lib/deep.py": {"source": "src/lib/deep.py", "lines": [[1, 10]]},
    }
    (runner.program / "lines.json").write_text(json.dumps(lines))
    result = runner.run(runner.call("flow:f"))
    assert result.code == 1
    assert result.error["type"] == ["lib.deep:Bad", "ValueError", "Exception", "BaseException", "object"]
    assert result.error["message"] == "no"
    text = result.error["traceback"]
    assert 'File "src/flow.py", line 41, in f\n    return g(0)' in text
    assert 'File "src/lib/deep.py", line 12, in g\n    raise Bad(' in text
    assert text.count("File ") == 2
    assert result.stderr == text


def test_traceback_of_chained_and_syntax_errors(runner: Runner) -> None:
    runner.write(flow="def f():\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        import bad\n", bad="x = (\n")
    lines = {"flow.py": {"source": "flow.py", "lines": [[1, 101]]}, "bad.py": {"source": "bad.py", "lines": [[1, 51]]}}
    (runner.program / "lines.json").write_text(json.dumps(lines))
    text = runner.run(runner.call("flow:f")).error["traceback"]
    assert 'File "flow.py", line 103, in f' in text
    assert 'File "flow.py", line 105, in f' in text
    assert 'File "bad.py", line 51' in text
    assert str(runner.folder) not in text


def test_circular_imports(runner: Runner) -> None:
    """The entry module is imported first, as the user does."""
    runner.write(
        a="import b\nX = 1\ndef f(): return b.g()\n",
        b="import a\ndef g(): return a.X\ndef h(): return g()\n",
        c="import a\nfrom b import h\n",
    )
    assert runner.run(runner.call("b:h", entry="c")).code == 0
    assert runner.value() == 1


def test_singledispatch_and_shadowed_builtins(runner: Runner) -> None:
    runner.write(
        flow="""
import functools
def print(x): return "mine " + x
@functools.singledispatch
def show(x): return "any"
@show.register
def _(x: int): return "int"
def f(): return [show(1), show("a"), print("b")]
"""
    )
    runner.run(runner.call("flow:f"))
    assert runner.value() == ["int", "any", "mine b"]


def test_modules_named_like_the_runners(runner: Runner) -> None:
    runner.write(
        flow="import values, files, runner, child, plan\ndef f(): return [m.V for m in (values, files, runner, child, plan)]\n",
        **{n: f"V = {n!r}\n" for n in ("values", "files", "runner", "child", "plan")},
    )
    runner.run(runner.call("flow:f"))
    assert runner.value() == ["values", "files", "runner", "child", "plan"]


@pytest.mark.parametrize("folder", ["plain", "a:b c'$x"])
def test_spawned_processes_import_the_program(tmp_path: Path, folder: str) -> None:
    """Also where PYTHONPATH cannot name the folder."""
    (tmp_path / folder).mkdir()
    runner = Runner(tmp_path / folder)
    runner.write(
        flow="""
import multiprocessing
from wye import step
def double(x): return x * 2
@step
def f():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(double, [1, 2])
"""
    )
    assert runner.run(runner.call("flow:f")).code == 0
    assert runner.value() == [2, 4]


# --- faults ----------------------------------------------------------------------------------------------------------------------


def test_exit_zero_is_no_success(runner: Runner) -> None:
    runner.write(flow="import os\ndef f(): os._exit(0)\n")
    result = runner.run(runner.call("flow:f"))
    assert (result.code, result.done) == (1, False)
    assert result.error == {
        "type": [],
        "message": "the step's process ended with exit code 0 before the step returned",
        "traceback": "",
        "exit": 1,
    }
    assert result.error["message"] in result.stderr


def test_exit_and_kill(runner: Runner) -> None:
    runner.write(flow="import os, signal, sys\ndef f(): sys.exit(0)\ndef g(): os.kill(os.getpid(), signal.SIGKILL)\n")
    result = runner.run(runner.call("flow:f"))
    assert (result.code, result.error["type"][0]) == (1, "SystemExit")
    result = runner.run(runner.call("flow:g"))
    assert (result.code, result.error["message"]) == (1, "the step's process was killed by SIGKILL (out of memory?)")


def alive(marker: Path) -> list[int]:
    """Which processes that wrote their ids to a file are still there, waiting a little for the kernel to end them."""
    for _ in range(100):
        found = [
            int(p)
            for p in marker.read_text().split()
            if Path(f"/proc/{p}").exists() and "zombie" not in Path(f"/proc/{p}/status").read_text()
        ]
        if not found:
            break
        time.sleep(0.02)
    return found


FAMILY = """
import os, signal, time
def f(marker):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.fork()
    with open(marker, "a") as file: file.write(f"{os.getpid()}\\n")
    time.sleep(100)
"""
"""A step that ignores TERM, and so does the process that it starts."""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
def test_timeout_kills_the_whole_group(runner: Runner) -> None:
    runner.write(flow=FAMILY)
    marker = runner.folder / "pids"
    start = time.monotonic()
    result = runner.run(runner.call("flow:f", {"marker": str(marker)}, timeout=3), hasty=True)
    assert (result.code, result.error["exit"], result.error["type"]) == (124, 124, [])
    assert result.error["message"] == "the attempt took longer than 3 s"
    assert time.monotonic() - start < 30
    assert len(marker.read_text().split()) == 2
    assert alive(marker) == []


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_from_outside(runner: Runner, number: int) -> None:
    runner.write(flow=FAMILY.replace("signal.signal(", "("))
    marker = runner.folder / "pids"
    argv = [
        sys.executable,
        str(RUNTIME / "__main__.py"),
        *runner.argv(runner.call("flow:f", {"marker": str(marker)}, retry={"delays": [0, 0]})),
    ]
    process = subprocess.Popen(argv, start_new_session=True, stderr=subprocess.DEVNULL)
    while not marker.exists() or len(marker.read_text().split()) < 2:
        time.sleep(0.02)
    process.send_signal(number)
    assert process.wait(30) == 128 + number
    assert alive(marker) == []
    assert json.loads((runner.out / "error.json").read_text())["message"] == f"stopped by {signal.Signals(number).name}"


def test_daemon_that_holds_stdout(runner: Runner) -> None:
    """Neither the runner nor who reads its output waits for a process that the step left behind."""
    runner.write(flow="import subprocess, sys\ndef f(): subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)'])\n")
    start = time.monotonic()
    assert runner.run(runner.call("flow:f")).code == 0
    assert time.monotonic() - start < 30


def test_retries(runner: Runner) -> None:
    runner.write(
        flow="def f(marker):\n    open(marker, 'a').write('x')\n    assert len(open(marker).read()) > 2, 'too early'\n    return 'done'\n"
    )
    marker = str(runner.folder / "marker")
    result = runner.run(runner.call("flow:f", {"marker": marker}, retry={"delays": [0.01, 0.01]}))
    assert (result.code, result.error, runner.value()) == (0, None, "done")
    assert "attempt 2 of 3 failed; the next in 0.01 s" in result.stderr
    os.remove(marker)
    result = runner.run(runner.call("flow:f", {"marker": marker}, retry={"delays": [0.01]}))
    assert (result.code, result.error["message"], result.done) == (1, "too early", False)


def test_missing_secret(runner: Runner) -> None:
    runner.write(flow="import os\ndef f(): return os.environ['PGPASSWORD']\n")
    task = runner.call("flow:f", secrets=[{"name": "db-password", "env": "PGPASSWORD", "key": None}])
    result = runner.run(task)
    assert (result.code, result.error["exit"]) == (2, 2)
    assert "the secret 'db-password' is missing: the variable PGPASSWORD is not set" in result.stderr
    assert runner.run(task, env={"PGPASSWORD": "s3"}).code == 0
    assert runner.value() == "s3"


def test_bad_tasks(runner: Runner) -> None:
    result = runner.run({"op": "nonsense"})
    assert (result.code, "not a task file" in result.stderr) == (2, True)
    inputs = {"x": {"param": "x", "format": "json", "type": "any"}}
    result = runner.run(runner.call("flow:f", {"x": {"input": "x"}}, inputs=inputs))
    assert (result.code, result.error["message"]) == (2, "no value for the input 'x'")
    argv = runner.argv({})
    (runner.folder / "task.json").write_text("{")
    done = subprocess.run([sys.executable, str(RUNTIME / "__main__.py"), *argv], capture_output=True, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_bad_run_parameter(runner: Runner) -> None:
    runner.write(flow="def f(x): return x\n")
    runner.values = {"x": {"raw": "many"}}
    inputs = {"x": {"param": "count", "format": "json", "type": "int"}}
    result = runner.run(runner.call("flow:f", {"x": {"input": "x"}}, inputs=inputs))
    assert result.code == 1
    assert result.error["message"].startswith("parameter count: ")


def test_met_packages_need_no_pip(runner: Runner) -> None:
    version = __import__("importlib.metadata", fromlist=["version"]).version("pytest")
    runner.write(flow="def f(): return 1\n")
    assert runner.run(runner.call("flow:f", packages=[f"pytest=={version}"]), env={"PIP_NO_INDEX": "1"}).code == 0


def test_pip_failure_is_shown(runner: Runner) -> None:
    message = "no-such-package" if HAS_PIP else "No module named pip"
    runner.write(flow="def f(): return 1\n")
    result = runner.run(runner.call("flow:f", packages=["no-such-package==1"]), env={"PIP_NO_INDEX": "1"})
    assert result.code == 1
    assert "pip could not install no-such-package==1" in result.error["message"]
    assert message in result.error["message"]


@pytest.mark.skipif(not HAS_PIP, reason="this interpreter has no pip")
def test_packages_are_installed_for_the_step(runner: Runner) -> None:
    """With pip's own variables, from a folder of wheels, into scratch space; the step and its processes see the package."""
    import zipfile

    wheels = runner.folder / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "parcel-1.2-py3-none-any.whl", "w") as z:
        z.writestr("parcel.py", "CONTENT = 'tea'\n")
        z.writestr("parcel-1.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: parcel\nVersion: 1.2\n")
        z.writestr("parcel-1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr("parcel-1.2.dist-info/RECORD", "parcel.py,,\n")
    runner.write(
        flow="""
import subprocess, sys
import parcel
def f(): return [parcel.CONTENT, subprocess.check_output([sys.executable, "-c", "import parcel; print(parcel.CONTENT)"], text=True)]
"""
    )
    result = runner.run(runner.call("flow:f", packages=["parcel==1.2"]), env={"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)})
    assert (result.code, result.stdout) == (0, "")
    assert runner.value() == ["tea", "tea\n"]
