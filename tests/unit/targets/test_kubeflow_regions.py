"""Run-time control flow in a Kubeflow specification: sub-DAGs, conditions, joins, loops, exit handlers, and no task too many."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from wye.backend.check import check
from wye.backend.report import report_json
from wye.driver import compile_source, compile_target
from wye.passes import islands
from wye_targets.kubeflow import Kubeflow
from wye_targets.kubeflow.capabilities import Options

HEAD = """\
from pathlib import Path
from typing import Any
from wye import Retry, Secret, each, pipeline, step

class Thing:
    pass

@step
def make(n: int = 0) -> Any:
    return Thing()

@step
def use(thing: Any, n: int = 0) -> int:
    return n

@step
def num(n: int = 0) -> int:
    return n

@step(cache=True)
def kept(n: int = 0) -> int:
    return n

@step
def word(n: int = 0) -> str:
    return str(n)

@step
def score(n: int = 0) -> float:
    return n / 2

@step
def names(n: int = 0) -> list[str]:
    return [str(n)]

@step
def things(n: int = 0) -> tuple[list[int], float]:
    return [n], 0.5

@step
def done(text: str) -> bool:
    return True

@step
def note(text: str) -> None:
    pass

"""

Spec = dict[str, Any]


def build(folder: Path, body: str) -> Spec:
    file = folder / "flow.py"
    file.write_text(HEAD + body, "utf-8")
    files, _ = compile_target(compile_source(file), Kubeflow(), Options())
    found: Spec = next(iter(yaml.load_all(files[0].text, yaml.CSafeLoader)))
    return found


def flow(folder: Path, body: str, signature: str = "", options: str = "") -> Spec:
    lines = "".join(f"    {line}\n" for line in body.strip("\n").split("\n"))
    return build(folder, f"@pipeline({options})\ndef flow({signature}):\n{lines}")


def dag(spec: Spec, *path: str) -> Spec:
    """The DAG inside tasks."""
    found = spec["root"]["dag"]
    for name in path:
        found = spec["components"][found["tasks"][name]["componentRef"]["name"]]["dag"]
    return dict(found)


def tasks(spec: Spec, *path: str) -> Spec:
    return dict(dag(spec, *path)["tasks"])


def after(spec: Spec, *path: str) -> list[str]:
    return list(tasks(spec, *path[:-1])[path[-1]].get("dependentTasks", ()))


def call(spec: Spec, *path: str) -> Spec:
    """What the adapter is told about one task."""
    task = tasks(spec, *path[:-1])[path[-1]]
    label = spec["components"][task["componentRef"]["name"]]["executorLabel"]
    common = json.loads(spec["deploymentSpec"]["executors"][label]["container"]["args"][1])
    own = task.get("inputs", {}).get("parameters", {}).get("wye-call", {}).get("runtimeValue", {}).get("constant", "{}")
    return {**common, **json.loads(own)}


# --- if -----------------------------------------------------------------------------------------------------------------------------


def test_elif_chains_are_one_branch(tmp_path: Path) -> None:
    spec = flow(
        tmp_path,
        """
w = word(n)
if w == "a":
    x = num(1)
elif flag:
    x = num(2)
elif n > 3:
    x = num(3)
else:
    x = 4
