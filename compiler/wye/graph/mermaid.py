"""A graph in; a Mermaid flowchart out, as GitHub and other readers of Markdown draw it: a subgraph per region, dotted arrows for order.

Every label is quoted, and whatever Mermaid, its Markdown or HTML could read in it stands as an entity code (`#quot;`). Arrows join boxes,
never subgraphs: with those, versions 10 and 11 fail on some charts (mermaid-js/mermaid#4644). So an arrow to a region ends at what comes
first in it, and one from a region begins at what comes last.
https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wye.graph.model import Arm, Graph, Item, Region, place, shortened

_LONGEST = 48
_SHAPES = {"step": ('["', '"]'), "expression": ('("', '")'), "raise": ('{{"', '"}}'), "return": ('(["', '"])')}
_READ = re.compile(r"\\(?=n)|\$(?=\$)")
"""What Mermaid reads in the text even so: `\\n` is a new line, `$$` begins a formula. A space of no width parts them."""
_NAMED = {'"': "quot", "<": "lt", ">": "gt", "&": "amp"}

Exit = tuple[str, str]
"""A box after which a region is done, and what the arrow from there says."""


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
        self._first: dict[str, str] = {}  # by item: the box at which its arrows end
        self._last: dict[str, list[Exit]] = {}  # by item: where its own arrows begin
        self._arrows: dict[tuple[str, str, str], bool] = {}
        self._count = 0

    def lines(self) -> Iterator[str]:
        yield from list(self._items(self._graph.items))
        for edge in self._graph.edges:
            for box, says in self._last[edge.source]:
                self._arrow(box, self._first[edge.target], says, edge.data)
        for (a, b, says), solid in self._arrows.items():
            yield f"{a} {'-->' if solid else '-.->'}{f'|{says}|' if says else ''} {b}"

    def _arrow(self, a: str, b: str, says: str, solid: bool) -> None:
        self._arrows[a, b, says] = self._arrows.get((a, b, says), False) or solid

    def _name(self) -> str:
        self._count += 1
        return f"n{self._count}"

    def _items(self, items: Iterable[Item]) -> Iterator[str]:
        for item in items:
            name = self._name()
            if isinstance(item, Region):
                yield from _subgraph(name, _heading(item), self._inside(item))
                continue
            left, right = _SHAPES[item.kind]
            self._first[item.id], self._last[item.id] = name, [(name, "")]
            yield f"{name}{left}{label(item.title, item.detail, place(item.span))}{right}"

    def _inside(self, region: Region) -> Iterator[str]:
        match region.kind:
            case "if":
                return self._branches(region)
            case "try":
                return self._attempt(region)
            case "while" if len(region.arms) > 1:
                return self._repetition(region)
            case _:
                return self._only(region)

    def _branches(self, region: Region) -> Iterator[str]:
        """A decision per condition, and an arrow from it to what is done."""
        before: list[Exit] = []
        ends: list[Exit] = []
        for arm in region.arms:
            if arm.title != "else":
                decision = self._name()
                yield f'{decision}{{"{label(arm.title.partition(" ")[2])}"}}'
                self._first.setdefault(region.id, decision)
                self._join(before, decision)
                before = [(decision, "no")]
            ways = before if arm.title == "else" else [(before[0][0], "yes")]
            if arm.items:
                yield from self._block(arm, "else" if arm.title == "else" else "then")
                self._join(ways, self._first[arm.items[0].id])
                ends += self._last[arm.items[-1].id]
            else:
                ends += ways
            if arm.title == "else":
                before = []
        self._last[region.id] = [*ends, *before]

    def _attempt(self, region: Region) -> Iterator[str]:
        """The body, what is done when it fails or not, and what is done in any case."""
        drawn = []
        for arm in region.arms:
            yield from self._block(arm, arm.title)
            drawn.append((arm.title, self._ends(arm)))
        (_, (first, body)), *others = drawn
        ends = body
        for title, (start, after) in others:
            if title == "finally":
                self._join(ends, start, solid=False)
                ends = after
            else:
                self._join([(box, "done" if title == "else" else "fails") for box, _ in body[-1:]], start, solid=False)
                ends = [*ends, *after]
        self._first[region.id], self._last[region.id] = first, ends

    def _repetition(self, region: Region) -> Iterator[str]:
        condition, body = region.arms
        yield from self._block(condition, "condition")
        first, asked = self._ends(condition)
        yield from self._block(body, "do")
        # not yes and no: what the last box of `not good(x)` says is not what the condition says
        self._join([(box, "again") for box, _ in asked], self._ends(body)[0])
        self._first[region.id], self._last[region.id] = first, [(box, "done") for box, _ in asked]

    def _only(self, region: Region) -> Iterator[str]:
        yield from self._filled(region.arms[0])
        self._first[region.id], self._last[region.id] = self._ends(region.arms[0])

    def _join(self, exits: Iterable[Exit], target: str, *, solid: bool = True) -> None:
        for box, says in exits:
            self._arrow(box, target, says, solid)

    def _block(self, arm: Arm, title: str) -> Iterator[str]:
        return _subgraph(self._name(), label(title), self._filled(arm))

    def _filled(self, arm: Arm) -> Iterator[str]:
        """The boxes of a block; a mark where there is none, for a subgraph must hold something."""
        if arm.items:
            yield from self._items(arm.items)
        else:
            name = self._first[_mark(arm)] = self._name()
            self._last[_mark(arm)] = [(name, "")]
            yield f'{name}(["nothing"])'

    def _ends(self, arm: Arm) -> tuple[str, list[Exit]]:
        """The first box of a block, and its last ones."""
        first, last = (arm.items[0].id, arm.items[-1].id) if arm.items else (_mark(arm), _mark(arm))
        return self._first[first], self._last[last]


def _mark(arm: Arm) -> str:
    """What an empty block goes by."""
    return f"nothing of {id(arm)}"


def _subgraph(name: str, heading: str, inside: Iterable[str]) -> Iterator[str]:
    yield f'subgraph {name}["{heading}"]'
    yield "  direction TB"  # else Mermaid turns every other level by a quarter
    yield from (f"  {line}" for line in inside)
    yield "end"


def _heading(region: Region) -> str:
    title = region.kind if region.kind in ("if", "try") else shortened(region.arms[0].title, _LONGEST)
    return label(" · ".join(p for p in (title, region.detail, place(region.span)) if p), most=140)
