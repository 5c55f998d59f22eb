"""The drafts of a pipeline in; which of its `if`s are Condition steps, and which steps stand in their branches, out.

    a -> if a: b else: c            b and c stand in the branches of a Condition step
    a -> if a: b else: c; d         b and c are guarded: d cannot wait for one of two branches

A step can wait for a step in a branch only within that branch. So an `if` is a Condition step where nothing outside waits for anything
inside, and nothing outside reads what is made inside; everything else about guards stays as it is.
https://github.com/aws/sagemaker-python-sdk/issues/3565
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wye.backend.guards import BEGIN, Draft, Origin

Guard = tuple[Origin, bool]


@dataclass(slots=True)
class Condition:
    """A Condition step: the task and output that say which branch, what it waits for, its branches."""

    task: str
    output: str
    waits: tuple[str, ...]
    then: Branch
    orelse: Branch
    name: str = ""

    def step(self, entries: Mapping[str, dict[str, Any]], names: Mapping[str, str]) -> dict[str, Any]:
        left = {"Std:JsonGet": {"PropertyFile": {"Get": f"Steps.{names[self.task]}.PropertyFiles.state"}, "Path": f"tested.{self.output}"}}
        step: dict[str, Any] = {"Name": self.name, "Type": "Condition"}
        step["Arguments"] = {
            "Conditions": [{"Type": "Equals", "LeftValue": left, "RightValue": "true"}],
            "IfSteps": self.then.steps(entries, names),
            "ElseSteps": self.orelse.steps(entries, names),
        }
        return step | {"DependsOn": [names[t] for t in self.waits]}


@dataclass(slots=True)
class Branch:
    """Tasks and conditions of a branch, or of the whole pipeline, in order. `guards`: those of each task that are left to it."""

    parts: list[str | Condition] = field(default_factory=list)
    guards: dict[str, tuple[Guard, ...]] = field(default_factory=dict)
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def conditions(self) -> Iterator[Condition]:
        for part in self.parts:
            if isinstance(part, Condition):
                yield part
                yield from part.then.conditions()
                yield from part.orelse.conditions()

    def left(self, id: str) -> tuple[Guard, ...]:
        """The guards that a task still has to look at."""
        if id in self.guards:
            return self.guards[id]
        found = (b.left(id) for p in self.parts if isinstance(p, Condition) for b in (p.then, p.orelse) if b.holds(id))
        return next(found)

    def holds(self, id: str) -> bool:
        return id in self.guards or any(b.holds(id) for p in self.parts if isinstance(p, Condition) for b in (p.then, p.orelse))

    def decides(self, task: str | None, id: str) -> bool:
        """Whether a Condition step that reads `task` has the task `id` in one of its branches."""
        return any(c.task == task and (c.then.holds(id) or c.orelse.holds(id)) for c in self.conditions())

    def steps(self, entries: Mapping[str, dict[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
        """The steps, in order; tasks that a Condition step has waited for, the steps in its branches wait for no more."""
        found = []
        for part in self.parts:
            if isinstance(part, Condition):
                found.append(part.step(entries, names))
            else:
                entry = dict(entries[part])
                waits = [names[t] for t in self.needs[part]]
                found.append(entry | ({"DependsOn": waits} if waits else {}))
        return found


def nested(drafts: Mapping[str, Draft]) -> Branch:
    """The whole pipeline as the tree of its Condition steps."""
    return _branch(list(drafts), {id: d.guards for id, d in drafts.items()}, drafts, frozenset())


def _branch(ids: list[str], guards: Mapping[str, tuple[Guard, ...]], drafts: Mapping[str, Draft], ready: frozenset[str]) -> Branch:
    """`ready`: what has ended when the branch is entered."""
    made, placed = Branch(), set[str]()
    for id in ids:
        if id in placed:
            continue
        first = guards[id][0] if guards[id] else None
        inside = [t for t in ids if first and guards[t] and guards[t][0][0] == first[0]]
        if first is None or not _native(first[0], inside, drafts):
            made.parts.append(id)
            made.guards[id] = guards[id]
            made.needs[id] = tuple(t for t in drafts[id].needs if t != BEGIN and t not in ready)
            placed.add(id)
            continue
        outer = [t for i in inside for t in drafts[i].needs if t != BEGIN and t not in inside and t not in ready]
        outer += [] if first[0]["task"] in ready else [first[0]["task"]]
        rest = {t: guards[t][1:] for t in inside}
        known = ready | {*outer}
        arms = [[t for t in inside if guards[t][0][1] is wanted] for wanted in (True, False)]
        then, orelse = (_branch(arm, rest, drafts, known) for arm in arms)
        made.parts.append(Condition(first[0]["task"], first[0]["output"], tuple(dict.fromkeys(outer)), then, orelse))
        placed |= {*inside}
    return made


def _native(condition: Origin, inside: list[str], drafts: Mapping[str, Draft]) -> bool:
    """Whether nobody outside needs anything of what stands inside; and whether a Condition step can read the condition."""
    if "task" not in condition or condition["format"] != "json" or drafts[condition["task"]].soft:
        return False
    members = {*inside}
    if any(drafts[id].soft for id in inside):
        return False
    return not any(_mentions(d) & members for id, d in drafts.items() if id not in members)


def _mentions(draft: Draft) -> set[str]:
    """The tasks that a task waits for, reads or asks after."""
    origins = (*(o for o, _ in draft.inputs.values()), *(o for o, _ in draft.guards))
    read = {leaf["task"] for origin in origins for leaf in leaves(origin) if "task" in leaf}
    return {*draft.needs, *draft.checks, *draft.of, *draft.handles, *draft.requires, *read}


def leaves(origin: Origin) -> Iterator[Origin]:
    """What an origin may lead to: behind joins, both arms and what decides."""
    if "select" in origin:
        for part in ("select", "then", "else"):
            yield from leaves(origin[part])
    else:
        yield origin