return x
""",
        "n: int, flag: bool",
    )
    assert set(tasks(spec)) == {"word", "condition-branches-1"}, "no task for a condition, none for the result"
    branches = tasks(spec, "condition-branches-1")
    w, flag, n = (f"inputs.parameter_values['pipelinechannel--{x}']" for x in ("word-Output", "flag", "n"))
    assert {name: t["triggerPolicy"]["condition"] for name, t in branches.items()} == {
        "condition-2": f"{w} == '\"a\"'",
        "condition-3": f"!({w} == '\"a\"') && {flag} == true",
        "condition-4": f"!({w} == '\"a\"') && !({flag} == true) && int({n}) > 3",
        "condition-5": f"!({w} == '\"a\"') && !({flag} == true) && !(int({n}) > 3)",
    }
    name = "pipelinechannel--condition-branches-1-oneof-1"
    chosen = [{"outputParameterKey": name, "producerSubtask": f"condition-{i}"} for i in (2, 3, 4, 5)]
    assert dag(spec, "condition-branches-1")["outputs"]["parameters"] == {name: {"valueFromOneof": {"parameterSelectors": chosen}}}
    assert spec["root"]["dag"]["outputs"]["parameters"]["Output"]["valueFromParameter"] == {
        "outputParameterKey": name,
        "producerSubtask": "condition-branches-1",
    }
    assert call(spec, "condition-branches-1", "condition-5", "x")["op"] == "pass", "a constant, under the name that the source has for it"


def test_an_if_that_nothing_waits_for_is_one_condition(tmp_path: Path) -> None:
    spec = flow(tmp_path, "if flag:\n    note('a')", "flag: bool")
    assert tasks(spec)["condition-1"]["triggerPolicy"]["condition"] == "inputs.parameter_values['pipelinechannel--flag'] == true"
    assert set(tasks(spec)) == {"condition-1"}


def test_an_if_that_something_waits_for_is_wrapped(tmp_path: Path) -> None:
    """A task starts when what it depends on has succeeded, and what was skipped has not."""
    spec = flow(tmp_path, "if flag:\n    note('a')\nnote('b')", "flag: bool")
    assert after(spec, "note-2") == ["condition-branches-1"]
    assert set(tasks(spec, "condition-branches-1")) == {"condition-2"}


def test_a_condition_that_kfp_has_none_for_is_a_task(tmp_path: Path) -> None:
    spec = flow(tmp_path, "if text == 'a' or len(text) > 3:\n    note('a')", "text: str")
    assert after(spec, "condition-1") == ["if-1-test"]
    condition = tasks(spec)["condition-1"]["triggerPolicy"]["condition"]
    assert condition == "inputs.parameter_values['pipelinechannel--if-1-test-Output'] == 'true'"


def test_the_order_of_an_outputs_number_is_asked_natively(tmp_path: Path) -> None:
    spec = flow(tmp_path, "s = score(1)\nif 0.2 < s < 0.8 or s == 1:\n    note('a')\nreturn s")
    assert set(tasks(spec)) == {"score", "condition-1"}
    outputs = spec["components"]["comp-score"]["outputDefinitions"]["parameters"]
    assert {n: p["parameterType"] for n, p in outputs.items()} == {
        "Output": "STRING",
        "Output-number": "NUMBER_DOUBLE",
        "Output-number-nan-high": "NUMBER_DOUBLE",
    }
    low, high = (f"inputs.parameter_values['pipelinechannel--score--Output-number{x}']" for x in ("", "-nan-high"))
    assert tasks(spec)["condition-1"]["triggerPolicy"]["condition"] == f"({low} > 0.2 && {high} < 0.8) || {low} == 1.0"


def test_a_condition_that_is_read_again_stays_a_task(tmp_path: Path) -> None:
    spec = flow(tmp_path, "ok = num(1) > 3\nif ok:\n    note('a')\nif ok:\n    note('b')\nreturn ok")
    conditions = [t["triggerPolicy"]["condition"] for t in tasks(spec).values() if "triggerPolicy" in t]
    assert all("Output-number'" in c or c.endswith("== 'true'") for c in conditions)
    assert len(conditions) + sum(n.startswith("condition-branches") for n in tasks(spec)) == 2


def test_values_cross_every_border(tmp_path: Path) -> None:
    spec = flow(tmp_path, "t = make(1)\nif flag:\n    if n > 1:\n        use(t, n)", "flag: bool, n: int")
    whole = tasks(spec)["condition-1"]["inputs"]
    assert whole["artifacts"]["pipelinechannel--make-Output"] == {
        "taskOutputArtifact": {"outputArtifactKey": "Output", "producerTask": "make"}
    }
    assert whole["parameters"]["pipelinechannel--n"] == {"componentInputParameter": "n"}
    inner = tasks(spec, "condition-1")["condition-2"]["inputs"]
    assert inner["artifacts"]["pipelinechannel--make-Output"] == {"componentInputArtifact": "pipelinechannel--make-Output"}
    used = tasks(spec, "condition-1", "condition-2")["use"]["inputs"]
    assert used["artifacts"]["thing"] == {"componentInputArtifact": "pipelinechannel--make-Output"}
    assert used["parameters"]["n"] == {"componentInputParameter": "pipelinechannel--n"}
    assert after(spec, "condition-1") == ["make"]


def test_a_join_of_artifacts(tmp_path: Path) -> None:
    spec = flow(
        tmp_path,
        "t = make(1)\nif flag:\n    k = make(2)\nelse:\n    k = t\nif flag:\n    j = t\nelse:\n    j = 'text'\nuse(k)\nuse(j)",
        "flag: bool",
    )
    name = "pipelinechannel--condition-branches-1-oneof-1"
    chosen = [{"outputArtifactKey": name, "producerSubtask": f"condition-{i}"} for i in (2, 3)]
    assert dag(spec, "condition-branches-1")["outputs"]["artifacts"] == {name: {"artifactSelectors": chosen}}
    assert call(spec, "condition-branches-1", "condition-3", "k")["outputs"][0]["format"] == "auto"
    texts = call(spec, "condition-branches-4", "condition-6", "j-2")
    assert (texts["op"], texts["inputs"]["value"]["as"], texts["outputs"][0]["format"]) == ("pass", "text", "auto"), "text becomes a file"


def test_an_arm_that_fails_gives_no_result(tmp_path: Path) -> None:
    spec = flow(tmp_path, "if flag:\n    x = num(1)\nelse:\n    raise ValueError('no')\nreturn x", "flag: bool")
    (output,) = dag(spec, "condition-branches-1")["outputs"]["parameters"].values()
    assert [s["producerSubtask"] for s in output["valueFromOneof"]["parameterSelectors"]] == ["condition-2"]
    assert set(tasks(spec, "condition-branches-1", "condition-3")) == {"fail"}


def test_what_a_join_looks_at_ends_in_a_container(tmp_path: Path) -> None:
    """A join takes the arm whose DAG is complete, and only the end of a container that runs completes a DAG."""
    spec = flow(
        tmp_path,
        """
