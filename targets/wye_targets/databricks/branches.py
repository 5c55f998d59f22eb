"""The drafts of a pipeline in; which of its `if`s are If/else tasks, what every task depends on then, and what it looks at, out.

    a -> if a: b else: c; d     the If/else task `if_1` depends on a and compares what it says; b and c depend on its outcomes; d depends
                                on a, b and c with run_if NONE_FAILED, as one of b and c is left out

What is documented (jobs/run-if, and the API on `run_if` and `outcome`): an outcome "must be met for this task to run"; a task whose
dependencies are all left out is left out, whatever its run_if; NONE_FAILED is met when no dependency has failed and at least one was
executed. So a task in an arm depends on tasks of that arm and on the outcome alone, for all else the If/else task waits; and a task behind
an `if` depends on one that was executed for certain. Whether NONE_FAILED counts a task as failed that was kept from running, no page says:
who depends so looks at what the others have left. An If/else task cannot look: its predicate does, or it is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wye.backend.guards import BEGIN, Draft, Origin, named
from wye_targets.databricks.adapter import TESTED

Edge = tuple[str, bool | None]
"""What a task depends on, and the outcome if that is an If/else task."""
Chain = tuple[tuple[str, bool], ...]
"""The If/else tasks around a task, outermost first, with the arm that it stands in."""


@dataclass(frozen=True, slots=True)
class Edges:
    """What a task depends on. `joins`: one of them may have been left out."""

    of: tuple[Edge, ...]
    joins: bool

    def also(self, tasks: Iterable[str]) -> Edges:
        return Edges(tuple(dict.fromkeys([*self.of, *((t, None) for t in tasks)])), self.joins)

    def entry(self, keys: Mapping[str, str]) -> list[dict[str, Any]]:
        return [{"task_key": keys[t]} | ({} if o is None else {"outcome": str(o).lower()}) for t, o in self.of]


@dataclass(frozen=True, slots=True)
class Condition:
    """An If/else task, called as its `if`: the task and the output that it compares with `true`; what it needs."""

    task: str
    output: str
    needs: tuple[str, ...]
    chain: Chain

    def origin(self) -> Origin:
        return {"task": self.task, "output": self.output, "format": "json"}


@dataclass(frozen=True, slots=True)
class Branches:
    drafts: Mapping[str, Draft]
    conditions: dict[str, Condition] = field(default_factory=dict)
    chains: dict[str, Chain] = field(default_factory=dict)
    """Of the tasks that stand in an arm of an If/else task."""
    later: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What a predicate waits for beside what it needs: what its If/else task would have to look at."""

    def needs(self, id: str) -> tuple[str, ...]:
        return (*self.drafts[id].needs, *self.later.get(id, ()))

    def edges(self, needs: Iterable[str], chain: Chain) -> Edges:
        """What a task depends on that needs these, and stands there."""
        kept = [t for t in needs if t != BEGIN and self.chains.get(t, ())[: len(chain)] == chain]
        inner = [t for t in kept if len(self.chains.get(t, ())) > len(chain)]
        found: list[Edge] = [(t, None) for t in kept]
        if chain and (inner or not kept):
            found.insert(0, chain[-1])
        elif inner:
            found.insert(0, (self.conditions[self.chains[inner[0]][0][0]].task, None))
        return Edges(tuple(dict.fromkeys(found)), bool(inner))

    def of(self, id: str) -> Edges:
        condition = self.conditions.get(id)
        if condition:
            return self.edges(condition.needs, condition.chain)
        return self.edges(self.needs(id), self.chains.get(id, ()))

    def order(self) -> list[str]:
        """All tasks, each If/else task before what stands in its arms."""
        found: dict[str, None] = {}
        for id in self.drafts:
            found |= dict.fromkeys([*(c for c, _ in self.chains.get(id, ())), id])
        return list(found)

    def looks(self, id: str) -> tuple[str, ...]:
        """The tasks at whose states a task looks itself: NONE_FAILED may not count those that were kept from running."""
        return tuple(dict.fromkeys(t for t in self.needs(id) if t != BEGIN)) if self.of(id).joins else ()

    def arms(self, id: str, keys: Mapping[str, str]) -> list[dict[str, Any]]:
        """The same for its task file: each with what must hold for it to have run."""
        found = []
        for t in self.looks(id):
            inner = self.chains.get(t, ())[len(self.chains.get(id, ())) :]
            guards = [(self.conditions[c], wanted) for c, wanted in inner]
            found.append({"task": keys[t], "if": [{"if": named(c.origin(), keys), "is": wanted} for c, wanted in guards]})
        return found

    def tested(self, id: str) -> list[str]:
        """The outputs of a task that If/else tasks compare."""
        return list(dict.fromkeys(c.output for c in self.conditions.values() if c.task == id))


