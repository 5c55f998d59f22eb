"""The passes over regions: what they evaluate becomes tasks, edges stop at their borders, environments reach into them, islands."""

from __future__ import annotations

from typing import Any

import pytest

from wye.diagnostics import CompileFailed, Span
from wye.ir import model as ir
from wye.ir.settings import Settings
from wye.ir.text import show
from wye.ir.verify import verify
from wye.passes.islands import islands
from wye.passes.lift import lift
from wye.passes.place import place
from wye.passes.settle import settle
from wye.sdk.settings import Resources, Secret


def body(p: ir.Pipeline) -> list[str]:
    """The lines of the pipeline's block, without their places."""
    lines = [line.partition("  # ")[0] for line in show(p).split("\n\n")[0].splitlines()]
    return [line[2:] for line in lines[1:] if not line.startswith("  param ")]


SPAN = Span("p.py", 1, 1, 1, 9)


def result(region: str, index: int = 0, t: Any = "int", format: ir.Format = "json") -> ir.Result:
    return ir.Result(region, index, t, format, SPAN)


def block(*nodes: ir.Node, yields: tuple[ir.Expr, ...] = ()) -> ir.Block:
    return ir.Block(nodes, yields)


# --- settle ---------------------------------------------------------------------------------------------------------------------


def test_a_condition_becomes_a_bool_that_travels(build: Any) -> None:
    condition = ir.Compare(build.out("a"), ((">", build.const(3)),), "bool", build.span())
    then = block(build.call("b"), yields=(build.add(build.out("b"), build.const(1)),))
    orelse = block(yields=(build.const(0),))
    p = settle(build.pipeline(build.call("a"), ir.If("if_1", condition, then, orelse, (), build.span(), ("x",)), returns=result("if_1")))
    verify(p)
    assert body(p) == [
        "%a = call m:a()", "%if_1_test = compute %a > 3: bool as json", "%if_1 = if %if_1_test", "then:", "  %b = call m:b()",
        "  %x = compute %b + 1: int as json", "  yield %x", "else:", "  yield 0", "yield %if_1.result[0]",
    ]  # fmt: skip


def test_not_swaps_the_arms_and_a_bool_needs_no_task(build: Any) -> None:
    condition = ir.Unary("not", build.param("c", "bool"), "bool", build.span())
    then, orelse = block(build.call("b")), block(build.call("d"))
    p = settle(build.pipeline(ir.If("if_1", condition, then, orelse, (), build.span()), parameters={"c": "bool"}))
    assert body(p) == ["%if_1 = if c", "then:", "  %d = call m:d()", "else:", "  %b = call m:b()"]


def test_a_condition_that_became_a_constant_is_the_arm_taken(build: Any) -> None:
    then, orelse = block(build.call("b"), yields=(build.out("b"),)), block(yields=(build.const(0),))
    region = ir.If("if_1", build.const(True, "bool"), then, orelse, ("a",), build.span())
    last = build.call("z", after=("if_1",), x=result("if_1"))
    p = settle(build.pipeline(build.call("a"), region, last))
    verify(p)
    assert body(p) == ["%a = call m:a()", "%b = call m:b() after %a", "%z = call m:z(x=%b) after %b"]


def test_what_waits_for_an_empty_arm_waits_for_what_it_waited_for(build: Any) -> None:
    region = ir.If("if_1", build.const(False, "bool"), block(build.call("b")), block(), ("a",), build.span())
    p = settle(build.pipeline(build.call("a"), region, build.call("z", after=("if_1",))))
    assert body(p) == ["%a = call m:a()", "%z = call m:z() after %a"]


def test_loops_go_over_lists_that_travel(build: Any) -> None:
    item = ir.Item("for_1", "int", "json", build.span())
    pairs = ir.Builtin("list", (build.param("d", ("dict", "str", "int")),), (), ("list", "str"), build.span())
    inner = block(build.call("b", x=item), yields=(build.out("b"),))
    p = settle(build.pipeline(ir.Map("for_1", pairs, inner, None, (), build.span()), parameters={"d": ("dict", "str", "int")}))
    assert body(p)[:2] == ["%for_1_items = compute list(d): list[str] as json", "%for_1 = map over %for_1_items"]