if flag:
    x = kept(1)
    if n > 2:
        note("a")
    for i in names(n):
        note(i)
else:
    x = num(2)
return x
""",
        "flag: bool, n: int",
    )
    arm = ("condition-branches-1", "condition-2")
    assert call(spec, *arm, "x")["op"] == "pass", "the result of a task with a cache is handed on"
    assert set(after(spec, *arm, "x")) == {"kept", "map-6"}
    empty = tasks(spec, *arm, "condition-branches-3", "condition-5")
    assert [call(spec, *arm, "condition-branches-3", "condition-5", t)["op"] for t in empty] == ["pass"], "also where nothing is to be done"
    loop = tasks(spec, *arm, "map-6")["for-loop-7"]
    assert loop["parameterIterator"]["items"]["inputParameter"].endswith("items-or-none"), "also where there are no items"
    assert set(tasks(spec, "condition-branches-1", "condition-8")) == {"num"}


# --- map ----------------------------------------------------------------------------------------------------------------------------


def test_a_loop_over_an_output(tmp_path: Path) -> None:
    spec = flow(tmp_path, "w = word(n)\nfound = [num(len(x) + len(w)) for x in each(names(n), max_parallel=3)]\nreturn found", "n: int")
    assert set(tasks(spec)) == {"word", "names", "map-1", "outputs"}
    assert {n: p["parameterType"] for n, p in spec["components"]["comp-names"]["outputDefinitions"]["parameters"].items()} == {
        "Output": "STRING",
        "items-or-none": "LIST",
    }
    loop = tasks(spec, "map-1")["for-loop-2"]
    assert loop["parameterIterator"] == {
        "itemInput": "pipelinechannel--for-loop-2-item",
        "items": {"inputParameter": "pipelinechannel--names-items-or-none"},
    }
    assert loop["iteratorPolicy"] == {"parallelismLimit": 3}
    assert all("componentInputParameter" in i for i in loop["inputs"]["parameters"].values()), "kfp.local replaces any other"
    inner = tasks(spec, "map-1", "for-loop-2")["num"]["inputs"]["parameters"]
    assert {"componentInputParameter": "pipelinechannel--for-loop-2-item"} in inner.values()
    assert {"componentInputParameter": "pipelinechannel--word-Output"} in inner.values()
    collected = spec["components"]["comp-for-loop-2"]["outputDefinitions"]["parameters"]
    assert collected == {"pipelinechannel--map-1-collected-1": {"parameterType": "LIST"}}
    assert after(spec, "outputs") == ["map-1"]


def test_a_loop_whose_results_nobody_reads_has_as_many_iterations_as_items(tmp_path: Path) -> None:
    spec = flow(tmp_path, "for x in names(n):\n    note(x)", "n: int")
    assert call(spec, "names")["items"] == {"out": {"items": False}}
    assert "guards" not in call(spec, "map-1", "for-loop-2", "note")


def test_in_a_loop_whose_results_are_read_every_task_looks_whether_there_is_an_item(tmp_path: Path) -> None:
    spec = flow(
        tmp_path,
        """
