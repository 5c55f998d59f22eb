"""What is drawn: tasks and regions as nested boxes, in program order, and the arrows between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from wye.diagnostics import Span

Kind = Literal["step", "expression", "raise", "return"]
RegionKind = Literal["if", "map", "for", "while", "try", "pipeline", "island"]


@dataclass(frozen=True, slots=True)
class Task:
    """One box without boxes inside. `title` is its name, or `raise`, `assert`, `return`; `detail` the arguments, or of an expression the
    statement that it stands in.
    `names` are the parameters, loop items and carried values that it reads: what no arrow shows."""

    id: str
    kind: Kind
    title: str
    detail: str
    names: tuple[str, ...]
    span: Span

    def words(self) -> str:
        """All that it stands for, as Python would write it."""
        match self.kind:
            case "step":
                return f"{self.title}({self.detail})"
            case "expression":
                return self.detail
            case "raise" | "return":
                return f"{self.title} {self.detail}".rstrip()
            case _:
                assert_never(self.kind)


@dataclass(frozen=True, slots=True)
class Arm:
    """One block of a region under its heading: `if auc > 0.8`, `else`, `except ValueError`, … `span` is the heading's place, when it is not
    the region's own."""

    title: str
    items: tuple[Item, ...]
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """A box with blocks inside. The first arm's title says what the region is; `detail` how its iterations run."""

    id: str
    kind: RegionKind
    detail: str
    names: tuple[str, ...]
    arms: tuple[Arm, ...]
    span: Span


Item: TypeAlias = Task | Region


@dataclass(frozen=True, slots=True)
class Edge:
    """`target` reads what `source` makes, or (`data` is False) only waits for it. Both are ids of tasks or regions, at any depth."""

    source: str
    target: str
    data: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """One pipeline. `signature` is its name with its parameters and what it returns."""

    name: str
    signature: str
    items: tuple[Item, ...]
    edges: tuple[Edge, ...]
    span: Span


def tasks_and_regions(items: tuple[Item, ...]) -> list[Item]:
    """All boxes, parents first, in program order."""
    found: list[Item] = []
    for item in items:
        found.append(item)
        if isinstance(item, Region):
            for arm in item.arms:
                found += tasks_and_regions(arm.items)
    return found


def place(span: Span) -> str:
    """`churn.py:33`."""
    return f"{span.path}:{span.line}"


def shortened(text: str, most: int, mark: str = "…") -> str:
    """The text on one line of at most so many characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - len(mark)].rstrip() + mark
