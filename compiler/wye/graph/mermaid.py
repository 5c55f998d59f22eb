"""A graph in; a Mermaid flowchart out, as GitHub and other readers of Markdown draw it: a subgraph per region, dotted arrows for order.

Every label is quoted, and whatever Mermaid, its Markdown or HTML could read in it stands as an entity code (`#quot;`).
https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wye.graph.model import Arm, Graph, Item, Region, Task, place, shortened

_LONGEST = 48
_SHAPES = {"step": ('["', '"]'), "expression": ('("', '")'), "raise": ('{{"', '"}}'), "return": ('(["', '"])')}
_READ = re.compile(r"\\(?=n)|\$(?=\$)")
"""What Mermaid reads in the text even so: `\\n` is a new line, `$$` begins a formula. A space of no width parts them."""
_NAMED = {'"': "quot", "<": "lt", ">": "gt", "&": "amp"}


def as_mermaid(graph: Graph) -> str:
    """The flowchart, ending with a newline; without the fence that Markdown wants around it."""
    return "\n".join(["flowchart TD", *(f"  {line}" for line in _Drawing(graph).lines())]) + "\n"


def label(*parts: str, most: int = _LONGEST) -> str:
    """The text inside the quotes of a label, a line for each part."""
    return "<br/>".join(re.sub(r"[^\w .,:=/()+'…·]", _entity, _READ.sub("\\g<0>\u200b", shortened(p, most))) for p in parts if p)


def _entity(found: re.Match[str]) -> str:
    char = found.group()
    if ord(char) >= 0xA0 and char.isprintable():
        return char
    return f"#{_NAMED.get(char, ord(char) if char.isprintable() or char == chr(0x200B) else 0xFFFD)};"


class _Drawing:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._ids: dict[str, str] = {}  # the box's name in the flowchart
        self._entries: dict[str, str] = {}  # where the arrow of what a condition reads ends
        self._arrows: list[str] = []
        self._count = 0

    def lines(self) -> Iterator[str]:
        yield from self._items(self._graph.items)
        yield from self._arrows
        for edge in self._graph.edges:
            arrow = "-->" if edge.data else "-.->"
            target = self._entries.get(edge.target) if edge.data else None
            yield f"{self._ids[edge.source]} {arrow} {target or self._ids[edge.target]}"

    def _name(self) -> str:
        self._count += 1
        return f"n{self._count}"

    def _items(self, items: Iterable[Item]) -> Iterator[str]:
        for item in items:
            self._ids[item.id] = name = self._name()
            if isinstance(item, Task):
                left, right = _SHAPES[item.kind]
                yield f"{name}{left}{label(item.title, item.detail, place(item.span))}{right}"
                continue
            yield f'subgraph {name}["{_heading(item)}"]'
            yield from (f"  {line}" for line in self._inside(item))
            yield "end"

    def _inside(self, region: Region) -> Iterator[str]:
        match region.kind:
            case "if":
                yield from self._branches(region)
            case "try" | "while":
                if len(region.arms) == 1:
                    yield from self._filled(region.arms[0])
                    return
                names = [self._name() for _ in region.arms]
                for n, (name, arm) in enumerate(zip(names, region.arms)):
                    yield from self._arm(name, arm, "condition" if n == 0 and region.kind == "while" else arm.title)
                if region.kind == "try":
                    self._attempt(region, names)
                else:
                    self._arrows.append(f"{names[0]} -->|yes| {names[1]}")
            case _:
                yield from self._filled(region.arms[0])

    def _branches(self, region: Region) -> Iterator[str]:
        """A decision per condition, and an arrow from it to what is done."""
        before = ""
        for arm in region.arms:
            body = self._name() if arm.items else ""
            if arm.title != "else":
                decision = self._name()
                yield f'{decision}{{"{label(arm.title.partition(" ")[2])}"}}'
                if before:
                    self._arrows.append(f"{before} -->|no| {decision}")
                else:
                    self._entries[region.id] = decision
                if body:
                    self._arrows.append(f"{decision} -->|yes| {body}")
                before = decision
            elif body:
                self._arrows.append(f"{before} -->|no| {body}")
            if body:
                yield from self._arm(body, arm, "else" if arm.title == "else" else "then")

    def _attempt(self, region: Region, names: list[str]) -> None:
        """Which block of a `try` comes after which."""
        final = names[-1] if region.arms[-1].title == "finally" else None
        for arm, name in zip(region.arms[1:], names[1:]):
            if name != final:
                self._arrows.append(f"{names[0]} -.->|{'done' if arm.title == 'else' else 'fails'}| {name}")
        if final:
            self._arrows += [f"{name} -.-> {final}" for name in names[:-1]]

    def _arm(self, name: str, arm: Arm, title: str) -> Iterator[str]:
        yield f'subgraph {name}["{label(title)}"]'
        yield from (f"  {line}" for line in self._filled(arm))
        yield "end"

    def _filled(self, arm: Arm) -> Iterator[str]:
        """The boxes of a block; a mark where there is none, for a subgraph must hold something."""
        if arm.items:
            yield from self._items(arm.items)
        else:
            yield f'{self._name()}(["nothing"])'


def _heading(region: Region) -> str:
    title = region.arms[0].title
    title = region.kind if region.kind in ("if", "try") else shortened(title, _LONGEST)
    return label(" · ".join(p for p in (title, region.detail, place(region.span)) if p), most=140)