def test_a_gathered_list_is_made_one_value_where_it_leaves_a_block(build: Any) -> None:
    item = ir.Item("for_1", "int", "json", build.span())
    loop = ir.Map(
        "for_1", build.param("xs", ("list", "int")), block(build.call("b", x=item), yields=(build.out("b"),)), None, (), build.span()
    )
    gathered = result("for_1", 0, ("list", "int"), "json*")
    region = ir.If("if_1", build.param("c", "bool"), block(loop, yields=(gathered,)), block(yields=(build.const([], ("list", "int")),)), (),
                   build.span(), ("ys",))  # fmt: skip
    p = settle(build.pipeline(region, parameters={"c": "bool", "xs": ("list", "int")}))
    verify(p)
    assert "  %ys = compute %for_1.result[0]: list[int] as json" in body(p)


def test_carries_begin_as_constants_or_references(build: Any) -> None:
    carry = ir.Carry("for_1", 0, ("list", "json"), "json", build.span())
    empty = ir.Display("list", (), ("list", "json"), build.span())
    loop = ir.For("for_1", build.param("xs", ("list", "int")), (empty,), None, block(yields=(carry,)), (), build.span())
    p = settle(build.pipeline(loop, parameters={"xs": ("list", "int")}))
    assert body(p)[0] == "%for_1 = for over xs carrying []"


# --- lift -----------------------------------------------------------------------------------------------------------------------


def test_an_edge_from_inside_stops_at_the_border(build: Any) -> None:
    inner = block(build.call("b", after=("a",)), build.call("d", after=("b",)))
    outer = block(ir.If("if_2", build.param("c", "bool"), inner, block(), (), build.span()))
    p = lift(
        build.pipeline(build.call("a"), ir.If("if_1", build.param("c", "bool"), outer, block(), (), build.span()), parameters={"c": "bool"})
    )
    verify(p)
    assert body(p) == [
        "%a = call m:a()", "%if_1 = if c after %a", "then:", "  %if_2 = if c", "  then:", "    %b = call m:b()",
        "    %d = call m:d() after %b", "  else:", "else:",
    ]  # fmt: skip


def test_what_a_region_reads_needs_no_edge(build: Any) -> None:
    inner = block(build.call("b", after=("a",), x=build.out("a")))
    p = lift(
        build.pipeline(build.call("a"), ir.If("if_1", build.param("c", "bool"), inner, block(), (), build.span()), parameters={"c": "bool"})
    )
    assert body(p)[1:4] == ["%if_1 = if c", "then:", "  %b = call m:b(x=%a)"]


# --- place ----------------------------------------------------------------------------------------------------------------------


def test_the_environment_of_an_object_is_known_through_regions(build: Any) -> None:
    build.step("fit", ports={"out": "any"}, settings=Settings(packages=("sk",)))
    arm = block(build.call("fit"), yields=(build.out("fit", t="any"),))
    region = ir.If("if_1", build.param("c", "bool"), arm, block(yields=(build.const(None, "none"),)), (), build.span())
    weight = ir.Attr(result("if_1", 0, "any", "auto"), "w", "any", build.span())
    test = ir.Compute("test", ir.Attr(ir.Item("for_1", "any", "auto", build.span()), "w", "any", build.span()), "auto", "any", Settings(),
                      None, (), build.span())  # fmt: skip
    models = result("for_0", 0, ("list", "any"), "auto*")
    build.step("fit2", ports={"out": "any"}, settings=Settings(packages=("sk",)))
    made = ir.Map("for_0", build.param("xs", ("list", "int")), block(build.call("fit2"), yields=(build.out("fit2", t="any"),)), None, (),
                  build.span())  # fmt: skip
    p = place(
        build.pipeline(
            region,
            build.call("use", x=weight),
            made,
            ir.Map("for_1", models, block(test), None, (), build.span()),
            parameters={"c": "bool", "xs": ("list", "int")},
        )
    )
    lines = body(p)
    assert "%use_x = compute %if_1.result[0].w: Any as auto {packages=('sk',)}" in lines
    assert "  %test = compute %for_1.item.w: Any as auto {packages=('sk',)}" in lines


# --- islands --------------------------------------------------------------------------------------------------------------------


