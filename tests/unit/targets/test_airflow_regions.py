"""Regions on Airflow: the tasks, rules and edges that stand for them, and how the adapter decides, counts, joins and skips."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from wye.backend.capabilities import Place
from wye.ir import model as ir
from wye.ir.settings import Settings
from wye_targets.airflow import adapter
from wye_targets.airflow.capabilities import CAPABILITIES, AirflowOptions
from wye_targets.airflow.dag import Dag, Group, Task
from wye_targets.airflow.emit import calls
from wye_targets.airflow.tasks import lower_tasks

NOT_SET = Settings()


class Made:
    """A pipeline's tasks, and what its DAG function says after their definitions."""

    def __init__(self, pipeline: ir.Pipeline) -> None:
        body, edges = lower_tasks(pipeline, AirflowOptions())
        dag = Dag("d", "d", "", None, (), (), body, edges, (), False)
        self.tasks = {t.id: t for t in dag.tasks}
        self.lines = [line.strip() for line in [*calls(dag), *edges] if line]
        self.forms = {t.id: json.loads(t.file) for t in dag.tasks}

    def rule(self, task: str) -> str | None:
        return next((s.split('"')[1] for s in self.tasks[task].settings if s.startswith("trigger_rule")), None)


def block(*nodes: ir.Node, yields: tuple[ir.Expr, ...] = ()) -> ir.Block:
    return ir.Block(nodes, yields)


def test_an_if_is_a_branch_its_arms_and_a_join(build: Any) -> None:
    small = build.call("small", x=build.out("load"))
    test = ir.Compute(
        "if_1_test", ir.Unary("not", build.out("load"), "bool", build.span()), "json", "bool", NOT_SET, None, (), build.span()
    )
    arms = block(yields=(build.const({"a": "{{ ds }}"}),)), block(small, yields=(build.out("small"),))
    branch = ir.If("if_1", build.out("if_1_test", t="bool"), *arms, (), build.span())
    made = Made(build.pipeline(build.call("load"), test, branch, build.call("use", x=build.result("if_1"))))
    assert list(made.tasks) == ["load", "if_1", "small", "if_1_join", "use"]
    assert made.tasks["if_1"].decorator == "task.branch"
    assert made.forms["if_1"]["value"]["py"] == "not load"
    assert made.forms["if_1"]["arms"] == {"true": ["if_1_join"], "false": ["small", "if_1_join"]}
    assert (made.rule("small"), made.rule("if_1_join"), made.rule("use")) == (None, "none_failed_min_one_success", None)
    assert made.lines[-1:] == ["if_1_ >> [small_, if_1_join_]"]
    join = made.forms["if_1_join"]
    assert (join["gate"], join["outputs"]) == ("if_1", [{"name": "r0", "arms": {"true": "value", "false": "small"}}])
    assert "{{" not in made.tasks["if_1_join"].file


def test_an_elif_chain_is_one_branch(build: Any) -> None:
    def test(id: str, op: str) -> ir.Compute:
        value = ir.Compare(build.out("load"), ((op, build.const(3)),), "bool", build.span())
        return ir.Compute(id, value, "json", "bool", NOT_SET, None, (), build.span())

    inner = ir.If(
        "if_2",
        build.out("if_2_test", t="bool"),
        block(build.call("b"), yields=(build.out("b"),)),
        block(yields=(build.const(7),)),
        (),
        build.span(),
    )
    outer = ir.If(
        "if_1",
        build.out("if_1_test", t="bool"),
        block(build.call("a"), yields=(build.out("a"),)),
        block(test("if_2_test", ">"), inner, yields=(build.result("if_2"),)),
        (),
        build.span(),
    )
    made = Made(build.pipeline(build.call("load"), test("if_1_test", "=="), outer, build.call("use", x=build.result("if_1"))))
    assert list(made.tasks) == ["load", "if_1", "a", "b", "if_1_join", "use"]
    assert made.forms["if_1"]["value"]["py"] == "0 if load == 3 else 1 if load > 3 else 2"
    assert made.forms["if_1"]["arms"] == {"0": ["a", "if_1_join"], "1": ["b", "if_1_join"], "2": ["if_1_join"]}
    assert list(made.forms["if_1_join"]["outputs"][0]["arms"]) == ["0", "1", "2"]


