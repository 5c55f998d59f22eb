"""What is drawn: boxes, headings in the words of the source, arrows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wye.graph.build import build as build_graph
from wye.graph.model import Graph, Region, Task, tasks_and_regions
from wye.ir import model as ir
from wye.passes.order import order

Make = Callable[[str], Graph]


def boxes(graph: Graph) -> dict[str, Task | Region]:
    return {item.id: item for item in tasks_and_regions(graph.items)}


def arrows(graph: Graph) -> set[tuple[str, str, str]]:
    return {(e.source, "data" if e.data else "order", e.target) for e in graph.edges}


def regions(graph: Graph, kind: str) -> list[Region]:
    return [b for b in boxes(graph).values() if isinstance(b, Region) and b.kind == kind]


def test_headings_are_the_words_of_the_source(everything: Graph) -> None:
    headings = [arm.title for b in boxes(everything).values() if isinstance(b, Region) for arm in b.arms]
    assert headings == [
        "for region in regions",
        "for rows in each(parts, max_parallel=4)",
        "if score > 0.5",
        "inner(score)",
        "if y > 3",
        "else",
        "for n, score in enumerate(scores)",
        "while not good(total)",
        "do",
        "if debug",
        "elif total > 3 and not debug",
        "else",
        "try",
        "except ValueError",
        "finally",
    ]
    assert {r.arms[0].title: r.detail for k in ("map", "for", "while") for r in regions(everything, k)} == {
        "for region in regions": "in parallel",
        "for rows in each(parts, max_parallel=4)": "at most 4 at a time",
        "for n, score in enumerate(scores)": "in order",
        "while not good(total)": "in order",
    }


def test_arguments_and_names_are_those_of_the_source(everything: Graph) -> None:
    tasks = {t.id: t for t in boxes(everything).values() if isinstance(t, Task)}
    assert (tasks["train"].detail, tasks["train"].names) == ("rows, rate / 2", ("rows", "rate"))
    assert (tasks["add"].detail, tasks["add"].names) == ("total, score", ("total", "score"))
    assert (tasks["add_2"].detail, tasks["add_2"].names) == ("total, rate", ("total", "rate"))
    assert tasks["fail"].words() == 'assert total > 0, "nothing"'
    assert tasks["return_"].words() == "return url"
    assert tasks["inner/return_"].words() == "return"  # one of several


def test_every_arrow_joins_boxes_that_exist(everything: Graph) -> None:
    known = boxes(everything)
    assert len(known) == len(tasks_and_regions(everything.items))
    assert all(e.source in known and e.target in known and e.source != e.target for e in everything.edges)


def test_an_arrow_ends_at_the_very_task_that_reads(source_graph: Make) -> None:
    graph = source_graph("@pipeline\ndef flow(b: bool = True):\n    rows = load()\n    if b:\n        tell(str(train(rows)))\n")
    assert arrows(graph) == {("load", "data", "train"), ("train", "data", "tell")}


def test_an_elif_is_an_arm(source_graph: Make) -> None:
    text = "    if n > 2:\n        r = train([n])\n    elif good(1.0):\n        r = 2.0\n    elif n > 1:\n        r = train([0])\n"
    graph = source_graph(f"@pipeline\ndef flow(n: int = 1) -> str:\n{text}    else:\n        r = 3.0\n    return deploy(r)\n")
    outer, inner = regions(graph, "if")
    # `good(1.0)` is called in the `else` alone, so what follows it stands there too
    assert [a.title for a in outer.arms] == ["if n > 2", "else"]
    assert [a.title for a in inner.arms] == ["if good(1.0)", "elif n > 1"]
    assert (outer.id, "data", "deploy") in arrows(graph)
    assert ("good", "data", inner.id) in arrows(graph)


def test_order_alone_is_another_arrow(source_graph: Make) -> None:
    graph = source_graph("@pipeline\ndef flow():\n    tell('a')\n    rows = load()\n    tell(str(rows))\n    tell('b')\n")
    assert arrows(graph) == {("tell", "order", "load"), ("load", "data", "tell_2"), ("tell_2", "order", "tell_3")}


def test_what_the_compiler_computes_for_a_heading_is_part_of_it(source_graph: Make) -> None:
    graph = source_graph(
        "@pipeline\ndef flow(d: dict[str, float] = {}):\n    for k, v in d.items():\n        tell(deploy(v))\n    return d\n"
    )
    (loop,) = regions(graph, "map")
    assert [type(b).__name__ for b in graph.items] == ["Region", "Task"]
    assert loop.names == ("d",)
    assert ("deploy", "data", "tell") in arrows(graph)


def test_an_expression_that_is_a_task_is_shown_as_its_statement(source_graph: Make) -> None:
    graph = source_graph("@pipeline\ndef flow(n: int = 2) -> int:\n    y = 10 // n\n    tell()\n    return y if n else 0\n")
    (first,) = [t for t in boxes(graph).values() if isinstance(t, Task) and t.kind == "expression"]
    assert (first.title, first.detail, first.names) == ("y", "y = 10 // n", ("n",))


def test_a_value_known_when_it_compiles_is_shown(source_graph: Make) -> None:
    graph = source_graph('@pipeline\ndef flow():\n    for region in ["eu", "us"]:\n        tell(str(load(region)))\n')
    details = [t.detail for t in boxes(graph).values() if isinstance(t, Task) and t.title.startswith("load")]
    assert details == ["region='eu'", "region='us'"]


def test_what_follows_a_loop_that_returns(source_graph: Make) -> None:
    text = "    for n in ns:\n        if good(n):\n            return deploy(n)\n    tell()\n    return ''\n"
    graph = source_graph(f"@pipeline\ndef flow(ns: list[float] = []) -> str:\n{text}")
    titles = [arm.title for r in regions(graph, "if") for arm in r.arms]
    assert titles[-2:] == ["if the for ended early", "else"]


def test_short_circuits_show_the_operand(source_graph: Make) -> None:
    graph = source_graph("@pipeline\ndef flow(b: bool = True, c: bool = True):\n    tell(str(b and good(1.0) and good(2.0)))\n")
    assert [r.arms[0].title for r in regions(graph, "if")] == ["if b", "if b and good(1.0)"]


def test_nested_pipelines_have_their_own_names(source_graph: Make) -> None:
    nested = "@pipeline\ndef part(xs: list[float]):\n    t = 0.0\n    for x in xs:\n        t = add(t, x)\n    return t\n\n\n"
    outer = "@pipeline\ndef flow(ys: list[float] = []):\n    s = 0.0\n    for y in ys:\n        s = add(s, part([y]))\n    return s\n"
    graph = source_graph(nested + outer)
    found = boxes(graph)
    assert found["add"].names == ("s",)
    assert found["part/add"].names == ("t", "x")
    assert ("part", "data", "add") in arrows(graph)


def test_without_the_source(build: Any) -> None:
    """Everything can be drawn from the IR alone."""
    b = build
    item = ir.Item("map", "int", "json", b.span())
    body = ir.Block((b.call("score", x=item, rate=b.add(b.param("rate"), b.const(1))),), (b.out("score"),))
    loop = ir.Map("map", b.out("load"), body, None, (), b.span())
    total = ir.Carry("for", 0, "int", "json", b.span())
    fold = ir.For("for", ir.Result("map", 0, ("list", "int"), "json*", b.span()), (b.const(0),), None,
                  ir.Block((b.call("add", total=total),), (b.out("add"),)), (), b.span())  # fmt: skip
    both = ir.Logical("and", (b.out("load"), b.param("n")), "bool", b.span())
    branch = ir.If("if", both, ir.Block((b.call("tell"),), ()), ir.Block((), ()), (), b.span())
    pipeline = b.pipeline(b.call("load"), loop, fold, branch, returns=b.result("for"), parameters={"rate": "int", "n": "int"})
    graph = build_graph(order(pipeline), lambda path: ())
    titles = [arm.title for x in boxes(graph).values() if isinstance(x, Region) for arm in x.arms]
    assert titles == ["for item in load", "for item in map", "if load and n"]
    assert boxes(graph)["score"].names == ("item", "rate")
    assert boxes(graph)["add"].names == ("carried",)
    assert {("load", "data", "map"), ("map", "data", "for"), ("load", "data", "if"), ("for", "data", "return_")} <= arrows(graph)
