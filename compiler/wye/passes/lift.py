"""Moves what a node inside a region waits for outside of it to the region.

    %load                              %load
    %if_1 = if c                       %if_1 = if c   after %load
    then: %train after %load    ->     then: %train

A region starts when all that it waits for is done, so nothing inside has to wait for it again.
"""

from __future__ import annotations

from dataclasses import replace

from wye.ir.model import Block, Node, Pipeline
from wye.ir.nodes import blocks, captures, every, rewritten, source


def lift(pipeline: Pipeline) -> Pipeline:
    body, _ = _block(pipeline.body)
    return replace(pipeline, body=body)


def _block(block: Block) -> tuple[Block, dict[str, None]]:
    """The block, and what its nodes wait for outside."""
    here = {n.id for n in block.nodes}
    outside: dict[str, None] = {}
    nodes: list[Node] = []
    for node in block.nodes:
        wanted: dict[str, None] = {}
        if blocks(node):
            node = rewritten(node, lambda e: e, lambda b: _inner(b, wanted))  # noqa: B023
            read = {source(r) for r in captures(node)} | {n.id for b in blocks(node) for n in every(b)}
            wanted = {id: None for id in wanted if id not in read}
        waits = dict.fromkeys([*node.after, *wanted])
        outside.update((id, None) for id in waits if id not in here)
        nodes.append(replace(node, after=tuple(id for id in waits if id in here)))
    return Block(tuple(nodes), block.yields), outside


def _inner(block: Block, wanted: dict[str, None]) -> Block:
    done, outside = _block(block)
    wanted.update(outside)
    return done