def test_a_branch_waits_for_what_its_arms_read(build: Any) -> None:
    """Else a skipped reader would hide that the task before it failed."""
    branch = ir.If("if_1", build.out("flag", t="bool"), block(build.call("use", x=build.out("slow"))), block(), (), build.span())
    build.step("flag", ports={"out": "bool"})
    made = Made(build.pipeline(build.call("slow"), build.call("flag"), branch, build.call("end", after=("if_1",))))
    assert "slow_ >> if_1_" in made.lines
    assert made.rule("end") == "none_failed_min_one_success"
    assert "[use_, if_1_] >> end_" in made.lines
    assert made.forms["if_1"]["arms"] == {"true": ["use", "end"], "false": ["end"]}


def rows(build: Any) -> ir.Call:
    build.step("rows", ports={"out": ("list", "int")})
    call: ir.Call = build.call("rows")
    return call


def over(build: Any, *nodes: ir.Node, yields: tuple[ir.Expr, ...] = (), limit: int | None = None) -> ir.Map:
    return ir.Map("for_1", build.out("rows", t=("list", "int")), block(*nodes, yields=yields), limit, (), build.span())


def item(build: Any, t: Any = "int") -> ir.Item:
    return ir.Item("for_1", t, "json", build.span())


def starred(build: Any) -> ir.Result:
    return ir.Result("for_1", 0, ("list", "int"), "json*", build.span())


def test_a_loop_of_one_task_expands_and_its_readers_wait_for_its_list(build: Any) -> None:
    loop = over(build, build.call("inc", x=item(build), y=build.out("base")), yields=(build.out("inc"),), limit=4)
    made = Made(build.pipeline(rows(build), build.call("base"), loop, build.call("use", x=starred(build))))
    assert "inc_ = inc.partial(x=rows_, y=base_).expand(index=for_1_items_)" in made.lines
    assert made.tasks["inc"].settings == ("max_active_tis_per_dagrun=4",)
    assert made.rule("use") == "none_failed_min_one_success"
    assert made.lines[-2:] == ["base_ >> for_1_items_", "for_1_items_ >> use_"]
    assert made.forms["inc"]["inputs"]["x"] == {
        "item": {"task": "rows", "output": "out", "argument": "x"},
        "index": "index",
        "format": "json",
        "type": "int",
    }
    assert made.forms["use"]["inputs"]["x"]["each"] is True


def test_a_list_that_only_the_loop_reads_is_made_where_it_is_counted(build: Any) -> None:
    value = ir.Builtin("sorted", (build.out("rows", t=("list", "int")),), (), ("list", "int"), build.span())
    made_list = ir.Compute("for_1_items", value, "json", ("list", "int"), NOT_SET, None, (), build.span())
    loop = ir.Map("for_1", build.out("for_1_items", t=("list", "int")), block(build.call("inc", x=item(build))), None, (), build.span())
    made = Made(build.pipeline(rows(build), made_list, loop))
    assert list(made.tasks) == ["rows", "for_1_items", "inc"]
    assert made.forms["for_1_items"]["region"] == "items"
    assert 'inc.partial(x=for_1_items_["over"]).expand(index=for_1_items_)' in made.lines


def test_a_loop_of_more_is_a_group_whose_arms_guard_themselves(build: Any) -> None:
    build.step("odd", ports={"out": "bool"})
    deep = ir.If("if_2", ir.Param("flag", "bool", build.span()), block(build.call("c", x=build.out("b"))), block(), (), build.span())
    arms = (
        block(build.call("a", x=item(build)), build.call("b", x=build.out("a")), deep, yields=(build.out("b"),)),
        block(yields=(item(build),)),
    )
    branch = ir.If("if_1", build.out("odd", t="bool"), *arms, (), build.span())
    loop = over(build, build.call("odd", x=item(build)), branch, yields=(build.result("if_1"),))
    pipeline = build.pipeline(rows(build), loop, build.call("use", x=starred(build)), parameters={"flag": "bool"})
    made = Made(pipeline)
    assert made.forms["a"]["guards"] == [{"source": {"task": "odd", "output": "out", "argument": "odd"}, "is": True}]
    assert "guards" not in made.forms["b"]  # it is skipped with a
    flag = {"source": {"param": "flag", "type": "bool", "conf": "native"}, "is": True}
    assert made.forms["c"]["guards"] == [made.forms["a"]["guards"][0], flag]
    assert (made.rule("if_1_join"), made.rule("use")) == ("none_failed", "none_failed_min_one_success")
    assert made.lines[2:] == [
        "@task_group(prefix_group_id=False)",
        "def for_1(index):",
        "odd_ = odd(x=rows_, index=index)",
        "a_ = a(x=rows_, index=index, odd=odd_)",
        "b_ = b(x=a_)",
        "c_ = c(x=b_, odd=odd_)",
        "if_1_join_ = if_1_join(condition=odd_, b=b_, for_1=rows_, index=index)",
        "c_ >> if_1_join_",
        "return if_1_join_",
        "if_1_join_ = for_1.expand(index=for_1_items_)",
        "use_ = use(x=if_1_join_)",
        "for_1_items_ >> use_",
    ]


