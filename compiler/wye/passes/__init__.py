"""The passes: a pipeline as the front end made it in; without nested pipelines, with every order explicit, what regions evaluate and what
the pipeline returns in tasks, out.

Each pass is a pure function in a file of its own. Their order is the tuple below; with `WYE_VERIFY=1` the verifier runs around each.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from wye.ir.model import Pipeline
from wye.ir.verify import verify
from wye.passes.handler import handler
from wye.passes.inline import inline
from wye.passes.islands import islands
from wye.passes.lift import lift
from wye.passes.order import order
from wye.passes.outputs import outputs
from wye.passes.place import place
from wye.passes.settle import settle

__all__ = ["PASSES", "islands", "run"]

PASSES: tuple[Callable[[Pipeline], Pipeline], ...] = (
    outputs,  # first: what is returned is ordered and placed like any other expression
    order,  # before nested pipelines dissolve: it speaks of blocks
    inline,
    settle,  # after it no region evaluates an expression
    place,
    lift,
    handler,
)


def run(pipeline: Pipeline) -> Pipeline:
    """All passes. Raises `CompileFailed` for what only they can see."""
    checking = os.environ.get("WYE_VERIFY") == "1"
    if checking:
        verify(pipeline)
    for apply in PASSES:
        pipeline = apply(pipeline)
        if checking:
            verify(pipeline)
    return pipeline
