"""The drafts of a pipeline in; which tasks share a lane, and what a For each task says of its iterations, out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wye.backend.guards import Draft
from wye_targets.databricks.capabilities import AT_ONCE
from wye_targets.databricks.turns import INDICES

INDEX = {"wye.index": "{{input}}"}
"""What an iteration is told beside what every task is."""


def works(draft: Draft) -> bool:
    return draft.form["op"] not in ("verdict", "end")


def lanes(count: int | None, drafts: Mapping[str, Draft]) -> dict[str, tuple[str, ...]]:
    """With `max_parallel`, the task before it in one of so many lanes: what a task waits for beside what it needs. A loop has one lane,
    from the task that lists its items to the one that gathers."""
    if not count:
        return {}
    ends = {d.loop.items: d.loop.id for d in drafts.values() if d.loop}
    inner = {*ends.values(), *(id for id, d in drafts.items() if d.loop)}
    tasks = [id for id, d in drafts.items() if works(d) and "handles" not in d.form and not d.handles and id not in inner]
    return {later: (ends.get(earlier, earlier),) for earlier, later in zip(tasks, tasks[count:])}


def at_once(id: str, drafts: Mapping[str, Draft], before: Mapping[str, frozenset[str]], limit: int | None) -> int | None:
    """How many tasks of the user's may run inside a loop or an island at a time: all that the pipeline may have, where no other runs beside
    it."""
    if limit is None or (drafts[id].form["op"] != "island" and not drafts[id].loop):
        return None
    alone = all(t in before[id] or id in before[t] for t in drafts if t != id and works(drafts[t]))
    return limit if alone else 1


def each(draft: Draft, keys: Mapping[str, str], parallel: int | None, task: dict[str, Any]) -> dict[str, Any]:
    """What a job says of a task that runs for each item. Nothing about retries stands there: the API refuses it."""
    assert draft.loop
    inputs = f"{{{{tasks.{keys[draft.loop.items]}.values.{INDICES}}}}}"
    concurrency = min(n for n in (draft.loop.limit, parallel, AT_ONCE) if n)
    return {"for_each_task": {"inputs": inputs, "concurrency": concurrency, "task": {"task_key": keys[draft.loop.turn], **task}}}
