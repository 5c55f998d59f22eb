"""The drawing: a well-formed file with nothing from outside, and a layout in which boxes nest and never overlap."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from wye.graph.build import build as build_graph
from wye.graph.layered import LayoutMissing
from wye.graph.layout import Box, Picture, layout, width
from wye.graph.model import Graph, tasks_and_regions
from wye.graph.svg import as_svg
from wye.ir import model as ir
from wye.passes.order import order

pytest.importorskip("pygraphviz", reason="Graphviz' libraries are not here", exc_type=ImportError)

Make = Callable[[str], Graph]
SVG = "{http://www.w3.org/2000/svg}"
NEAR = 0.05


def edges(box: Box) -> tuple[float, float, float, float]:
    return box.corner[0], box.corner[1], box.corner[0] + box.size.width, box.corner[1] + box.size.height


def holds(a: Box, b: Box) -> bool:
    (left, top, right, bottom), (x, y, x2, y2) = edges(a), edges(b)
    return left - NEAR <= x and top - NEAR <= y and x2 <= right + NEAR and y2 <= bottom + NEAR


def apart(a: Box, b: Box) -> bool:
    (left, top, right, bottom), (x, y, x2, y2) = edges(a), edges(b)
    return x2 <= left + NEAR or right <= x + NEAR or y2 <= top + NEAR or bottom <= y + NEAR


def check(picture: Picture) -> None:
    """Boxes nest or stand apart, texts stay inside their boxes and off each other, arrows begin and end at boxes."""
    for n, a in enumerate(picture.boxes):
        for b in picture.boxes[n + 1 :]:
            assert holds(a, b) or apart(a, b), (a, b)
        left, top, right, bottom = edges(a)
        rows: dict[float, list[tuple[float, float]]] = {}
        for text in a.texts:
            long = width(text.text, text.size)
            start = text.at[0] - long if text.right else text.at[0]
            assert left - NEAR <= start
            assert start + long <= right + NEAR, text
            assert top < text.at[1] <= bottom
            rows.setdefault(text.at[1], []).append((start, start + long))
        for row in rows.values():
            row.sort()
            assert all(one[1] <= two[0] for one, two in pairwise(row))
    page = picture.boxes[0]
    for line in picture.lines:
        x, y = line.course.tip
        near = [b for b in picture.boxes[1:] if edges(b)[0] - 2 <= x <= edges(b)[2] + 2 and edges(b)[1] - 2 <= y <= edges(b)[3] + 2]
        assert near
        assert all(0 <= px <= page.size.width and 0 <= py <= page.size.height for px, py in line.course.points)


def words(svg: str) -> list[str]:
    return ["".join(t.itertext()) for t in ET.fromstring(svg).iter(f"{SVG}text")]


def test_everything(everything: Graph) -> None:
    picture = layout(everything)
    check(picture)
    shown = words(as_svg(everything))
    assert {"train", "rows, rate / 2", "p.py:41", "if score > 0.5", "inner(score)"} <= set(shown)
    assert {"while not good(total)", "except ValueError", "finally"} <= set(shown)
    assert "at most 4 at a time · p.py:40" in shown
    assert len(picture.boxes) > len(tasks_and_regions(everything.items))


def test_nothing_from_outside(everything: Graph) -> None:
    svg = as_svg(everything)
    root = ET.fromstring(svg)
    assert {e.tag for e in root.iter()} <= {SVG + t for t in ("svg", "title", "style", "defs", "marker", "g", "rect", "text", "path")}
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert "prefers-color-scheme: dark" in svg


def test_boxes_stand_inside_the_regions_that_hold_them(source_graph: Make) -> None:
    text = "    for n in ns:\n        if good(n):\n            tell('in')\n    tell('out')\n"
    picture = layout(source_graph(f"@pipeline\ndef flow(ns: list[float] = []):\n{text}"))
    check(picture)
    by_tip = {b.tip.split("  ")[0]: b for b in picture.boxes}
    loop, branch = by_tip["for n in ns"], by_tip["if good(n)"]
    assert holds(loop, branch)
    assert holds(branch, by_tip["tell('in')"])
    assert apart(loop, by_tip["tell_2('out')"])


def test_arrows_point_down_and_order_is_dashed(source_graph: Make) -> None:
    graph = source_graph("@pipeline\ndef flow() -> str:\n    s = train(load())\n    tell(str(s))\n    return deploy(s)\n")
    lines = {line.tip: line for line in layout(graph).lines}
    data = {"train reads load", "tell reads train", "deploy reads train", "return reads deploy"}
    assert {tip: line.data for tip, line in lines.items()} == {**dict.fromkeys(data, True), "deploy waits for tell": False}
    assert all(line.course.points[0][1] < line.course.tip[1] for line in lines.values())
    assert as_svg(graph).count("stroke-dasharray") == 1


def test_the_same_bytes(everything: Graph) -> None:
    code = "import pickle, sys; from wye.graph.svg import as_svg; sys.stdout.write(as_svg(pickle.load(sys.stdin.buffer)))"
    path = os.pathsep.join(p for p in sys.path if p)
    found = {
        subprocess.run(
            [sys.executable, "-c", code], input=pickle.dumps(everything), capture_output=True, check=True,
            env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert found == {as_svg(everything).encode()}


def test_text_of_the_source_is_only_text(source_graph: Make) -> None:
    nasty = "</text><script>alert(1)</script>&amp; \"' \x0b \ufffe"
    graph = source_graph(f"@pipeline\ndef flow(s: str = 'x'):\n    if s == {nasty!r}:\n        tell({nasty!r})\n")
    root = ET.fromstring(as_svg(graph))
    assert not list(root.iter(f"{SVG}script"))
    assert any("</text><script>" in "".join(t.itertext()) for t in root.iter(f"{SVG}text"))


def test_wide_characters_have_room(source_graph: Make) -> None:
    check(layout(source_graph("@pipeline\ndef flow(s: str = 'x'):\n    if s == '日本語日本語日本語':\n        tell('日本語 😀')\n")))


def test_many_alike_stand_in_rows(build: Any) -> None:
    b = build
    calls = [b.call(f"t{n}", x=b.out("load")) for n in range(20)]
    picture = layout(build_graph(order(b.pipeline(b.call("load"), *calls)), lambda path: ()))
    check(picture)
    tops = {box.corner[1] for box in picture.boxes if box.tip.startswith("t")}
    assert len(tops) == 4
    assert all(line.tip.endswith("reads load") for line in picture.lines)


def test_sixty_tasks(build: Any) -> None:
    b = build
    nodes = [b.call("load")]
    for n in range(14):
        nodes += [b.call(f"clean_{n}", x=b.out("load")), b.call(f"fit_{n}", x=b.out(f"clean_{n}"), k=b.param("k"))]
        nodes += [
            b.call(f"score_{n}", m=b.out(f"fit_{n}"), x=b.out(f"clean_{n}")),
            b.call(f"keep_{n}", ordered=n % 7 == 3, x=b.out(f"fit_{n}")),
        ]
    nodes += [b.call("compare", **{f"s{n}": b.out(f"score_{n}") for n in range(14)})]
    start = time.monotonic()
    picture = layout(build_graph(order(b.pipeline(*nodes, parameters={"k": "int"}, returns=b.out("compare"))), lambda path: ()))
    assert time.monotonic() - start < 10
    check(picture)
    assert len(picture.boxes) == 1 + 59


def test_regions_forty_deep(build: Any) -> None:
    b = build
    inside = ir.Block((b.call("t"),), ())
    for n in range(40):
        inside = ir.Block((ir.If(f"if_{n}", b.param("p", "bool"), inside, ir.Block((), ()), (), b.span()),), ())
    check(layout(build_graph(b.pipeline(*inside.nodes), lambda path: ())))


def test_an_empty_pipeline(source_graph: Make) -> None:
    check(layout(source_graph("@pipeline\ndef flow():\n    pass\n")))


def test_without_the_library(everything: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(LayoutMissing, match="not installed") as missing:
        as_svg(everything)
    assert "wye[graph]" in missing.value.help
    (tmp_path / "pygraphviz.py").write_text("raise ImportError('libglib-2.0.so.0: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pygraphviz")
    with pytest.raises(LayoutMissing, match="cannot be loaded: libglib") as missing:
        as_svg(everything)
    assert "apt-get install" in missing.value.help