out = []
for x in names(n):
    for y in names(2):
        a = num(1)
        out.append(use(make(a), len(x + y)))
return out
""",
        "n: int",
    )
    outer = ("map-1", "for-loop-2")
    inner = next((*outer, t, u) for t in tasks(spec, *outer) if t.startswith("map") for u in tasks(spec, *outer, t))
    assert len(call(spec, *inner, "num")["guards"]) == 2, "the item of each loop around"
    for task in tasks(spec, *inner):
        given = tasks(spec, *inner)[task]["inputs"]["parameters"]
        guards = call(spec, *inner, task)["guards"]
        items = {given[g]["componentInputParameter"] for g in guards}
        assert items == {"pipelinechannel--for-loop-2-item", f"pipelinechannel--{inner[-1]}-item"}, task


def test_a_loop_over_a_run_parameter_has_a_task_for_the_items(tmp_path: Path) -> None:
    spec = flow(tmp_path, "for x in xs:\n    num(x)", "xs: list[int]")
    assert call(spec, "items")["op"] == "pass"
    assert after(spec, "map-1") == ["items"]


def test_a_loop_over_a_loops_results_needs_no_task_between(tmp_path: Path) -> None:
    spec = flow(tmp_path, "a = [num(len(x)) for x in names(1)]\nb = [use(make(y), y) for y in a]\nreturn b")
    assert set(tasks(spec)) == {"names", "map-1", "map-3", "outputs"}
    assert after(spec, "map-3") == ["map-1"]


def test_a_loop_over_artifacts_goes_by_their_numbers(tmp_path: Path) -> None:
    spec = flow(tmp_path, "ts = [make(len(x)) for x in names(1)]\nreturn [use(t) for t in ts]")
    assert (
        spec["components"]["comp-map-1"]["outputDefinitions"]["artifacts"]["pipelinechannel--map-1-collected-1"]["isArtifactList"] is True
    )
    assert call(spec, "items")["inputs"]["value"]["as"] == "files"
    read = call(spec, "map-3", "for-loop-4", "use")
    assert read["inputs"]["thing"] == {"as": "files", "index": "thing-index", "format": "auto", "type": "any"}
    assert read["guards"] == ["thing-index"]


def test_what_a_loop_collects_is_made_in_the_loop_itself(tmp_path: Path) -> None:
    """The service follows a collected value through a join by the wrong name."""
    spec = flow(
        tmp_path,
        """
out = []
for x in names(1):
    if x == "a":
        y = num(1)
    else:
        y = things(2)[0]
    out.append(y)