def loop_of(build: Any, settings: Settings, other: Settings) -> ir.Pipeline:
    build.step("more", settings=settings)
    build.step("check", ports={"out": "bool"}, settings=other)
    carry = ir.Carry("while_1", 0, "int", "json", build.span())
    head = block(build.call("check", x=carry), yields=(build.out("check", t="bool"),))
    inner = block(build.call("more", x=carry), yields=(build.out("more"),))
    loop = ir.While("while_1", (build.param("n"),), None, head, inner, ("a",), build.span(), ("n",))
    return build.pipeline(build.call("a"), loop, build.call("z", after=("while_1",), x=result("while_1")), parameters={"n": "int"})  # type: ignore[no-any-return]


def judge(node: ir.Node, around: tuple[str, ...]) -> str | None:
    return "no loops here" if isinstance(node, ir.While) or "map" in around else None


def test_a_region_becomes_one_task_with_its_results_as_outputs(build: Any) -> None:
    first = Settings(packages=("pandas==1",), resources=Resources(cpu=1, memory="512Mi"), secrets=(Secret("s", env="S"),))
    second = Settings(packages=("numpy==1",), resources=Resources(cpu=0.5, memory="1Gi"))
    p = islands(loop_of(build, first, second), judge, "toy")
    verify(p)
    lines = body(p)
    assert lines[1].startswith("%while_1 = island -> r0: int as json {packages=('numpy==1', 'pandas==1'),")
    assert "resources=Resources(cpu=1, memory='1Gi')" in lines[1]
    assert "secrets=(Secret(name='s', env='S'),)" in lines[1]
    assert lines[1].endswith("after %a")
    assert lines[3] == "  %while_1_region = while carrying n"
    assert lines[-1] == "%z = call m:z(x=%while_1.r0) after %while_1"


def test_only_the_region_that_offends_is_an_island(build: Any) -> None:
    item = ir.Item("for_2", "int", "json", build.span())
    inner = ir.Map(
        "for_2", build.out("b", t=("list", "int")), block(build.call("d", x=item), yields=(build.out("d"),)), None, (), build.span()
    )
    build.step("b", ports={"out": ("list", "int")})
    outer = ir.Map("for_1", build.param("xs", ("list", "int")), block(build.call("b"), inner), None, (), build.span())
    p = islands(build.pipeline(outer, parameters={"xs": ("list", "int")}), judge, "toy")
    kinds = [type(n).__name__ for n in p.body.nodes[0].body.nodes]  # type: ignore[union-attr]
    assert kinds == ["Call", "Island"]


def test_of_a_loop_that_the_target_runs_the_body_becomes_one_task(build: Any) -> None:
    build.step("b")
    item = ir.Item("for_1", "int", "json", build.span())
    inner = block(
        build.call("b", x=item), build.call("d", x=build.out("b")), yields=(build.out("d"), build.const(5, "int"), item, build.param("n"))
    )
    loop = ir.Map("for_1", build.param("xs", ("list", "int")), inner, None, (), build.span())
    p = islands(
        build.pipeline(loop, parameters={"xs": ("list", "int"), "n": "int"}),
        lambda node, around: None,
        "toy",
        lambda node, around: "one task",
    )
    verify(p)
    lines = body(p)
    assert lines[0].startswith("%for_1 = map over xs")
    assert "%for_1_body = island -> r0: int as json, r2: int as json, r3: int as json" in lines[2]
    assert [line.strip() for line in lines[-4:]] == ["yield %for_1_body.r0", "yield 5", "yield %for_1_body.r2", "yield %for_1_body.r3"]


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        (Settings(image="a:1"), Settings(image="b:1"), "the images"),
        (Settings(python="/a/python"), Settings(python="python3"), "the interpreters"),
        (Settings(packages=("x==1",)), Settings(packages=("X==2",)), "X==2 and x==1"),
        (Settings(secrets=(Secret("s", env="S"),)), Settings(secrets=(Secret("t", env="S"),)), "two secrets as S"),
        (Settings(resources=Resources(gpu=1, gpu_type="a")), Settings(resources=Resources(gpu=1, gpu_type="b")), "the gpu types a and b"),
    ],
)
def test_an_island_has_one_environment(build: Any, first: Settings, second: Settings, what: str) -> None:
    with pytest.raises(CompileFailed) as caught:
        islands(loop_of(build, first, second), judge, "toy")
    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.target) == ("WYE4005", "toy")
    assert what in problem.message
    assert len(problem.labels) == 2


def test_nothing_changes_where_nothing_offends(build: Any) -> None:
    p = loop_of(build, Settings(), Settings())
    assert islands(p, lambda node, around: None, "toy") is p
