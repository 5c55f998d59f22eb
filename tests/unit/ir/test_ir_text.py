"""The text form, the verifier, and what cannot raise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from wye.ir import model as ir
from wye.ir.expressions import raises
from wye.ir.settings import PipelineSettings, Settings
from wye.ir.text import expression, show
from wye.ir.verify import InvalidIR, verify
from wye.sdk.settings import Resources, Retry, Schedule

# --- the text form --------------------------------------------------------------------------------------------------------------


def test_the_text_form(build: Any) -> None:
    build.step("train", ports={"out0": "any", "auc": "float"}, settings=Settings(retry=Retry(2), resources=Resources(cpu=2)))
    inner = build.pipeline(build.call("f", x=build.param("x")), name="inner", parameters={"x": "int"}, returns=build.out("f"), t="int")
    cast = ir.Cast(build.const("é", "str"), "int", build.span())
    p = build.pipeline(
        build.sub("s", "inner", x=build.const(1)),
        build.call("train", after=("s",), x=build.result("s"), y=build.add(build.param("lr", "float"), cast)),
        build.call("notify", ordered=True),
        returns=build.out("train", "auc", "float"), t="float", nested=(inner,),
        parameters={"lr": "float"}, defaults={"lr": build.const(0.1, "float")},
        settings=PipelineSettings(schedule=Schedule(cron="0 6 * * *"), defaults=Settings(packages=("a",))),
    )  # fmt: skip
    lines = [line.partition("  # ")[0] for line in show(p).splitlines()]
    assert lines[:7] == [
        "pipeline m:main -> float {schedule=Schedule(cron='0 6 * * *'), defaults={packages=('a',)}}",
        "  param lr: float = 0.1",
        "  %s = pipeline m:inner(x=1)",
        "  %train = call m:train(x=%s.result[0], y=lr + cast('\\xe9', int)) {resources=Resources(cpu=2), retry=Retry(count=2)} after %s",
        "  %notify = ordered call m:notify()",
        "  yield %train.auc",
        "",
    ]
    assert "step m:train program m.train {resources=Resources(cpu=2), retry=Retry(count=2)}" in lines
    assert "  output auc: float as json" in lines
    assert "program m.train entry m: m.py" in lines
    assert lines[-4:] == ["pipeline m:inner -> int", "  param x: int", "  %f = call m:f(x=x)", "  yield %f"]


def test_regions_are_indented(build: Any) -> None:
    s = build.span()
    one = ir.Block((build.call("a"),), (build.out("a"),))
    other = ir.Block((), (build.const(1),))
    item = ir.Item("map_1", "int", "json", s)
    body = ir.Block((build.call("b", x=item),), (build.out("b"),))
    error = ir.Builtin("ValueError", (build.const("no", "str"),), (), "any", s)
    fails = ir.Block((ir.Fail("fail_1", error, None, Settings(), None, (), s),), (build.const(0),))
    carry = ir.Carry("for_1", 0, "int", "json", s)
    p = build.pipeline(
        ir.If("if_1", build.param("x", "bool"), one, other, (), s),
        ir.Map("map_1", build.param("xs", ("list", "int")), body, 4, (), s),
        ir.For("for_1", build.param("xs", ("list", "int")), (build.const(0),), None, ir.Block((), (carry,)), (), s),
        ir.While("while_1", (), None, ir.Block((), (build.const(False, "bool"),)), ir.Block((), ()), (), s),
        ir.Try("try_1", ir.Block((), (build.const(1),)), (ir.Handler(("ValueError",), fails, s),), None, ir.Block((), ()), (), s),
        parameters={"x": "bool", "xs": ("list", "int")},
    )  # fmt: skip
    verify(p)
    lines = [line.partition("  # ")[0] for line in show(p).splitlines()]
    assert lines[3:] == [
        "  %if_1 = if x", "  then:", "    %a = call m:a()", "    yield %a", "  else:", "    yield 1",
        "  %map_1 = map over xs at most 4 at once", "  do:", "    %b = call m:b(x=%map_1.item)", "    yield %b",
        "  %for_1 = for over xs carrying 0", "  do:", "    yield %for_1.carry[0]",
        "  %while_1 = while", "  condition:", "    yield False", "  do:",
        "  %try_1 = try", "  do:", "    yield 1", "  except ValueError:", "    %fail_1 = fail ValueError('no')", "    yield 0",
        "  finally:",
        *lines[27:],
    ]  # fmt: skip


# --- the verifier ---------------------------------------------------------------------------------------------------------------


def test_the_verifier_finds_what_is_wrong(build: Any) -> None:
    build.step("two", ports={"out0": "int", "out1": "int"})
    good = build.call("a")
    local = ir.Local("x", "int", build.span())
    inside = ir.Lambda(("x",), ir.Cast(local, "int", build.span()), "any", build.span())
    cases: dict[str, tuple[Any, ...]] = {
        "two nodes are called a": (good, good),
        "read before it is defined": (build.call("b", x=build.out("a")), good),
        "comes after z, which does not stand before it": (build.call("b", after=("z",)),),
        "has no output out": (build.call("two"), build.call("b", x=build.out("two"))),
        "travels as json, not auto": (good, build.call("b", x=replace(build.out("a"), format="auto"))),
        "is int, not str": (good, build.call("b", x=build.out("a", t="str"))),
        "no parameter p": (build.call("b", x=build.param("p")),),
        "not a type": (build.call("b", x=replace(build.const(1), type=("list",))),),
        "not a span": (replace(good, span=replace(good.span, line=0)),),
        "calls an unknown step": (replace(good, step="m:nothing"),),
        "calls an unknown pipeline": (build.sub("s", "nothing"),),
        "not an id": (replace(good, id="a.b"),),
        "outside its region": (build.call("b", x=ir.Item("map_1", "int", "json", build.span())),),
        "waits twice": (good, build.call("b", after=("a", "a"))),
        "binds a parameter twice": (replace(good, bindings=(("x", build.const(1)), ("x", build.const(2)))),),
        "binds unknown parameters": (replace(good, bindings=(("nothing", build.const(1)),)),),
        "a cast inside a function reads": (build.call("b", x=inside),),
        "has no results": (good, build.call("b", x=build.result("a"))),
    }
    for message, nodes in cases.items():
        with pytest.raises(InvalidIR, match=message):
            verify(build.pipeline(*nodes))
    verify(build.pipeline(good))


# --- what cannot raise ----------------------------------------------------------------------------------------------------------


def test_what_cannot_raise(build: Any) -> None:
    s = build.span()
    n, x, text = build.param("n"), build.param("x", "float"), build.param("t", "str")
    some, unknown = build.param("xs", ("list", "int")), build.param("u", "any")

    def compare(a: Any, op: str, b: Any) -> ir.Compare:
        return ir.Compare(a, ((op, b),), "bool", s)

    total = [
        n, build.add(n, n), build.add(x, x, "float"), build.add(text, text, "str"), build.add(some, some, ("list", "int")),
        compare(n, "<", x), compare(text, "<", text), compare(some, "==", some), compare(unknown, "is", build.const(None, "none")),
        compare(text, "in", text), compare(n, "in", some), ir.Unary("not", some, "bool", s), ir.Unary("-", n, "int", s),
        ir.Logical("and", (n, some), "any", s), ir.Select(n, unknown, x, "any", s), build.tuple(n, unknown),
        build.item(build.param("p", ("tuple", "int", "str")), 1), ir.Builtin("len", (some,), (), "int", s),
        ir.FormatString(("a", ir.FormatField(text, "r", (), s)), "str", s), ir.Method(text, "upper", (), (), "str", s),
        ir.Method(text, "startswith", (text,), (), "bool", s),
        ir.Method(build.param("d", ("dict", "str", "any")), "get", (text,), (), "any", s),
        ir.Cast(n, "int", s), ir.Cast(n, ("union", "int", "none"), s), ir.DictDisplay(((text, unknown),), ("dict", "str", "any"), s),
    ]  # fmt: skip
    partial = [
        build.add(n, x, "float"),  # an int beyond 1e308
        build.add(n, text), build.add(unknown, n), compare(n, "<", text), compare(unknown, "==", n), compare(some, "<", some),
        compare(some, "in", build.param("s", ("set", "int"))), ir.Unary("not", unknown, "bool", s),
        ir.Logical("or", (unknown, n), "any", s),
        ir.Method(text, "upper", (text,), (), "str", s), ir.Method(text, "startswith", (), (), "bool", s),
        ir.Binary("//", n, n, "int", s), ir.Binary("/", x, x, "float", s), ir.Binary("**", n, n, "int", s), ir.Binary("<<", n, n, "int", s),
        build.item(some, 0), build.item(build.param("p", ("tuple", "int")), 1), build.int_of(text),
        ir.FormatString((ir.FormatField(n, None, (), s),), "str", s),  # more than 4300 digits
        ir.FormatString((ir.FormatField(x, None, (".2f",), s),), "str", s), ir.Cast(n, "float", s), ir.Cast(unknown, "int", s),
        ir.Display("set", (some,), ("set", "any"), s), ir.Unpack(some, 2, None, ("tuple*", "int"), s), ir.Attr(unknown, "a", "any", s),
    ]  # fmt: skip
    assert [expression(e) for e in total if raises(e)] == []
    assert [expression(e) for e in partial if not raises(e)] == []
    assert raises(build.tuple(n, build.int_of(text)))