return out
""",
    )
    loop = dag(spec, "map-1", "for-loop-2")
    (output,) = loop["outputs"]["parameters"].values()
    made = output["valueFromParameter"]["producerSubtask"]
    assert call(spec, "map-1", "for-loop-2", made)["op"] in ("pass", "compute")
    assert not made.startswith("condition")


# --- try ----------------------------------------------------------------------------------------------------------------------------


def test_a_clean_up_is_the_hook_of_an_exit_handler(tmp_path: Path) -> None:
    spec = flow(tmp_path, "w = word(1)\ntry:\n    x = num(2)\nfinally:\n    note(w)\nnote('after')\nreturn x")
    inside = tasks(spec, "try-1")
    assert set(inside) == {"exit-handler-2", "note"}, "a clean-up of one task is that task"
    assert inside["note"]["triggerPolicy"] == {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
    assert inside["note"]["dependentTasks"] == ["exit-handler-2"], "the service runs it once for each"
    assert inside["note"]["inputs"]["parameters"]["text"] == {"componentInputParameter": "pipelinechannel--word-Output"}
    assert after(spec, "try-1") == ["word"]
    assert after(spec, "verdict") == ["try-1"]
    assert tasks(spec)["verdict"]["inputs"]["parameters"]["value"]["taskOutputParameter"]["producerTask"] == "try-1"
    assert after(spec, "note-2") == ["verdict"]


def test_a_clean_up_of_several_tasks_is_a_dag(tmp_path: Path) -> None:
    spec = flow(tmp_path, "try:\n    note('a')\nfinally:\n    note('b')\n    if flag:\n        note('c')", "flag: bool")
    assert tasks(spec, "try-1")["finally-3"]["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    (ends,) = (n for n, t in tasks(spec, "try-1", "finally-3").items() if t["componentRef"]["name"].startswith("comp-pass"))
    assert after(spec, "try-1", "finally-3", ends) == ["condition-branches-4"], "what says that it is done waits for all of it"


def test_try_inside_other_regions(tmp_path: Path) -> None:
    spec = flow(
        tmp_path,
        "for x in names(1):\n    if flag:\n        try:\n            note(x)\n        finally:\n            note('c')",
        "flag: bool",
    )
    assert set(tasks(spec, "map-1", "for-loop-2", "condition-3")) == {"try-4", "verdict"}


# --- the rest -----------------------------------------------------------------------------------------------------------------------

WHILE = "x = n\nwhile x < 5:\n    x = num(x + 1)\nreturn x"


def test_an_island_is_one_executor_with_every_program_and_the_interpreter(tmp_path: Path) -> None:
    spec = flow(tmp_path, WHILE, "n: int")
    (island,) = (n for n in tasks(spec) if n.startswith("while"))
    container = spec["deploymentSpec"]["executors"][f"exec-{island}"]["container"]
    task = json.loads(container["args"][1])
    assert (task["op"], task["plan"]["nodes"][0]["op"]) == ("island", "while")
    assert "retryPolicy" not in tasks(spec)[island]
    programs = {a.partition("\n")[0] for a in container["args"][2:-1]}
    assert programs == {"# flow.num/flow.py", "# flow.num/lines.json"}
    assert "wye_runtime/plan.py" in json.loads(zlib.decompress(base64.b64decode(container["args"][-1])))
    other = flow(tmp_path, "return num(1)")["deploymentSpec"]["executors"]["exec-num"]["container"]["args"][-1]
    assert "wye_runtime/plan.py" not in json.loads(zlib.decompress(base64.b64decode(other)))


def test_groups_do_not_take_the_names_of_steps(tmp_path: Path) -> None:
    source = """
@step(name="condition_1")
def one() -> bool:
    return True

@step(name="pass")
def two() -> None:
    pass

@pipeline(name="condition_2")
def flow():
    if one():
        two()
    else:
        x = num(1)
"""
    spec = build(tmp_path, source)
    names = list(spec["components"])
    assert {"comp-condition-1", "comp-pass"} <= set(names)
    assert "condition-1" not in tasks(spec, "condition-branches-1")
    assert "comp-condition-2" not in names, "kfp takes a document with a component of the pipeline's name for that component"


def test_at_most_so_many_tasks_at_a_time(tmp_path: Path) -> None:
    body = """
a, b, c = num(1), num(2), num(3)
for x in names(n):
    d = num(4)
    e = num(5)
    f = num(6)
    use(make(d + e + f), a + b + c)
