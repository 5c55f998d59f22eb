"""Pictures of pipelines that stand in a file, and of pipelines made by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wye import driver
from wye.diagnostics.render import read_sources
from wye.graph.build import build as build_graph
from wye.graph.model import Graph
from wye.passes.order import order

STEPS = """\
from wye import each, pipeline, step


@step
def load(region: str = "eu") -> list[int]: ...


@step
def train(rows: list[int], rate: float = 0.1) -> float: ...


@step
def add(a: float, b: float) -> float: ...


@step
def good(score: float) -> bool: ...


@step
def deploy(score: float) -> str: ...


@step
def tell(what: str = "") -> None: ...


"""

EVERYTHING = """\
@pipeline
def inner(x: float) -> float:
    y = add(x, 1.0)
    if y > 3:
        return y
    return add(x, y)


@pipeline
def flow(rate: float = 0.1, debug: bool = False, regions: list[str] = ["eu"]) -> str:
    parts = [load(region) for region in regions]
    scores = []
    for rows in each(parts, max_parallel=4):
        score = train(rows, rate / 2)
        if score > 0.5:
            tell("good")
        scores.append(inner(score))
    total = 0.0
    for n, score in enumerate(scores):
        total = add(total, score)
        if total > 100:
            break
    while not good(total):
        total = add(total, rate)
    if debug:
        tell()
    elif total > 3 and not debug:
        tell(
            "a long one",
        )
    else:
        tell("other")
    assert total > 0, "nothing"
    try:
        url = deploy(total)
    except ValueError:
        url = "none"
    finally:
        tell("done")
    return url
"""


@pytest.fixture
def source_graph(tmp_path: Path) -> Callable[[str], Graph]:
    """The picture of what follows the steps in a file `p.py`."""

    def make(text: str) -> Graph:
        file = tmp_path / "p.py"
        file.write_text(STEPS + text, "utf-8")
        sources = read_sources(tmp_path)
        return build_graph(order(driver.read_pipeline(file)), lambda path: sources(path).lines)

    return make


@pytest.fixture
def everything(source_graph: Callable[[str], Graph]) -> Graph:
    """Every construct in one pipeline."""
    return source_graph(EVERYTHING)
