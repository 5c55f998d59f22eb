"""The capability check and the loss report, with a target made for the test."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from wye import passes
from wye.backend.capabilities import FEATURES, Capabilities, Row
from wye.backend.check import CheckedPipeline, check
from wye.backend.report import report_file, report_json
from wye.backend.target import EmittedFile
from wye.diagnostics import CompileFailed, Span
from wye.ir import model as ir
from wye.ir.model import Pipeline
from wye.ir.settings import PipelineSettings, Settings
from wye.sdk.settings import Resources, Retry, Schedule, Secret


@dataclass(frozen=True)
class Options:
    largest: int = 3


def _retry(value: Any, options: Any) -> Row | None:
    return Row("rejected", f"at most {options.largest}", help="fewer") if value.count > options.largest else None


class Toy:
    name = "toy"
    options: type = Options

    def __init__(self, **rows: Row) -> None:
        all_native = {f.name: Row("native", f"does {f.name}", "https://toy.example/") for f in FEATURES if f.group != "control flow"}
        self.capabilities = Capabilities({**all_native, **{k.replace("__", "."): v for k, v in rows.items()}}, "toy:1", "3.11")

    def lower(self, checked: CheckedPipeline, options: Any) -> Any:
        return checked

    def emit(self, native: Any) -> Sequence[EmittedFile]:
        return ()


def decided(pipeline: Pipeline, target: Toy, **how: Any) -> dict[str, str]:
    return {d.feature: d.level for d in check(passes.run(pipeline), target, Options(), **how).decisions}


def refused(pipeline: Pipeline, target: Toy, **how: Any) -> list[tuple[str, str, Span]]:
    with pytest.raises(CompileFailed) as failure:
        check(passes.run(pipeline), target, Options(), **how)
    return [(d.code, d.message, d.span) for d in failure.value.diagnostics]


def rich(build: Any) -> Pipeline:
    settings = Settings(
        packages=("a",), image="i", python="p", files=("f",), env=(("A", "b"),), secrets=(Secret("s", "S"),), retry=Retry(1), timeout=1.0,
        resources=Resources(cpu=1, memory="1Gi", gpu=1, gpu_type="t", disk="1Gi"), tags=(("a", "b"),),
    )  # fmt: skip
    build.step("rich", ports={"out0": "any", "out1": "path", "out2": "bytes", "out3": "int"}, settings=settings)
    inner = build.pipeline(build.call("f"), name="inner")
    plan = Schedule(cron="0 6 * * *", start="2026-01-01", catchup=True, paused=True)
    return build.pipeline(  # type: ignore[no-any-return]
        build.call("rich"),
        build.call("g", ordered=True, x=build.add(build.param("n"), build.const(1))),
        build.sub("inner", "inner"),
        parameters={"n": "int"}, returns=build.out("rich", "out3"), nested=(inner,),
        settings=PipelineSettings(schedule=plan, timeout=9.0, max_parallel=2, on_failure="continue", tags=(("a", "b"),)),
    )  # fmt: skip


def asking(pipeline: Pipeline) -> Pipeline:
    """The pipeline with a scheduled time, a step that asks for its context, and one that runs when the run has failed."""
    span = pipeline.span
    parameters = (*pipeline.parameters, ir.Parameter("day", "datetime", None, span, scheduled=True))
    programs = {s.program: ir.Program(s.program, "p", (), span) for s in pipeline.steps}
    call = ir.Call("on_failure", pipeline.steps[0].id, (), Settings(), (), True, span)
    return replace(pipeline, parameters=parameters, programs=tuple(programs.values()), on_failure=call)


def test_every_feature_that_is_used_is_decided(build: Any) -> None:
    unused = {"compute", "schedule.every", "schedule.at", "step.cache", "if", "map", "for", "while", "try", "fail", "predicate"}
    unused |= {"stack.store", "stack.store_options", "stack.registry", "placement", "code.image"}  # of a stack
    assert set(decided(asking(rich(build)), Toy())) == {f.name for f in FEATURES} - unused


def test_a_feature_without_a_row_is_rejected(build: Any) -> None:
    target = Toy()
    target.capabilities = Capabilities({}, "toy:1", "3.11")
    problems = refused(build.pipeline(build.call("a")), target)
    assert ("WYE4001", "toy cannot do calls ordered by data: this target has no rule for it") in [p[:2] for p in problems]


def test_a_rejection_stands_where_the_setting_is_written(build: Any) -> None:
    written = Span("p.py", 99, 5, 99, 9)
    build.step("a", settings=Settings(retry=Retry(4), spans=(("retry", written),)))
    target = Toy(step__retry=Row("native", "retries", when=_retry))
    assert refused(build.pipeline(build.call("a")), target) == [("WYE4001", "toy cannot do retries with back-off: at most 3", written)]


@pytest.mark.parametrize("kind", ["if", "map", "for", "while", "try", "fail"])
def test_control_flow_without_a_row_is_rejected(build: Any, kind: str) -> None:
    s, none, cond = Span("p.py", 77, 1, 77, 9), ir.Block((), ()), build.const(True, "bool")
    over = build.param("xs", ("list", "int"))
    nodes: dict[str, ir.Node] = {
        "if": ir.If("r", build.param("c", "bool"), none, none, (), s), "map": ir.Map("r", over, none, None, (), s),
        "for": ir.For("r", over, (), None, none, (), s), "while": ir.While("r", (), None, ir.Block((), (cond,)), none, (), s),
        "try": ir.Try("r", none, (), None, none, (), s), "fail": ir.Fail("r", build.const("no", "str"), None, Settings(), None, (), s),
    }  # fmt: skip
    p = build.pipeline(nodes[kind], parameters={"c": "bool", "xs": ("list", "int")})
    assert [(code, span) for code, _, span in refused(p, Toy())] == [("WYE4001", s)]


def test_strict_refuses_what_is_not_native(build: Any) -> None:
    build.step("a", settings=Settings(retry=Retry(1), timeout=1.0))
    target = Toy(step__retry=Row("emulated", "in-process"), step__timeout=Row("advisory", "no meaning"))
    p = build.pipeline(build.call("a"))
    assert decided(p, target)["step.retry"] == "emulated"
    assert [problem[:2] for problem in refused(p, target, strict=True)] == [
        ("WYE4002", "retries with back-off is emulated on toy: in-process"),
        ("WYE4002", "time-out of an attempt is advisory on toy: no meaning"),
    ]


def test_a_block_for_the_target_on_a_step_is_refused(build: Any) -> None:
    build.step("a", settings=Settings(targets=(("toy", (("pool", "x"),)), ("other", (("q", 1),)))))
    (problem,) = refused(build.pipeline(build.call("a")), Toy())
    assert problem[:2] == ("WYE4003", "toy has no settings of its own for a step: `pool`")


def test_settings_of_a_nested_pipeline_are_not_dropped(build: Any) -> None:
    plan, written = Schedule(every="1h"), Span("p.py", 98, 1, 98, 9)
    inner = build.pipeline(build.call("f"), name="inner", settings=PipelineSettings(schedule=plan))
    assert decided(build.pipeline(build.sub("inner", "inner"), nested=(inner,)), Toy())["schedule.every"] == "advisory"
    inner = build.pipeline(build.call("f"), name="inner", settings=PipelineSettings(timeout=9.0, spans=(("timeout", written),)))
    (problem,) = refused(build.pipeline(build.sub("inner", "inner"), nested=(inner,)), Toy())
    assert problem == ("WYE4001", "toy cannot do time-out of a run: a nested pipeline cannot have its own", written)


def test_only_the_check_makes_a_checked_pipeline(build: Any) -> None:
    with pytest.raises(TypeError):
        CheckedPipeline(build.pipeline(), Toy(), (), object())


def test_the_report(build: Any) -> None:
    checked = check(passes.run(rich(build)), Toy(step__retry=Row("emulated", "in-process")), Options())
    report = report_json(checked)
    assert (report["pipeline"], report["target"]) == ("main", "toy")
    assert report["summary"] == {"native": len(checked.decisions) - 1, "emulated": 1, "advisory": 0}
    (row,) = [r for r in report["rows"] if r["feature"] == "step.retry"]
    assert row | {"span": ""} == {
        "feature": "step.retry",
        "level": "emulated",
        "how": "in-process",
        "link": "",
        "subject": "rich",
        "span": "",
    }
    file = report_file(checked)
    assert (file.path, json.loads(file.text)) == ("report.json", report)


def test_what_every_pipeline_is_made_of_is_reported_once(build: Any) -> None:
    p = passes.run(build.pipeline(*(build.call(f"s{i}") for i in range(20))))
    assert [d.feature for d in check(p, Toy(), Options()).decisions] == ["call", "output.parameter"]
