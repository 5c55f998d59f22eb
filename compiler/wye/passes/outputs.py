"""Adds the task that holds what the pipeline returns.

    return auc * 100       ->      outputs = compute(cast float: train.out1 * 100);  yield outputs.out

Its output has the pipeline's declared type; without one, the type of the expression.
"""

from __future__ import annotations

from dataclasses import replace

from wye.ir import model as ir
from wye.ir.model import Block, Format, Pipeline
from wye.ir.nodes import every
from wye.ir.settings import Settings
from wye.passes.inline import checked
from wye.runtime.types import format_of


def outputs(pipeline: Pipeline) -> Pipeline:
    if not pipeline.body.yields:
        return pipeline
    (value,) = pipeline.body.yields
    t = value.type if pipeline.type == "any" else pipeline.type
    value = checked(value, t)
    format: Format = format_of(t)  # type: ignore[assignment]
    if isinstance(value, ir.Output | ir.Result | ir.Item | ir.Carry) and not value.format.endswith("*"):
        format = value.format
    taken = {n.id for n in every(pipeline.body)}
    id, n = "outputs", 1
    while id in taken:
        n += 1
        id = f"outputs_{n}"
    task = ir.Compute(id, value, format, t, Settings(), None, (), value.span)
    result = ir.Output(id, "out", t, format, value.span)
    return replace(pipeline, body=Block((*pipeline.body.nodes, task), (result,)))
