"""Where a plan's values are: a SOURCE of the plan in, an ENTRY of the runner's values file out; and the blocks that stand inside nodes.

An artifact is never read here. Of a parameter's text only what control flow needs is read: a condition, the elements of a list.
"""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from .files import parts
from .values import wire

Json = Dict[str, Any]

REGIONS = frozenset({"if", "map", "for", "while", "try"})
LOOPS = frozenset({"map", "for", "while"})


class Scope:
    """The values of a block, and of those around it. Each iteration of a loop has a scope; `prefix` begins the ids of its tasks."""

    def __init__(self, outer: Optional[Scope] = None, prefix: str = "") -> None:
        self.outer, self.prefix = outer, prefix
        self.known: Dict[Tuple[str, str], Any] = {}
        """By kind and name: a param's entry, a task's folder, a region's result entries, a loop's item and carry entries."""

    def iteration(self, loop: str, index: int) -> Scope:
        return Scope(self, f"{self.prefix}{loop}[{index}].")

    def find(self, kind: str, name: str) -> Any:
        scope: Optional[Scope] = self
        while scope is not None:
            if (kind, name) in scope.known:
                return scope.known[kind, name]
            scope = scope.outer
        raise LookupError(f"the plan has no {kind} {name!r} here")

    def entry(self, source: Json) -> Json:
        """The entry of a source or a yield."""
        if "const" in source:
            return {"text": wire(source["const"])}
        if "task" in source:
            return {"file": output_file(self.find("task", source["task"]), source["output"], source["format"]), "format": source["format"]}
        kind = next(k for k in ("param", "result", "item", "carry") if k in source)
        found: Any = self.find(kind, source[kind])
        found = found[source["index"]] if kind in ("result", "carry") else found
        return {"format": source["format"], **found} if "file" in found else found

    def entries(self, sources: Iterable[Json]) -> List[Json]:
        return [self.entry(s) for s in sources]


# --- entries ---------------------------------------------------------------------------------------------------------------------


def output_file(folder: str, name: str, format: str) -> str:
    """Where a task in a folder leaves an output."""
    return os.path.join(folder, "out", name + ".json" * (format == "json"))


def text_of(entry: Json) -> str:
    """The wire text of a parameter."""
    if "text" in entry:
        return str(entry["text"])
    if "item" in entry:
        return text_of(elements(entry["item"])[int(entry["index"])])
    with open(entry["file"], encoding="ascii") as file:
        return file.read()


def truth(entry: Json) -> bool:
    """The value of a condition."""
    text = text_of(entry)
    if text not in ("true", "false"):
        raise ValueError(f"a condition must be true or false, not {text[:80]}")
    return text == "true"


def elements(entry: Json) -> List[Json]:
    """The entries of a list's elements."""
    if "list" in entry:
        return list(entry["list"])
    if "item" in entry:
        return elements(elements(entry["item"])[int(entry["index"])])
    if entry.get("format", "")[-1:] == "*":
        return [{"file": path, "format": entry["format"][:-1]} for path in parts(entry["file"], entry["format"])]
    found = json.loads(text_of(entry))
    if not isinstance(found, list):
        raise ValueError("what a loop goes over is not a list")
    return [{"text": wire(element)} for element in found]


def files_of(entries: Iterable[Json]) -> Iterator[str]:
    """The files that entries name."""
    for entry in entries:
        if "file" in entry:
            yield entry["file"]
        yield from files_of(entry.get("list", [entry["item"]] if "item" in entry else ()))


# --- the tree of a plan ------------------------------------------------------------------------------------------------------------


def blocks(node: Json) -> List[Json]:
    """The blocks inside a region, in program order."""
    if node["op"] == "if":
        return [node["then"], node["else"]]
    if node["op"] == "while":
        return [node["condition"], node["body"]]
    if node["op"] == "try":
        return [node["body"], *(h["body"] for h in node["handlers"]), *(b for b in (node.get("else"), node.get("final")) if b)]
    return [node["body"]] if node["op"] in REGIONS else []


def every(nodes: Iterable[Json]) -> Iterator[Json]:
    """All nodes and those inside, in program order, parents first."""
    for node in nodes:
        yield node
        for block in blocks(node):
            yield from every(block["nodes"])


def whole(plan: Mapping[str, Any]) -> Iterator[Json]:
    """All nodes of a plan, with the one that runs when the run has failed."""
    return every([*plan["nodes"], *([plan["handler"]] if plan.get("handler") else [])])


def outside_loops(nodes: Iterable[Json]) -> Iterator[Json]:
    """The tasks that run once at most."""
    for node in nodes:
        if node["op"] not in REGIONS:
            yield node
        elif node["op"] not in LOOPS:
            for block in blocks(node):
                yield from outside_loops(block["nodes"])


def upstream(block: Json) -> List[List[str]]:
    """For each node of a block those of the block that must be done before it: what it and the blocks inside read, and `after`."""
    here = {node["id"] for node in block["nodes"]}
    found = []
    for node in block["nodes"]:
        read = [s.get("task") or s.get("result") for s in _sources(node)]
        found.append(list(dict.fromkeys([*(i for i in read if i in here), *node["after"]])))
    return found


def _sources(node: Json) -> Iterator[Json]:
    yield from node.get("inputs", {}).values()
    if node["op"] == "if":
        yield node["condition"]
    if "over" in node:
        yield node["over"]
    yield from node.get("carries", ())
    for block in blocks(node):
        for inner in block["nodes"]:
            yield from _sources(inner)
        yield from block["yields"]