def branched(id: str, tree: Branches, keys: Mapping[str, str]) -> dict[str, Any]:
    """What a task file says of If/else tasks: how many of the task's guards they hold, whose states it looks at, what they compare."""
    found = {"held": len(tree.chains.get(id, ())) if tree.drafts[id].guards else 0, "arms": tree.arms(id, keys), "tested": tree.tested(id)}
    return {k: v for k, v in found.items() if v}


def compared(condition: Condition, keys: Mapping[str, str]) -> dict[str, Any]:
    """What a job says of an If/else task. A task value that is a bool "will be serialized to `true` or `false` for the comparison"."""
    left = f"{{{{tasks.{keys[condition.task]}.values.{TESTED}{condition.output}}}}}"
    return {"condition_task": {"op": "EQUAL_TO", "left": left, "right": "true"}}


def branches(drafts: Mapping[str, Draft], room: int) -> Branches:
    """At most `room` If/else tasks, or none."""
    made = Branches(drafts)
    if room <= 0:
        return made
    _walk(list(drafts), (), made)
    return made if len(made.conditions) <= room else Branches(drafts)


def _walk(ids: list[str], chain: Chain, made: Branches) -> None:
    drafts, depth = made.drafts, len(chain)
    deeper = [id for id in ids if len(drafts[id].arms) > depth]
    for region in dict.fromkeys(drafts[id].arms[depth][0] for id in deeper):
        inside = [id for id in deeper if drafts[id].arms[depth][0] == region]
        origin = next(drafts[id].guards[depth][0] for id in inside if drafts[id].guards)
        if not _native(origin, {*inside}, chain, drafts):
            continue
        decider, needs = origin["task"], tuple(dict.fromkeys(t for id in inside for t in drafts[id].needs if t not in inside))
        if made.edges(needs, chain).joins:
            needs = tuple(t for t in needs if t not in (decider, BEGIN))
            earlier = list(drafts)[: list(drafts).index(decider)]
            if drafts[decider].form["op"] != "compute" or drafts[decider].arms != chain or not {*needs} <= {*earlier}:
                continue
            made.later[decider], needs = (*made.later.get(decider, ()), *needs), ()
        made.conditions[region] = Condition(decider, origin["output"], tuple(dict.fromkeys([decider, *needs])), chain)
        for wanted in (True, False):
            arm = [id for id in inside if drafts[id].arms[depth][1] is wanted]
            made.chains.update((id, (*chain, (region, wanted))) for id in arm)
            _walk(arm, (*chain, (region, wanted)), made)


def _native(origin: Origin, inside: set[str], chain: Chain, drafts: Mapping[str, Draft]) -> bool:
    """Whether an If/else task can read the condition, and nobody asks tasks of its arms what became of them, who may have been left out."""
    decider = drafts.get(origin.get("task", ""))
    if decider is None or origin["format"] != "json" or not re.fullmatch(r"[A-Za-z0-9_]+", origin["output"]):
        return False
    if decider.form["op"] == "gather" or decider.arms != chain[: len(decider.arms)]:
        return False
    if any(drafts[id].whatever and drafts[id].form["op"] != "gather" for id in inside):
        return False
    for id, draft in drafts.items():
        asked = {*draft.of, *draft.handles, *(draft.needs if draft.whatever else ()), *(draft.requires if draft.whatever else ())}
        if id not in inside and asked & inside:
            return False
    return True
