"""Order and inlining: what must happen before what, and the same values, whatever is nested in what."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wye import passes
from wye.ir import model as ir
from wye.ir.expressions import references
from wye.ir.json import tasks, upstream
from wye.ir.model import Expr, Node, Pipeline


def after(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    return {n.id: n.after for n in passes.run(pipeline).body.nodes}


# --- by hand --------------------------------------------------------------------------------------------------------------------


def test_what_follows_an_ordered_call_waits_for_it(build: Any) -> None:
    """The quality gate: `check(rows); deploy(rows)`."""
    p = build.pipeline(
        build.call("load"),
        build.call("check", ordered=True, rows=build.out("load")),
        build.call("deploy", ordered=True, rows=build.out("load")),
    )
    assert after(p) == {"load": (), "check": (), "deploy": ("check",)}


def test_an_ordered_call_waits_for_what_nothing_else_waits_for(build: Any) -> None:
    p = build.pipeline(
        build.call("a"), build.call("b"), build.call("c", x=build.out("a")), build.call("notify", ordered=True), build.call("d"),
        build.call("e", x=build.out("d")), build.call("f", x=build.out("b")), build.call("end", ordered=True, x=build.out("e")),
    )  # fmt: skip
    assert after(p) == {"a": (), "b": (), "c": (), "notify": ("b", "c"), "d": ("notify",), "e": (), "f": ("notify",), "end": ("f",)}


def test_ordered_calls_in_a_row_are_a_chain(build: Any) -> None:
    p = build.pipeline(*(build.call(name, ordered=True) for name in "abc"))
    assert after(p) == {"a": (), "b": ("a",), "c": ("b",)}


def test_the_return_value_waits_for_the_last_ordered_call(build: Any) -> None:
    p = build.pipeline(build.call("load"), build.call("check", ordered=True, x=build.out("load")), returns=build.out("load"))
    assert after(p)["outputs"] == ("check",)


def test_a_check_in_a_nested_pipeline_holds_back_what_uses_its_result(build: Any) -> None:
    prep = build.pipeline(
        build.call("load"), build.call("check", ordered=True, x=build.out("load")), returns=build.out("load"), name="prep", t="int"
    )
    p = build.pipeline(build.sub("prep", "prep"), build.call("train", x=build.result("prep")), build.call("other"), nested=(prep,))
    assert after(p) == {"prep_load": (), "prep_check": (), "train": ("prep_check",), "other": ()}


def test_all_of_a_nested_pipeline_waits_and_is_waited_for(build: Any) -> None:
    inner = build.pipeline(build.call("one"), build.call("two", x=build.param("x")), name="inner", parameters={"x": "int"})
    p = build.pipeline(
        build.call("first", ordered=True),
        build.call("load"),
        build.sub("inner", "inner", ordered=True, x=build.out("load")),
        build.call("last"),
        nested=(inner,),
    )
    assert after(p) == {"first": (), "load": ("first",), "inner_one": ("load",), "inner_two": (), "last": ("inner_one", "inner_two")}


def test_a_value_that_passes_through_a_nested_pipeline_keeps_its_order(build: Any) -> None:
    """`y = same(x)` after a check: nothing of `same` is left, but its reader waits for the check."""
    same = build.pipeline(name="same", parameters={"x": "int"}, returns=build.param("x"), t="int")
    p = build.pipeline(
        build.call("load"),
        build.call("check", ordered=True),
        build.sub("same", "same", x=build.out("load")),
        build.call("use", x=build.result("same")),
        nested=(same,),
    )
    assert after(p) == {"load": (), "check": ("load",), "use": ("check",)}


def test_regions_pass_through(build: Any) -> None:
    inner = ir.Block((build.call("a"), build.call("b", ordered=True)), (build.out("a"),))
    condition = build.param("c", "bool")
    branch = ir.If("if_1", condition, inner, ir.Block((), (build.const(1),)), (), build.span())
    p = build.pipeline(build.call("z", ordered=True), branch, parameters={"c": "bool"})
    node = passes.run(p).body.nodes[1]
    assert isinstance(node, ir.If)
    assert node.after == ("z",)
    assert [n.after for n in node.then.nodes] == [(), ("a",)]  # type: ignore[union-attr]


# --- any pipeline ---------------------------------------------------------------------------------------------------------------

Shape = tuple[str, bool, tuple[int, ...], list[Any]]
"""What a node is (`call` or `sub`), whether it is ordered, which earlier values it reads, and a nested pipeline's own nodes."""


def shapes(depth: int) -> st.SearchStrategy[list[Shape]]:
    reads = st.lists(st.integers(0, 9), max_size=2).map(tuple)
    call = st.tuples(st.just("call"), st.booleans(), reads, st.just([]))
    if depth == 0:
        return st.lists(call, max_size=5)
    return st.lists(st.one_of(call, st.tuples(st.just("sub"), st.booleans(), reads, shapes(depth - 1))), max_size=5)