def test_what_a_loop_yields_without_a_task(build: Any) -> None:
    loop = over(build, build.call("note", ordered=True), yields=(item(build), build.const(3), build.out("base")))
    uses = [ir.Result("for_1", n, ("list", "int"), "json*", build.span()) for n in range(3)]
    made = Made(build.pipeline(rows(build), build.call("base"), loop, build.call("use", a=uses[0], b=uses[1], c=uses[2])))
    found = made.forms["use"]["inputs"]
    assert found["a"]["whole"] == {"task": "rows", "output": "out", "argument": "a"}
    assert (found["b"]["repeat"], found["b"]["items"]) == ({"text": "3"}, "items")
    assert found["c"]["repeat"]["task"] == "base"


def test_cleanup_waits_for_every_task_of_the_body_and_something_fails_with_it(build: Any) -> None:
    build.step("a")
    tried = ir.Try(
        "try_1",
        block(build.call("a"), build.call("b"), build.call("c", x=build.out("a"), y=build.out("b"))),
        (),
        None,
        block(build.call("clean")),
        (),
        build.span(),
    )
    made = Made(build.pipeline(tried))
    assert list(made.tasks) == ["a", "b", "c", "clean", "try_1_verdict"]
    assert made.rule("clean") == "all_done"
    assert made.lines[-2:] == ["[a_, b_, c_] >> clean_", "[c_, clean_] >> try_1_verdict_"]
    followed = Made(build.pipeline(tried, build.call("end", after=("try_1",))))
    assert "try_1_verdict" not in followed.tasks
    assert followed.lines[-1] == "[c_, clean_] >> end_"


def test_cleanup_is_entered_only_after_what_stands_before_the_try(build: Any) -> None:
    def tried(*after: str) -> ir.Try:
        return ir.Try("try_1", block(build.call("a")), (), None, block(build.call("clean")), after, build.span())

    one = Made(build.pipeline(build.call("load"), tried("load")))
    assert one.forms["clean"]["guards"] == [{"gate": "load"}]
    assert "load_ >> a_" in one.lines
    two = Made(build.pipeline(build.call("load"), build.call("more"), tried("load", "more")))
    assert two.forms["clean"]["guards"] == [{"gate": "try_1_enter"}]
    assert "[load_, more_] >> try_1_enter_" in two.lines
    inside = ir.If("if_1", ir.Param("flag", "bool", build.span()), block(tried()), block(), (), build.span())
    arm = Made(build.pipeline(inside, parameters={"flag": "bool"}))
    assert arm.forms["clean"]["guards"] == [{"gate": "if_1", "is": True}]


def test_names_of_regions_give_way_to_steps(build: Any) -> None:
    build.step("for_1_items", ports={"out": ("list", "int")})
    loop = ir.Map("for_1", build.out("for_1_items", t=("list", "int")), block(build.call("index", x=item(build))), None, (), build.span())
    made = Made(build.pipeline(build.call("for_1_items"), loop))
    assert list(made.tasks) == ["for_1_items", "for_1_items_2", "index"]
    assert "index.partial(x=for_1_items_).expand(index=for_1_items_2_)" in made.lines


# --- capabilities ---------------------------------------------------------------------------------------------------------------------


def row(feature: str, node: ir.Node, *inside: str) -> tuple[str, bool]:
    found = CAPABILITIES.row(feature, Place(node, inside), AirflowOptions())
    assert found.island == found.how.startswith("island: ")
    return found.level, found.island


def test_what_is_native_and_what_is_an_island(build: Any) -> None:
    branch = ir.If("if_1", build.out("x", t="bool"), block(), block(), (), build.span())
    assert row("if", branch, "if", "try") == ("native", False)
    assert row("if", branch, "map", "if") == ("emulated", False)
    loop = over(build, build.call("a"))
    assert row("map", loop, "if", "finally") == ("native", False)
    assert row("map", loop, "map") == ("emulated", True)
    assert row("map", over(build, build.call("b"), limit=3)) == ("native", False)
    assert row("map", over(build, build.call("c"), build.call("d"), limit=3)) == ("emulated", False)
    assert row("map", over(build, build.call("e"), limit=1)) == ("emulated", True)
    tried = ir.Try("try_1", block(), (), None, block(), (), build.span())
    assert row("try", tried, "if") == ("native", False)
    assert row("try", tried, "map") == ("emulated", True)
    handled = ir.Try("try_2", block(), (ir.Handler((), block(), build.span()),), None, None, (), build.span())
    assert row("try", handled) == ("emulated", True)