g = num(7)
return g
"""
    spec = flow(tmp_path, body, "n: int", "max_parallel=2")
    assert after(spec, "num-3") == ["num"]
    (whole,) = (n for n in tasks(spec) if n.startswith("map"))
    assert set(after(spec, whole)) >= {"num", "num-2", "num-3", "names"}, "what a loop holds runs with nothing beside it"
    assert after(spec, "num-7") == [whole]
    (loop,) = tasks(spec, whole)
    assert tasks(spec, whole)[loop]["iteratorPolicy"] == {"parallelismLimit": 2}
    assert after(spec, whole, loop, "num-5") == ["num-4"], "and two iterations at a time have one task each"


def test_a_pipeline_without_a_task_has_one(tmp_path: Path) -> None:
    assert set(tasks(flow(tmp_path, "pass"))) == {"pass"}


@pytest.mark.parametrize(
    ("body", "feature", "level", "how"),
    [
        ("if flag:\n    note('a')", "if", "native", "triggerPolicy.condition"),
        ("t = make(1) if flag else make(2)\nreturn use(t)", "if", "native", "since 2.17"),
        ("if num(1) > 3:\n    note('a')", "predicate", "native", "triggerPolicy.condition"),
        ("if word(1) == 'it is':\n    note('a')", "predicate", "emulated", "predicate: "),
        ("for x in names(1):\n    note(x)", "map", "native", "parameterIterator"),
        (WHILE.replace("n\n", "1\n", 1), "while", "emulated", "island: "),
        ("x = 0\nfor y in names(1):\n    x = num(x)\nreturn x", "for", "emulated", "island: "),
        ("try:\n    note('a')\nfinally:\n    note('b')", "try", "native", "ALL_UPSTREAM_TASKS_COMPLETED"),
        ("try:\n    note('a')\nexcept ValueError:\n    note('b')", "try", "emulated", "island: "),
        ("assert flag", "fail", "native", "a task"),
    ],
)
def test_the_report_says_how(body: str, feature: str, level: str, how: str, tmp_path: Path) -> None:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    (tmp_path / "flow.py").write_text(f"{HEAD}@pipeline\ndef flow(flag: bool = True):\n{lines}")
    _, checked = compile_target(compile_source(tmp_path / "flow.py"), Kubeflow(), Options())
    rows = [r for r in report_json(checked)["rows"] if r["feature"] == feature]
    assert [(r["level"], how in r["how"]) for r in rows] == [(level, True)], rows
    assert all(r["link"].startswith("https://") for r in rows)


def test_the_report_and_the_specification_agree_on_conditions(tmp_path: Path) -> None:
    """A row says `native` where there is no task."""
    for condition in (
        "num(1) > 3",
        "word(1) == 'a'",
        "word(1) == 'a b'",
        "not score(1) <= 2",
        "names(1)",
        "score(1) > 1e300",
        "m > 2",
        "text",
    ):
        (tmp_path / "flow.py").write_text(
            f"{HEAD}@pipeline\ndef flow(m: int = 1, text: str = ''):\n    if {condition}:\n        note('a')\n"
        )
        files, checked = compile_target(compile_source(tmp_path / "flow.py"), Kubeflow(), Options())
        native = [r["level"] == "native" for r in report_json(checked)["rows"] if r["feature"] == "predicate"]
        spec = next(iter(yaml.load_all(files[0].text, yaml.CSafeLoader)))
        assert native == [not any(n.endswith("-test") for n in tasks(spec))], condition


def test_the_whole_pipeline_as_islands(tmp_path: Path) -> None:
    """As for a target that has no regions: the lowering takes any island."""
    (tmp_path / "flow.py").write_text(
        f"{HEAD}@pipeline\ndef flow():\n    out = [make(len(x)) for x in names(1)]\n    return [use(t) for t in out]\n"
    )
    made = islands(compile_source(tmp_path / "flow.py"), lambda node, around: "why not", "kubeflow")
    target = Kubeflow()
    files = target.emit(target.lower(check(made, target, Options()), Options()))
    spec = next(iter(yaml.load_all(files[0].text, yaml.CSafeLoader)))
    assert sum(t["componentRef"]["name"].startswith("comp-for") for t in tasks(spec).values()) == 2