class Case:
    """A pipeline made from a shape, and what Python would do: the value of each task, and which must be done before which."""

    def __init__(self, build: Any) -> None:
        self.build = build
        self.count = 0
        self.nested: list[Pipeline] = []

    def make(self, shape: list[Shape], name: str, parameters: int) -> Pipeline:
        build, nodes = self.build, []
        values: list[Expr] = [build.param(f"p{i}") for i in range(parameters)]
        for kind, ordered, reads, inner in shape:
            self.count += 1
            id = f"{'s' if kind == 'sub' else 't'}{self.count}"
            chosen = [values[r % len(values)] for r in reads] if values else []
            bindings = {f"p{i}": e for i, e in enumerate(chosen)}
            if kind == "sub":
                self.nested.append(self.make(inner, id, len(chosen)))
                nodes.append(build.sub(id, id, ordered=ordered, **bindings))
                value = build.result(id)
            else:
                nodes.append(build.call(id, ordered=ordered, **bindings))
                value = build.out(id)
            if not ordered:  # an ordered call is one whose value nobody uses
                values.append(value)
        result = build.add(values[-1], values[0]) if values else build.const(0)
        return build.pipeline(*nodes, name=name, returns=result, t="int", parameters={f"p{i}": "int" for i in range(parameters)})

    def all(self, shape: list[Shape]) -> Pipeline:
        main = self.make(shape, "main", 0)
        made = {s.id: s for s in self.build.steps.values()}
        return ir.Pipeline(
            **{f: getattr(main, f) for f in main.__slots__} | {"pipelines": tuple(self.nested), "steps": tuple(made.values())}
        )


class Reference:
    """A walk in Python's order."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipelines = {p.id: p for p in pipeline.pipelines}
        self.values: dict[str, Any] = {}
        self.before: set[tuple[str, str]] = set()
        self.returned, _, gate = self.block(pipeline, {}, "")
        self.before.update((a, "outputs") for a in gate)

    def block(self, p: Pipeline, given: dict[str, Any], prefix: str) -> tuple[Any, list[str], list[str]]:
        """What a pipeline returns, its tasks, and those of its ordered calls: Python makes them before it returns."""
        names: dict[Any, Any] = dict(given)
        gates: dict[str, list[str]] = {}
        seen: list[tuple[Node, list[str]]] = []

        def value(e: Expr) -> Any:
            match e:
                case ir.Param(name=name):
                    return names[name]
                case ir.Output(task=id) | ir.Result(region=id):
                    return names[id]
                case ir.Binary(left=a, right=b):
                    return ("+", value(a), value(b))
                case ir.Const(text=text):
                    return json.loads(text)
            raise AssertionError(e)

        def held(e: Expr) -> list[str]:
            return [id for r in references(e) if isinstance(r, ir.Result) for id in gates[r.region]]

        for node in p.body.nodes:
            assert isinstance(node, ir.Call | ir.SubPipeline)
            arguments = {n: value(e) for n, e in node.bindings}
            if isinstance(node, ir.SubPipeline):
                names[node.id], made, gates[node.id] = self.block(self.pipelines[node.pipeline], arguments, f"{prefix}{node.id}_")
            else:
                names[node.id] = self.values[prefix + node.id] = (node.id, *arguments.values())
                made = [prefix + node.id]
            for other, others in seen:
                if node.ordered or other.ordered:  # type: ignore[union-attr]
                    self.before.update((a, b) for a in others for b in made)
            self.before.update((a, b) for _, e in node.bindings for a in held(e) for b in made)
            seen.append((node, made))
        ordered = [id for node, made in seen for id in made if node.ordered]  # type: ignore[union-attr]
        return value(p.body.yields[0]), [id for _, made in seen for id in made], ordered + held(p.body.yields[0])


def flat_values(pipeline: Pipeline) -> dict[str, Any]:
    done: dict[str, Any] = {}

    def value(e: Expr) -> Any:
        match e:
            case ir.Output(task=id):
                return done[id]
            case ir.Binary(left=a, right=b):
                return ("+", value(a), value(b))
            case ir.Cast(value=a):
                return value(a)
            case ir.Const(text=text):
                return json.loads(text)
        raise AssertionError(e)

    for node in tasks(pipeline):
        if isinstance(node, ir.Call):
            done[node.id] = (node.step.removeprefix("m:"), *(value(e) for _, e in node.bindings))
        else:
            done[node.id] = value(node.value)
    return done


def ancestors(pipeline: Pipeline) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node in tasks(pipeline):
        found[node.id] = {a for id in upstream(node) for a in (id, *found[id])}
    return found


@settings(max_examples=120, deadline=None)
@given(shape=shapes(2))
def test_any_nesting_keeps_values_and_order(build_type: Any, shape: list[Shape]) -> None:
    pipeline = Case(build_type()).all(shape)
    expected, flat = Reference(pipeline), passes.run(pipeline)
    values, before = flat_values(flat), ancestors(flat)
    assert values["outputs"] == expected.returned
    assert {id: v for id, v in values.items() if id in expected.values} == expected.values
    assert not [(a, b) for a, b in expected.before if a not in before[b]]


@settings(max_examples=60, deadline=None)
@given(shape=shapes(0))
def test_no_edge_that_others_imply(build_type: Any, shape: list[Shape]) -> None:
    flat = passes.run(Case(build_type()).all(shape))
    before = ancestors(flat)
    for node in tasks(flat):
        for edge in node.after:
            assert not [id for id in upstream(node) if id != edge and edge in before[id]], (node.id, edge)
