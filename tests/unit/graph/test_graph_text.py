"""The tree for the terminal."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from wye.diagnostics.screen import cell
from wye.graph.model import Graph
from wye.graph.text import as_text

Make = Callable[[str], Graph]

TREE = """\
flow(rate: float = 0.1, debug: bool = False, regions: list[str] =  p.py:37
    ['eu']) -> str
├─ for region in regions                    p.py:38  in parallel; reads regions
│  └─ load                                  p.py:38  reads region
├─ for rows in each(parts, max_parallel=4)  p.py:40  at most 4 at a time; reads
│  │                                                 for:38
│  ├─ train                                 p.py:41  reads rows, rate
│  ├─ if score > 0.5                        p.py:42  reads train
│  │  └─ tell                               p.py:43
│  └─ inner(score)                          p.py:44  pipeline; reads train;
│     │                                              after if:42
│     ├─ add                                p.py:30  reads x
│     ├─ if y > 3                           p.py:31  reads add
│     ├─ else
│     │  └─ add_2                           p.py:33  reads add, x
│     └─ return                             p.py:33  reads if:31
├─ for n, score in enumerate(scores)        p.py:46  in order; reads for:40
│  └─ add                                   p.py:47  reads total, score
├─ while not good(total)                    p.py:50  in order; reads for:46
│  └─ good                                  p.py:50  reads total
├─ do
│  └─ add_2                                 p.py:51  reads total, rate
├─ if debug                                 p.py:52  reads while:50, debug
│  └─ tell_2                                p.py:53
├─ elif total > 3 and not debug             p.py:54
│  └─ tell_3                                p.py:55
├─ else
│  └─ tell_4                                p.py:59
├─ assert total > 0, "nothing"              p.py:60  reads while:50; after if:52
├─ try                                      p.py:61  after assert:60
│  └─ deploy                                p.py:62  reads while:50
├─ except ValueError                        p.py:63
├─ finally
│  └─ tell_5                                p.py:66
└─ return url                               p.py:67  reads try:61
"""


def test_everything(everything: Graph) -> None:
    assert as_text(everything, width=80) == TREE


@pytest.mark.parametrize("width", [64, 80, 100, 200])
def test_it_fits(everything: Graph, width: int) -> None:
    lines = as_text(everything, width=width).splitlines()
    assert max(sum(cell(c)[1] for c in line) for line in lines) <= width
    assert as_text(everything, width=width).count("…") == 0 or width < 80


def test_long_names_are_cut_before_places(source_graph: Make) -> None:
    condition = " and ".join(f"n > {k}" for k in range(40))
    graph = source_graph(f"@pipeline\ndef flow(n: int = 1):\n    if {condition}:\n        tell()\n")
    (line,) = [text for text in as_text(graph).splitlines() if "if n > 0" in text]
    assert len(line) <= 80
    assert re.fullmatch(r"└─ if n > 0 and .*…  +p\.py:\d+  reads n", line)
    assert condition in as_text(graph, width=1000)


def test_ascii(everything: Graph) -> None:
    text = as_text(everything, width=60, unicode=False)
    assert text.isascii()
    assert "|- try " in text
    assert "`- return url" in text
    assert max(map(len, text.splitlines())) <= 60


def test_colour_changes_nothing_else(everything: Graph) -> None:
    coloured = as_text(everything, colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == as_text(everything)
    assert "\x1b" not in as_text(everything)


def test_text_of_the_source_cannot_steer_the_terminal(source_graph: Make) -> None:
    graph = source_graph("@pipeline\ndef flow(s: str = '\x1b[31m'):\n    if s == '\x1b]0;x\x07 \u202e':\n        tell('\x1b[2J')\n")
    text = as_text(graph)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
    assert "␛" in text


def test_what_is_read_can_be_found(everything: Graph) -> None:
    """Every name after `reads` or `after` stands at the beginning of another line, or is a variable of the source."""
    text = as_text(everything, width=200)
    begun = {m[1] for m in re.finditer(r"(?m)^[│ ├└─]*(\w+)", text)}
    places = {f"{m[1]}:{m[2]}" for m in re.finditer(r"(?m)^[│ ├└─]*(\w+).*?p\.py:(\d+)", text)}
    variables = {"rows", "rate", "region", "regions", "score", "total", "debug", "x"}
    for found in re.findall(r"(?:reads|after) ([^;\n]+)", text):
        assert set(found.split(", ")) <= begun | places | variables


def test_what_runs_when_the_run_has_failed(source_graph: Make) -> None:
    source = "@pipeline(on_failure=tell)\ndef flow() -> bool:\n    return good(1.0)\n"
    shown = [re.sub(" +", " ", line) for line in as_text(source_graph(source)).splitlines()[1:]]
    assert [line.partition(" p.py")[0] for line in shown] == ["├─ good", "├─ return good(1.0)", "└─ on failure: tell"]