# --- the adapter ----------------------------------------------------------------------------------------------------------------------


class Skip(Exception):
    pass


class Ti:
    def __init__(self, **xcoms: Any) -> None:
        self.xcoms, self.task_id, self.map_index = xcoms, "t", -1

    def xcom_pull(self, task_ids: str, key: str, map_indexes: int) -> Any:
        assert map_indexes == -1
        return self.xcoms.get(f"{task_ids}_{key}")

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[f"{self.task_id}_{key}"] = value


@pytest.fixture(autouse=True)
def airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    conf = types.SimpleNamespace(conf=types.SimpleNamespace(getint=lambda *_, **__: 3))
    monkeypatch.setitem(sys.modules, "airflow", types.ModuleType("airflow"))
    monkeypatch.setitem(sys.modules, "airflow.configuration", conf)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "airflow.exceptions", types.SimpleNamespace(AirflowSkipException=Skip))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("guard", "xcoms", "inputs", "entered"),
    [
        ({"gate": "if_1", "is": True}, {"if_1_arm": True}, {}, True),
        ({"gate": "if_1", "is": True}, {"if_1_arm": False}, {}, False),
        ({"gate": "if_1", "is": 2}, {"if_1_arm": 2}, {}, True),
        ({"gate": "if_1", "is": False}, {}, {}, False),
        ({"gate": "load"}, {"load_return_value": {}}, {}, True),
        ({"gate": "load"}, {}, {}, False),
        ({"source": {"task": "c", "output": "out", "argument": "c"}, "is": False}, {}, {"c": {"out": {"text": "false"}}}, True),
        ({"source": {"task": "c", "output": "out", "argument": "c"}, "is": False}, {}, {"c": {"out": {"text": "true"}}}, False),
        ({"source": {"task": "c", "output": "out", "argument": "c"}, "is": False}, {}, {"c": None}, False),
        (
            {"source": {"item": {"task": "c", "output": "out", "argument": "c"}, "index": "i"}, "is": True},
            {},
            {"c": {"out": {"text": "[false, true]"}}, "i": "1"},
            True,
        ),
    ],
)
def test_guards(guard: Any, xcoms: Any, inputs: Any, entered: bool) -> None:
    task = {"id": "t", "guards": [guard]}
    if entered:
        adapter.check_guards(task, {"ti": Ti(**xcoms)}, inputs)
    else:
        with pytest.raises(Skip, match="t stands in a branch that is not taken"):
            adapter.check_guards(task, {"ti": Ti(**xcoms)}, inputs)


def test_a_branch_says_what_it_took_and_returns_what_to_follow() -> None:
    ti = Ti()
    task = {"id": "t", "arms": {"true": ["a"], "false": ["b", "c"]}}
    assert adapter.follow(task, False, {"ti": ti}) == ["b", "c"]
    assert ti.xcoms == {"t_arm": False}
    tests = {"test": {"text": "false"}, "test_1": {"value": True}, "test_2": {"raw": "true"}}
    assert adapter.decision(task, tests, {}) == 1
    assert adapter.decision(task, {"test": {"text": "false"}, "test_1": {"text": "false"}}, {}) == 2
    with pytest.raises(TypeError, match="the condition of t is not a bool: 1"):
        adapter.decision(task, {"test": {"text": "1"}}, {})


def test_items_are_counted_up_to_the_limit(tmp_path: Path) -> None:
    ti, task = Ti(), {"id": "t"}
    assert adapter.indices(task, {"text": "[5, null]"}, {}, {"ti": ti}) == ["0", "1"]
    assert ti.xcoms == {}
    assert adapter.indices(task, {"text": "[]"}, {"out": {"text": "[]"}}, {"ti": ti}) == []
    assert ti.xcoms == {"t_over": {"out": {"text": "[]"}}}
    for name in "012":
        (tmp_path / name).touch()
    assert adapter.length({"file": str(tmp_path), "format": "auto*"}) == 3
    with pytest.raises(ValueError, match=r"t: a list of 4 items is longer than Airflow's limit, \[core\] max_map_length = 3"):
        adapter.indices(task, {"raw": "[1, 2, 3, 4]"}, {}, {"ti": ti})
    with pytest.raises(TypeError, match="not a list: "):
        adapter.length({"raw": "{}"})


