"""Sizes of boxes and arrows between them in; the place of each box and the course of each arrow out, top to bottom, by Graphviz' `dot`.

The one module that knows the library: pygraphviz, whose wheels bring Graphviz along. It gets numbers only, no text of the user's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]

_INCH = 72.0
_ATTRIBUTES = {"nodesep": "0.34", "ranksep": "0.4", "splines": "true", "margin": "0", "pad": "0"}


class LayoutMissing(Exception):
    """The layout library is not installed, or cannot be loaded; the message says why, `help` what to do."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


@dataclass(frozen=True, slots=True)
class Size:
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Arrow:
    """`shown` is False for one that only says which box stands above which."""

    source: int
    target: int
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Course:
    """A Bézier curve from border to border: a start, then three points for each piece; `tip` is the point of the arrow."""

    points: tuple[Point, ...]
    tip: Point


@dataclass(frozen=True, slots=True)
class Layered:
    """`corners` are the upper left corners of the boxes, `courses` those of the arrows that are shown, both in the order given."""

    size: Size
    corners: tuple[Point, ...]
    courses: tuple[Course, ...]


def layered(boxes: Sequence[Size], arrows: Sequence[Arrow]) -> Layered:
    """Boxes in layers, each arrow from a higher layer to a lower one, with few crossings. The same for the same input."""
    try:
        from pygraphviz import AGraph
    except ModuleNotFoundError:
        raise LayoutMissing("pygraphviz is not installed", "pip install 'wye[graph]'; text and mermaid need nothing") from None
    except ImportError as error:  # its wheels for Linux count on libraries that a slim image lacks
        packages = "libglib2.0-0 libx11-6 libxext6 libxrender1 libexpat1"
        raise LayoutMissing(f"pygraphviz cannot be loaded: {error}", f"on Debian: apt-get install {packages}") from error
    graph = AGraph(directed=True, strict=False)
    graph.graph_attr.update(_ATTRIBUTES)
    graph.node_attr.update(shape="box", fixedsize="true", label="")
    for n, box in enumerate(boxes):
        graph.add_node(n, width=f"{box.width / _INCH:.4f}", height=f"{box.height / _INCH:.4f}")
    for n, arrow in enumerate(arrows):
        graph.add_edge(arrow.source, arrow.target, key=n, **({} if arrow.shown else {"style": "invis", "weight": "0"}))
    graph.layout(prog="dot")
    left, bottom, right, top = (float(v) for v in graph.graph_attr["bb"].split(","))
    # lines may swing wider than the frame that Graphviz gives, which holds the boxes
    courses = [_course(graph.get_edge(a.source, a.target, key=str(n)).attr["pos"], top) for n, a in enumerate(arrows) if a.shown]
    left = min([left, *(x for c in courses for x, _ in c.points)])
    right = max([right, *(x for c in courses for x, _ in c.points)])
    corners = []
    for n, box in enumerate(boxes):
        x, y = (float(v) for v in graph.get_node(n).attr["pos"].split(","))
        corners.append((x - box.width / 2 - left, top - y - box.height / 2))
    moved = [Course(tuple((x - left, y) for x, y in c.points), (c.tip[0] - left, c.tip[1])) for c in courses]
    return Layered(Size(right - left, top - bottom), tuple(corners), tuple(moved))


def _course(text: str, top: float) -> Course:
    """`e,x,y x,y …`: the tip, then the curve."""
    tip: Point | None = None
    points: list[Point] = []
    for part in text.split():
        fields = part.split(",")
        point = (float(fields[-2]), top - float(fields[-1]))
        if fields[0] == "e":
            tip = point
        elif fields[0] != "s":
            points.append(point)
    return Course(tuple(points), tip or points[-1])
