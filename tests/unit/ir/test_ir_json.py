"""The task form: inputs and their names, arguments, settings, and text that nothing expands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wye import passes
from wye.ir import model as ir
from wye.ir.json import document, dumps, inputs, plan_json, task_file, tasks, upstream
from wye.ir.model import Pipeline
from wye.ir.settings import PipelineSettings, Settings
from wye.sdk.settings import Cache, Resources, Retry, Schedule, Secret


def only(build: Any, **bindings: Any) -> ir.Call:
    return build.call("f", **bindings)  # type: ignore[no-any-return]


def names(node: ir.Call | ir.Compute) -> list[str]:
    return list(inputs(node))


def test_a_bare_reference_has_the_parameters_name(build: Any) -> None:
    assert names(only(build, x=build.out("load"), y=ir.Cast(build.param("rate"), "float", build.span()))) == ["x", "y"]


def test_any_other_has_the_name_of_where_it_comes_from(build: Any) -> None:
    sum_ = build.add(build.add(build.out("load"), build.out("train", "auc")), build.param("lr"))
    assert names(only(build, x=sum_)) == ["load", "train_auc", "lr"]


def test_names_are_unique_and_no_keywords(build: Any) -> None:
    sum_ = build.add(build.add(build.out("x"), build.param("x")), build.param("class"))
    assert names(only(build, x=build.out("load"), y=sum_)) == ["x", "x_2", "x_3", "_class"]


def test_a_value_read_twice_is_one_input(build: Any) -> None:
    node = only(build, x=build.add(build.out("load"), build.const(1)), y=build.out("load"), z=build.out("load"))
    assert names(node) == ["y"]
    assert upstream(node) == ("load",)


@pytest.fixture
def plan(build: Any) -> Pipeline:
    settings = Settings(
        packages=("numpy==2",), env=(("A", "{{ 1 }}"),), secrets=(Secret("db", "PW"),), retry=Retry(2, delay="10s"), timeout=60.0,
        resources=Resources(cpu=2, memory="1Gi"), cache=Cache("1h"), tags=(("team", "x"),),
    )  # fmt: skip
    build.step("train", ports={"out0": "any", "auc": "float"}, settings=settings)
    p = build.pipeline(
        build.call("load", x=build.param("names", ("list", "str"))),
        build.call("check", ordered=True, x=build.out("load")),
        build.call(
            "train", rows=build.out("load"), lr=build.add(build.param("lr", "float"), build.const(1)), k=build.const({"a": None}, "any")
        ),
        parameters={"lr": "float", "names": ("list", "str")},
        defaults={"lr": build.const(0.1, "float")},
        returns=build.out("train", "auc", "float"),
        settings=PipelineSettings(schedule=Schedule(cron="0 6 * * *"), max_parallel=3),
    )
    return passes.run(p)


def test_the_plan(plan: Pipeline) -> None:
    form = plan_json(plan)
    assert form["wye"] == 1
    assert form["parameters"] == [{"name": "lr", "type": "float", "default": 0.1}, {"name": "names", "type": ["list", "str"]}]
    assert form["returns"] == "outputs"
    assert list(form["steps"]) == ["m:train", "m:load", "m:check"]
    assert form["settings"]["max_parallel"] == 3
    assert form["settings"]["schedule"]["cron"] == "0 6 * * *"
    assert json.loads(json.dumps(form)) == form


def test_a_task_file_is_node_and_step(plan: Pipeline) -> None:
    node = next(n for n in tasks(plan) if n.id == "train")
    form = task_file(plan, node)
    assert form["inputs"] == {
        "rows": {"task": "load", "output": "out", "format": "json", "type": "int"},
        "lr": {"param": "lr", "format": "json", "type": "float"},
    }
    assert form["args"] == {
        "rows": {"input": "rows"},
        "lr": {"py": "lr + 1", "with": {"lr": {"input": "lr"}}},
        "k": {"const": {"a": None}},
    }
    assert form["after"] == ["check"]
    assert (form["retry"], form["timeout"], form["packages"]) == ({"delays": [10.0, 20.0]}, 60.0, ["numpy==2"])
    assert (form["env"], form["secrets"]) == ({"A": "{{ 1 }}"}, [{"name": "db", "env": "PW", "key": None}])
    assert form["settings"] == {"resources": {"cpu": 2, "memory": "1Gi"}, "cache": {"max_age": 3600.0}, "tags": {"team": "x"}}
    assert (form["function"], form["entry"], form["program"], form["result"]) == ("m:train", "m", "m.train", "tuple")
    assert form["outputs"] == [{"name": "out0", "type": "any", "format": "auto"}, {"name": "auc", "type": "float", "format": "json"}]


def test_the_task_file_of_a_computation(plan: Pipeline) -> None:
    form = task_file(plan, tasks(plan)[-1])
    assert form == {
        "wye": 1,
        "op": "compute",
        "id": "outputs",
        "span": form["span"],
        "inputs": {"train_auc": {"task": "train", "output": "auc", "format": "json", "type": "float"}},
        "value": {"input": "train_auc"},
        "type": "float",
        "outputs": [{"name": "out", "type": "float", "format": "json"}],
        "program": None,
        "after": [],
        "settings": {},
    }


HOSTILE = ["{{ ds }}", "${HOME}", "$(x)", "%(a)s", "`id`", "<a href='&'>", 'quote " \\', "é\u2028\U0001f600\x00\x7f", "\\{", '\\"{']


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_finds_anything_to_expand(text: str) -> None:
    assert json.loads(document({text: [text, {"k": text}]})) == {text: [text, {"k": text}]}
    written = dumps([text, [text]])
    assert written.isascii()
    assert not set("{}$%<>&'`\x7f") & set(written)
