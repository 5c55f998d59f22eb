"""Inlining, placement and the outputs task, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from wye import passes
from wye.diagnostics import CompileFailed
from wye.ir import model as ir
from wye.ir.settings import Settings
from wye.ir.text import expression
from wye.passes.inline import inline


def nodes(pipeline: ir.Pipeline) -> dict[str, str]:
    """Each task of the flat pipeline and what it evaluates."""
    shown = {}
    for node in passes.run(pipeline).body.nodes:
        exprs = [f"{n}={expression(e)}" for n, e in node.bindings] if isinstance(node, ir.Call) else [expression(node.value)]  # type: ignore[union-attr]
        shown[node.id] = ", ".join(exprs)
    return shown


# --- inlining -------------------------------------------------------------------------------------------------------------------


def test_parameters_and_results_are_checked_as_declared(build: Any) -> None:
    inner = build.pipeline(
        build.call("f", x=build.param("x", "float")), name="inner", parameters={"x": "float"}, returns=build.out("f", t="int"), t="float"
    )
    p = build.pipeline(
        build.call("load"),
        build.sub("inner", "inner", x=build.out("load")),
        build.call("g", y=build.result("inner", "float")),
        nested=(inner,),
    )
    assert nodes(p) == {"load": "", "inner_f": "x=cast(%load, float)", "g": "y=cast(%inner_f, float)"}


def test_equal_types_need_no_check_and_a_default_stands_in(build: Any) -> None:
    inner = build.pipeline(build.call("f", x=build.param("x")), name="inner", parameters={"x": "int"}, defaults={"x": build.const(7)})
    assert nodes(build.pipeline(build.sub("inner", "inner"), nested=(inner,))) == {"inner_f": "x=7"}


def test_ids_are_unique(build: Any) -> None:
    inner = build.pipeline(build.call("f"), name="inner")
    p = build.pipeline(build.call("inner_f"), build.sub("inner", "inner"), build.call("outputs"), nested=(inner,), returns=build.const(1))
    assert list(nodes(p)) == ["inner_f", "inner_f_2", "outputs", "outputs_2"]


def test_two_calls_and_two_levels(build: Any) -> None:
    low = build.pipeline(build.call("f", x=build.param("x")), name="low", parameters={"x": "int"}, returns=build.out("f"), t="int")
    high = build.pipeline(
        build.sub("low", "low", x=build.add(build.param("x"), build.const(1))),
        name="high", parameters={"x": "int"}, returns=build.result("low"), t="int", nested=(low,),
    )  # fmt: skip
    p = build.pipeline(
        build.sub("a", "high", x=build.const(1)), build.sub("b", "high", x=build.result("a")), returns=build.result("b"), nested=(high,)
    )
    assert nodes(p) == {"a_low_f": "x=1 + 1", "b_low_f": "x=%a_low_f + 1", "outputs": "%b_low_f"}


def test_an_item_of_a_tuple_is_read_alone(build: Any) -> None:
    t = ("tuple", "any", "int")
    pair = build.tuple(build.out("f", t="any"), build.out("g"))
    build.step("f", ports={"out": "any"})
    inner = build.pipeline(build.call("f"), build.call("g"), name="inner", returns=pair, t=t)
    result = build.result("inner", t)
    unpacked = ir.Unpack(result, 2, None, t, build.span())
    p = build.pipeline(
        build.sub("inner", "inner"), build.call("h", x=build.item(result, 1), y=build.item(unpacked, 0, "any")), nested=(inner,)
    )
    assert nodes(p)["h"] == "x=%inner_g, y=%inner_f"


def test_an_item_is_not_read_alone_when_its_neighbour_may_raise(build: Any) -> None:
    pair = build.tuple(build.out("f"), build.int_of(build.param("s", "str")))
    inner = build.pipeline(build.call("f"), name="inner", parameters={"s": "str"}, returns=pair, t="any")
    p = build.pipeline(
        build.sub("inner", "inner", s=build.const("x", "str")),
        build.call("h", x=build.item(build.result("inner", "any"), 0)),
        nested=(inner,),
    )
    assert nodes(p)["h"] == "x=(%inner_f, cast(int('x'), Any))[0]"


def test_what_may_raise_and_nobody_reads_still_raises(build: Any) -> None:
    inner = build.pipeline(name="inner", parameters={"x": "int"}, returns=build.int_of(build.const("y", "str")), t="int")
    p = build.pipeline(build.sub("inner", "inner", x=build.int_of(build.const("x", "str"))), nested=(inner,))
    assert nodes(p) == {"inner_x": "cast(int('x'), int)", "inner_result": "cast(int('y'), int)"}


def test_a_binding_that_may_raise_is_evaluated_before_a_lazy_use(build: Any) -> None:
    """`inner(int(s))` raises although `inner` may not look at its parameter."""
    lazy = ir.Select(build.param("flag", "bool"), build.param("x"), build.const(0), "int", build.span())
    inner = build.pipeline(build.call("f", y=lazy), name="inner", parameters={"x": "int", "flag": "bool"})
    p = build.pipeline(
        build.sub("inner", "inner", x=build.int_of(build.param("s", "str")), flag=build.param("flag", "bool")),
        nested=(inner,), parameters={"s": "str", "flag": "bool"},
    )  # fmt: skip
    assert nodes(p) == {"inner_f": "y=cast(int(s), int) if flag else 0"}


def test_nested_doubling_does_not_grow_without_bound(build: Any) -> None:
    inner = build.pipeline(build.call("f", x=build.param("x")), name="p0", parameters={"x": "int"})
    for n in range(1, 13):
        double = build.add(build.param("x"), build.param("x"))
        inner = build.pipeline(build.sub("q", f"p{n - 1}", x=double), name=f"p{n}", parameters={"x": "int"}, nested=(inner,))
    flat = passes.run(build.pipeline(build.sub("q", "p12", x=build.param("x")), parameters={"x": "int"}, nested=(inner,)))
    assert len(expression(flat.body.nodes[-1].bindings[0][1])) < 2000  # type: ignore[union-attr]


def test_an_empty_nested_pipeline_hands_its_waits_on(build: Any) -> None:
    empty = build.pipeline(name="empty", parameters={"x": "int"})
    p = build.pipeline(
        build.call("a"),
        build.call("b"),
        build.sub("empty", "empty", x=build.out("a"), after=("b",)),
        build.call("c", after=("empty",)),
        nested=(empty,),
    )
    assert inline(p).body.nodes[-1].after == ("b", "a")


# --- the return value -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("port", "declared", "value", "format"),
    [
        ("int", "float", "cast(%f, float)", "json"),
        ("float", "any", "%f", "json"),
        ("any", "any", "%f", "auto"),
        ("path", "path", "%f", "path"),
    ],
)
def test_the_outputs_task(build: Any, port: str, declared: str, value: str, format: str) -> None:
    build.step("f", ports={"out": port})
    flat = passes.run(build.pipeline(build.call("f"), returns=build.out("f", t=port), t=declared))
    node = flat.body.nodes[-1]
    assert isinstance(node, ir.Compute)
    assert (node.id, expression(node.value), node.format) == ("outputs", value, format)
    assert [(y.task, y.name, y.format) for y in flat.body.yields] == [("outputs", "out", format)]  # type: ignore[union-attr]


def test_no_return_value_no_outputs_task(build: Any) -> None:
    assert passes.run(build.pipeline(build.call("f"))).body.yields == ()


# --- placement ------------------------------------------------------------------------------------------------------------------


def field_of(build: Any, task: str) -> ir.Attr:
    return ir.Attr(build.out(task, t="any"), "coef", "any", build.span())


def test_an_expression_on_an_object_gets_its_makers_environment(build: Any) -> None:
    made = Settings(packages=("scikit-learn==1.7.2",), image="ml:1", python="/venv/bin/python", timeout=5.0)
    build.step("train", ports={"out": "any"}, settings=made)
    flat = passes.run(build.pipeline(build.call("train"), build.call("use", x=field_of(build, "train")), parameters={}))
    assert [n.id for n in flat.body.nodes] == ["train", "use_x", "use"]
    task = flat.body.nodes[1]
    assert isinstance(task, ir.Compute)
    assert task.settings == Settings(packages=made.packages, image="ml:1", python="/venv/bin/python")
    assert expression(flat.body.nodes[2].bindings[0][1]) == "%use_x"  # type: ignore[union-attr]


def test_such_a_task_waits_as_its_consumer_does(build: Any) -> None:
    build.step("train", ports={"out": "any"}, settings=Settings(packages=("a",)))
    flat = passes.run(build.pipeline(build.call("train"), build.call("check", ordered=True), build.call("use", x=field_of(build, "train"))))
    assert {n.id: n.after for n in flat.body.nodes} == {"train": (), "check": ("train",), "use_x": ("check",), "use": ("check",)}


def test_it_stays_where_the_environments_are_one(build: Any) -> None:
    made = Settings(packages=("b", "a"))
    build.step("train", ports={"out": "any"}, settings=made)
    build.step("use", settings=Settings(packages=("a", "b")))
    flat = passes.run(build.pipeline(build.call("train"), build.call("use", x=field_of(build, "train"))))
    assert [n.id for n in flat.body.nodes] == ["train", "use"]


def test_an_object_is_handed_over_as_it_is(build: Any) -> None:
    build.step("train", ports={"out": "any"}, settings=Settings(packages=("a",)))
    flat = passes.run(
        build.pipeline(build.call("train"), build.call("use", x=build.out("train", t="any")), returns=build.out("train", t="any"))
    )
    assert [n.id for n in flat.body.nodes] == ["train", "use", "outputs"]
    assert flat.body.nodes[2].settings.packages == ("a",)  # type: ignore[union-attr]


def test_objects_of_two_environments_in_one_expression_are_refused(build: Any) -> None:
    for name in "ab":
        build.step(name, ports={"out": "any"}, settings=Settings(packages=(name,)))
    both = build.add(build.out("a", t="any"), build.out("b", t="any"), "any")
    p = build.pipeline(build.call("a"), build.call("b"), build.call("use", x=both))
    with pytest.raises(CompileFailed) as failure:
        passes.run(p)
    (problem,) = failure.value.diagnostics
    assert (problem.code, problem.span, problem.help) == ("WYE3010", both.span, "compute it in a step")
    assert [label.text for label in problem.labels] == ["made with packages a", "made with packages b"]
