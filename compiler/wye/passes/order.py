"""Makes program order explicit: ordered calls go in; `after` edges that say the same come out.

    rows = load()                     load
    check(rows)                       check(load.out)
    model = train(lr)         ->      train(lr)        after check
    notify()                          notify()         after train
    return publish(model)             publish(train)   after notify

An ordered node (a call whose value nobody uses, a `raise`, a `try`) starts after everything before it in its block, and everything after
it in its block waits for it. Only the edges are added that do not follow from others: an ordered node waits for those that nothing else
waits for, another node for the latest ordered one unless it already depends on something that does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wye.ir import model as ir
from wye.ir.model import Block, Node, Pipeline
from wye.ir.nodes import captures, is_ordered, rewritten, source


def order(pipeline: Pipeline) -> Pipeline:
    nested = tuple(replace(p, body=_block(p.body)) for p in pipeline.pipelines)
    return replace(pipeline, body=_block(pipeline.body), pipelines=nested)


def _block(block: Block) -> Block:
    nodes: list[Node] = []
    barrier: str | None = None
    since: dict[str, Node] = {}  # the nodes after the latest barrier: each of them waits for it
    sinks: dict[str, None] = {}  # those of them that nothing waits for yet
    for node in block.nodes:
        node = rewritten(node, lambda e: e, _block)
        before = _before(node, since, barrier)
        if is_ordered(node):
            wanted = list(sinks) or ([barrier] if barrier else [])
            node = _after(node, (id for id in wanted if id not in before))
            barrier, since, sinks = node.id, {}, {}
        else:
            if barrier and not before:
                node = _after(node, [barrier])
            for id in before:
                sinks.pop(id, None)
            since[node.id] = node
            sinks[node.id] = None
        nodes.append(node)
    return Block(tuple(nodes), block.yields)


def _before(node: Node, since: dict[str, Node], barrier: str | None) -> set[str]:
    """The nodes since the latest barrier, and it, that all of `node` waits for already.

    A nested pipeline's value may come from a part of it, or from none, and what it reads may be needed by a part of it only: there,
    data orders nothing but the parts, and only `after` counts.
    """
    found = set(node.after)
    if not isinstance(node, ir.SubPipeline):
        found.update(id for r in captures(node) if (id := source(r)) and not isinstance(since.get(id), ir.SubPipeline))
    return {id for id in found if id in since or id == barrier}


def _after(node: Node, ids: Iterable[str]) -> Node:
    return replace(node, after=tuple(dict.fromkeys([*node.after, *ids])))
