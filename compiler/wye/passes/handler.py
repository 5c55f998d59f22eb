"""Gives the call that runs when the run has failed a name that no other task has.

on_failure = call on_failure()            on_failure   = call on_failure()
on failure: on_failure = call tell()  ->  on failure: on_failure_2 = call tell()
"""

from __future__ import annotations

from dataclasses import replace

from wye.ir.model import Pipeline
from wye.ir.nodes import every
from wye.ir.printer import unique_name


def handler(pipeline: Pipeline) -> Pipeline:
    call = pipeline.on_failure
    if call is None:
        return pipeline
    return replace(pipeline, on_failure=replace(call, id=unique_name(call.id, {n.id for n in every(pipeline.body)})))
