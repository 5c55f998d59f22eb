"""The service's rules as `kfp_interpreter` has them, on small documents by hand: the reasons for what the lowering does."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.append(str(Path(__file__).parents[2] / "engines"))
from kfp_interpreter import Broken, Result, evaluate, run

Json = dict[str, Any]


def container(argv: list[str], env: dict[str, str], cwd: Path) -> tuple[int, str]:
    """What `command` says: `give` writes its input x (or its own name) to each output, `fail` fails."""
    given = json.loads(argv[1])
    if argv[0] == "fail":
        return 1, ""
    for name, output in given["outputs"]["parameters"].items():
        place = Path(output["outputFile"])
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(str(given["inputs"]["parameterValues"].get("x", name)))
    return 0, ""


class Document:
    """A document on its way: components by name."""

    def __init__(self) -> None:
        self.components: Json = {}
        self.executors = {n: {"container": {"image": "i", "command": [n], "args": ["{{$}}"]}} for n in ("give", "fail")}

    def task(
        self, name: str, *, do: str = "give", after: tuple[str, ...] = (), x: Json | None = None, outputs: str = "Output", **more: Any
    ) -> Json:
        component: Json = {
            "executorLabel": do,
            "outputDefinitions": {"parameters": {n: {"parameterType": "STRING"} for n in outputs.split()}},
        }
        task: Json = {"componentRef": {"name": f"comp-{name}"}, "taskInfo": {"name": name}, "dependentTasks": list(after), **more}
        if x:
            component["inputDefinitions"] = {"parameters": {"x": {"parameterType": "LIST" if "loop" in json.dumps(x) else "STRING"}}}
            task["inputs"] = {"parameters": {"x": x}}
        self.components[f"comp-{name}"] = component
        return {name: task}

    def dag(
        self, name: str, tasks: Json, outputs: Json | None = None, inputs: Json | None = None, after: tuple[str, ...] = (), **more: Any
    ) -> Json:
        """`outputs`: where each comes from; `inputs`: by name, the source (a parameter of the parent)."""
        component: Json = {"dag": {"tasks": tasks, "outputs": {"parameters": outputs or {}}}}
        component["inputDefinitions"] = {"parameters": {n: {"parameterType": kind} for n, (kind, _) in (inputs or {}).items()}}
        self.components[f"comp-{name}"] = component
        given = {n: source for n, (_, source) in (inputs or {}).items() if source}
        task = {"componentRef": {"name": f"comp-{name}"}, "dependentTasks": list(after), "inputs": {"parameters": given}, **more}
        return {name: task}

    def run(self, tasks: Json, folder: Path, output: Json | None = None, seed: int = 0, **arguments: Any) -> Result:
        kinds = {bool: "BOOLEAN", list: "LIST", str: "STRING"}
        root: Json = {"dag": {"tasks": tasks, "outputs": {"parameters": {"Output": output} if output else {}}}}
        root["inputDefinitions"] = {"parameters": {n: {"parameterType": kinds[type(v)]} for n, v in arguments.items()}}
        spec = {"components": self.components, "deploymentSpec": {"executors": self.executors}, "root": root}
        return run(yaml.safe_dump(spec), arguments, folder, container, seed=seed)


def of(task: str, key: str = "Output") -> Json:
    return {"valueFromParameter": {"producerSubtask": task, "outputParameterKey": key}}


def read(task: str, key: str = "Output") -> Json:
    return {"taskOutputParameter": {"producerTask": task, "outputParameterKey": key}}


def oneof(*selectors: tuple[str, str]) -> Json:
    return {"valueFromOneof": {"parameterSelectors": [{"producerSubtask": t, "outputParameterKey": k} for t, k in selectors]}}


FLAG = {"flag": ("BOOLEAN", {"componentInputParameter": "flag"})}
YES, NO = ({"condition": f"{mark}(inputs.parameter_values['flag'] == true)"} for mark in ("", "!"))
ALL_DONE = {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}


@pytest.mark.parametrize(("flag", "ran"), [(True, ["a", "b"]), (False, [])])
def test_what_depends_on_a_skipped_task_is_left_out(flag: bool, ran: list[str], tmp_path: Path) -> None:
    d = Document()
    tasks = d.dag("condition-1", d.task("a"), inputs=FLAG, triggerPolicy=YES) | d.task("b", after=("condition-1",))
    result = d.run(tasks, tmp_path, flag=flag)
    assert result.succeeded, "and the run is green"
    assert [n for n, _ in result.ran] == ran


@pytest.mark.parametrize("flag", [True, False])
def test_a_dag_around_it_succeeds_whichever_way_it_goes(flag: bool, tmp_path: Path) -> None:
    d = Document()
    inner = d.dag("condition-2", d.task("a"), inputs=FLAG, triggerPolicy=YES)
    result = d.run(d.dag("branches-1", inner, inputs=FLAG) | d.task("b", after=("branches-1",)), tmp_path, flag=flag)
    assert [n for n, _ in result.ran][-1] == "b"


def branches(d: Document, last: Json) -> Json:
    """An `if` with a result; its first arm ends in `last`."""
    first = d.dag("condition-2", d.task("a") | last, {"r": of("a")}, FLAG, triggerPolicy=YES)
    second = d.dag("condition-3", d.task("b"), {"r": of("b")}, FLAG, triggerPolicy=NO)
    chosen = {"r": oneof(("condition-2", "r"), ("condition-3", "r"))}
    return d.dag("branches-1", first | second, chosen, FLAG) | d.task("c", after=("branches-1",), x=read("branches-1", "r"))


def test_a_join_takes_the_arm_that_is_complete(tmp_path: Path) -> None:
    for flag, name in ((True, "a"), (False, "b")):
        d = Document()
        result = d.run(branches(d, {}), tmp_path, of("c"), flag=flag)
        assert (result.succeeded, result.output) == (True, "Output"), result.log
        assert [n for n, _ in result.ran] == [name, "c"]


def test_an_arm_that_ends_in_something_skipped_is_never_complete(tmp_path: Path) -> None:
    d = Document()
    nothing = d.dag("condition-4", d.task("e"), inputs=FLAG, after=("a",), triggerPolicy=NO)
    result = d.run(branches(d, nothing), tmp_path, flag=True)
    assert not result.succeeded
    assert "No successful task found" in result.log


def test_nor_is_one_that_ends_in_a_task_from_the_cache(tmp_path: Path) -> None:
    d = Document()
    result = d.run(branches(d, d.task("e", after=("a",), cachingOptions={"enableCache": True})), tmp_path, flag=True)
    assert not result.succeeded
    d = Document()
    last = d.task("e", after=("a",), cachingOptions={"enableCache": True}) | d.task("f", after=("e",))
    assert d.run(branches(d, last), tmp_path, flag=True).succeeded


def loop(d: Document, body: Json, made: Json, name: str = "loop-1") -> Json:
    items = {"xs": ("LIST", {"componentInputParameter": "xs"}), "x": ("STRING", None)}
    return d.dag(name, body, {"r": made}, items, parameterIterator={"itemInput": "x", "items": {"inputParameter": "xs"}})


ITEM = {"componentInputParameter": "x"}


def test_a_loops_results_are_a_list(tmp_path: Path) -> None:
    d = Document()
    tasks = loop(d, d.task("a", x=ITEM), of("a")) | d.task("b", after=("loop-1",), x=read("loop-1", "r"))
    for seed in range(5):
        result = d.run(tasks, tmp_path, of("b"), seed, xs=["p", "", "q"])
        assert (result.succeeded, result.output) == (True, "['p', '', 'q']")


def test_no_list_is_collected_from_no_iterations(tmp_path: Path) -> None:
    d = Document()
    result = d.run(loop(d, d.task("a", x=ITEM), of("a")) | d.task("b", after=("loop-1",)), tmp_path, xs=[])
    assert (result.succeeded, result.ran) == (True, [("b", "succeeded")]), "the loop itself is well"
    d = Document()
    result = d.run(loop(d, d.task("a", x=ITEM), of("a")) | d.task("b", after=("loop-1",), x=read("loop-1", "r")), tmp_path, xs=[])
    assert not result.succeeded


def test_a_value_collected_through_a_join_is_not_found(tmp_path: Path) -> None:
    """It is looked for by the name that it has in an arm that another iteration took."""
    d = Document()
    of_item = {"x": ("STRING", ITEM)}
    yes, no = ({"condition": f"{mark}(inputs.parameter_values['x'] == 'p')"} for mark in ("", "!"))
    first = d.dag("condition-2", d.task("a", outputs="one two"), {"r": of("a", "one")}, of_item, triggerPolicy=yes)
    second = d.dag("condition-3", d.task("b", outputs="one two"), {"r": of("b", "two")}, of_item, triggerPolicy=no)
    body = d.dag("branches-1", first | second, {"r": oneof(("condition-2", "r"), ("condition-3", "r"))}, of_item)
    tasks = loop(d, body, of("branches-1", "r")) | d.task("c", after=("loop-1",), x=read("loop-1", "r"))
    assert d.run(tasks, tmp_path, of("c"), xs=["p", "p"]).output == "['one', 'one']"
    assert not d.run(tasks, tmp_path, of("c"), xs=["p", "q"]).succeeded


@pytest.mark.parametrize("do", ["give", "fail"])
def test_a_hook_runs_whatever_came_before(do: str, tmp_path: Path) -> None:
    d = Document()
    tasks = d.dag("exit-handler-1", d.task("a", do=do)) | d.task("b", after=("exit-handler-1",), triggerPolicy=ALL_DONE)
    tasks |= d.task("c", after=("exit-handler-1",))
    result = d.run(tasks, tmp_path)
    assert result.succeeded == (do == "give")
    assert [n for n, _ in result.ran] == (["a", "b", "c"] if do == "give" else ["a", "b"])


def test_a_hook_that_fails_does_not_fail_the_run(tmp_path: Path) -> None:
    d = Document()
    tasks = d.dag("exit-handler-1", d.task("a")) | d.task("b", do="fail", after=("exit-handler-1",), triggerPolicy=ALL_DONE)
    assert d.run(tasks, tmp_path).succeeded
    d = Document()
    inner = d.dag("exit-handler-2", d.task("a")) | d.task("b", do="fail", after=("exit-handler-2",), triggerPolicy=ALL_DONE)
    tasks = d.dag("try-1", inner, {"done": of("b")}) | d.task("c", after=("try-1",), x=read("try-1", "done"))
    result = d.run(tasks, tmp_path, of("c"))
    assert (result.succeeded, result.output) == (True, ""), "what reads a value of its gets the empty text"


def test_a_hook_runs_for_each_task_that_it_depends_on(tmp_path: Path) -> None:
    d = Document()
    result = d.run(d.task("a") | d.task("b") | d.task("c", after=("a", "b"), triggerPolicy=ALL_DONE), tmp_path)
    assert [n for n, _ in result.ran].count("c") == 2


def test_nothing_can_depend_on_a_hook(tmp_path: Path) -> None:
    d = Document()
    result = d.run(d.task("a") | d.task("b", after=("a",), triggerPolicy=ALL_DONE) | d.task("c", after=("b",)), tmp_path)
    assert not result.succeeded


def test_a_retry_starts_anew(tmp_path: Path) -> None:
    d = Document()
    result = d.run(d.task("a", do="fail", retryPolicy={"maxRetryCount": 2}), tmp_path)
    assert result.ran == [("a", "failed")] * 3


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("inputs.parameter_values['s'] == 'a' || inputs.parameter_values['b'] == true && inputs.parameter_values['n'] > 5", False),
        ("(inputs.parameter_values['s'] == '' || inputs.parameter_values['b'] == false) && int(inputs.parameter_values['n']) == 3", True),
        ("!(inputs.parameter_values['s'] != '') && !(!(inputs.parameter_values['n'] >= 3.5))", True),
        ("inputs.parameter_values['s'] == true", False),
        ("inputs.parameter_values['n'] < -1e3", False),
    ],
)
def test_conditions(condition: str, expected: bool) -> None:
    assert evaluate(condition, {"s": "", "b": False, "n": 3.5}) is expected


@pytest.mark.parametrize(
    "condition", ["inputs.parameter_values['x'] == 1", "inputs.parameter_values['s'] > 1", "inputs.parameter_values['s']", "1 +"]
)
def test_conditions_that_fail(condition: str) -> None:
    with pytest.raises(Broken):
        evaluate(condition, {"s": ""})