def test_a_join_gives_what_the_arm_taken_yields(tmp_path: Path) -> None:
    inputs = {"a": {"task": "a", "output": "out", "argument": "a"}, "value": {"text": "null"}}
    task = {"id": "t", "gate": "if_1", "inputs": inputs, "outputs": [{"name": "r0", "arms": {"true": "a", "false": "value"}}]}
    given = {"a": {"out": {"file": "/s/m"}}}

    def joined(**xcoms: Any) -> Any:
        return adapter.join(task, tmp_path, None, {"ti": Ti(**xcoms)}, given)

    assert joined(if_1_arm=True) == {"r0": {"file": "/s/m"}}
    assert joined(if_1_arm=False) == {"r0": {"text": "null"}}
    with pytest.raises(Skip):
        joined()


def test_a_joined_parameter_or_item_is_wire_text_whatever_its_reader_expects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`12` given for a str parameter is a text, even if the join's type is `str | int`."""
    ran: list[Any] = []

    def execute(task: Any, entries: Any, *_: Any) -> Any:
        ran.append((task["type"], entries["value"]))
        return {"out": {"text": '"12"'}}

    monkeypatch.setattr(adapter, "execute", execute)
    context = {"ti": Ti(), "params": {"s": "12"}}
    source = {"param": "s", "conf": "text", "type": "str", "format": "json"}
    assert adapter.settled(adapter.value_of(source, context, {}), source, tmp_path, None, context) == {"text": '"12"'}
    listed = {"item": {"raw": "[1]"}, "index": 0}
    adapter.settled(listed, {"type": "int"}, tmp_path, None, context)
    assert ran == [("str", {"raw": "12"}), ("int", listed)]
    text = r'[0, {"k": ["{{ ds }}", "\ud800\u0000\"\\", -0.0, 123456789012345678901, null]}]'
    item = adapter.settled({"item": {"text": text}, "index": 1}, {"type": "json"}, tmp_path, None, context)
    assert json.loads(item["text"]) == json.loads(text)[1]
    assert item["text"].count("{") == 1
    (tmp_path / "0").touch()
    whole = {"item": {"file": str(tmp_path), "format": "auto*"}, "index": 0}
    assert adapter.settled(whole, {"type": "any"}, tmp_path, None, context) is whole


def test_values_of_loops_are_found_where_they_are(tmp_path: Path) -> None:
    made = {"x": {"out": {"text": "[1, 2]"}}, "many": [{"out": {"text": "1"}}, {"out": {"file": "/s/b"}}], "items": ["0", "1"], "i": "1"}

    def found(source: Any, **more: Any) -> Any:
        return adapter.value_of(source, {"params": {}}, {**made, **more})

    x = {"task": "x", "output": "out", "argument": "x"}
    many = {"task": "m", "output": "out", "argument": "many", "each": True}
    assert found({"item": x, "index": "i"}) == {"item": {"text": "[1, 2]"}, "index": 1}
    assert found({"item": many, "index": "i"}) == {"file": "/s/b"}
    assert found(many) == {"list": [{"text": "1"}, {"file": "/s/b"}]}
    assert found(many, many=None) == {"list": []}
    assert found(many, many={"out": {"text": "1"}}) == {"list": [{"text": "1"}]}  # what Airflow 3 makes of a group of one
    assert found({"repeat": x, "items": "items"}) == {"list": [{"text": "[1, 2]"}] * 2}
    assert found({"whole": x}) == {"text": "[1, 2]"}
    assert found({"whole": x}, x={"out": {"file": "/s/l.json"}}) == {"format": "json", "file": "/s/l.json"}


def test_results_of_an_island_are_lists_of_their_own(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "r0").mkdir(parents=True)
    (out / "r1").mkdir()
    for n in range(11):
        (out / "r0" / f"{n}.json").write_text(str(n))
        (out / "r1" / str(n)).write_text("x")
    context = {"ti": types.SimpleNamespace(dag_id="d", run_id="r", task_id="t", try_number=1, map_index=4)}
    short = adapter.publish(out, {"name": "r0", "format": "json*"}, str(tmp_path / "s"), context)
    assert short == {"list": [{"text": str(n)} for n in range(11)]}
    moved = adapter.publish(out, {"name": "r1", "format": "auto*"}, str(tmp_path / "s"), context)
    assert moved["format"] == "auto*"
    assert Path(moved["file"]).parts[-3:] == ("4", "1", "r1")  # the item's own place


def test_groups_and_tasks_are_told_apart(build: Any) -> None:
    body, _ = lower_tasks(
        build.pipeline(rows(build), over(build, build.call("a", x=item(build)), build.call("b", x=build.out("a")))), AirflowOptions()
    )
    assert [type(part) for part in body] == [Task, Task, Group]
