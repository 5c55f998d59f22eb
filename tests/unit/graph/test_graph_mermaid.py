"""The flowchart: only forms that Mermaid's grammar has, and labels that nothing in it, in Markdown or in HTML reads.

The pictures of all programs of the tests were also parsed by mermaid 10.9, 11.17 and 12.3, and their labels compared as drawn.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from wye.graph.mermaid import as_mermaid, label
from wye.graph.model import Graph, shortened

Make = Callable[[str], Graph]

_TEXT = r'"[^"<>`;&#\n\\|{}\[\]*~^$@%!?-]*(?:(?:#(?:\w+);|<br/>)[^"<>`;&#\n\\|{}\[\]*~^$@%!?-]*)*"'
_BOX = re.compile(rf"(n\d+)(?:\[{_TEXT}\]|\({_TEXT}\)|\{{\{{{_TEXT}\}}\}}|\(\[{_TEXT}\]\)|\{{{_TEXT}\}})")
_OPEN = re.compile(rf"subgraph (n\d+)\[{_TEXT}\]")
_ARROW = re.compile(r"(n\d+) (?:-->|-\.->)(?:\|(?:yes|no|fails|done)\|)? (n\d+)")


def check(text: str) -> None:
    """Every line is one of four forms; subgraphs close; an arrow joins two of the boxes, neither inside the other."""
    head, *lines = text.splitlines()
    assert head == "flowchart TD"
    inside: list[str] = []
    parents: dict[str, list[str]] = {}
    arrows = []
    for line in lines:
        line = line.strip()
        if line == "end":
            inside.pop()
        elif found := _OPEN.fullmatch(line):
            assert found[1] not in parents
            parents[found[1]] = list(inside)
            inside.append(found[1])
        elif found := _BOX.fullmatch(line):
            assert found[1] not in parents
            parents[found[1]] = list(inside)
        else:
            arrow = _ARROW.fullmatch(line)
            assert arrow, line
            arrows.append((arrow[1], arrow[2]))
    assert not inside
    assert arrows
    for a, b in arrows:
        assert a in parents
        assert b in parents
        assert a != b
        assert a not in parents[b]
        assert b not in parents[a]
    holders = {p[-1] for p in parents.values() if p}
    opened = set(re.findall(r"subgraph (n\d+)", text))
    assert opened <= holders, "no subgraph is empty"


def test_everything(everything: Graph) -> None:
    text = as_mermaid(everything)
    check(text)
    assert '["train<br/>rows, rate / 2<br/>p.py:41"]' in text
    assert '{"score #gt; 0.5"}' in text
    assert 'subgraph n5["for rows in each(parts, max_parallel=4) · at most 4 at a time · p.py:40"]' in text or "at most 4 at a time" in text
    assert '{{"assert<br/>total #gt; 0, #quot;nothing#quot;<br/>p.py:60"}}' in text


def test_a_decision_has_its_arrows(source_graph: Make) -> None:
    graph = source_graph("@pipeline\ndef flow(b: bool = True):\n    if b:\n        tell('a')\n    else:\n        tell('b')\n")
    lines = [line.strip() for line in as_mermaid(graph).splitlines()]
    assert lines == [
        "flowchart TD",
        'subgraph n1["if · p.py:30"]',
        'n3{"b"}',
        'subgraph n2["then"]',
        "n4[\"tell<br/>'a'<br/>p.py:31\"]",
        "end",
        'subgraph n5["else"]',
        "n6[\"tell_2<br/>'b'<br/>p.py:33\"]",
        "end",
        "end",
        "n3 -->|yes| n2",
        "n3 -->|no| n5",
    ]


def decoded(text: str) -> str:
    """What Mermaid shows for a label."""
    text = re.sub(r"#(\d+);", lambda m: chr(int(m[1])), text)
    return html.unescape(re.sub(r"#(\w+);", r"&\1;", text))


@given(st.text())
def test_any_text_as_a_label(text: str) -> None:
    shown = label(text)
    assert re.fullmatch(_TEXT, f'"{shown}"')
    words = shortened(text, 48)
    assert decoded(shown).replace("\u200b", "") == "".join(c if c.isprintable() else "\ufffd" for c in words.replace("\u200b", ""))


def test_what_mermaid_reads_in_spite_of_entities() -> None:
    assert decoded(label(r"a\nb $$x$$ \n")) == "a\\\u200bnb $\u200b$x$\u200b$ \\\u200bn"


def test_hostile_sources(source_graph: Make) -> None:
    words = ['a"b', "a#b;", "end", "x]", "{{ x }}", "<script>", "a|b", "`md` **b** __i__", "1. item", "- item", "%% c", "日本", "#quot;"]
    body = "".join(f"    if s == {w!r}:\n        tell({w!r})\n" for w in words)
    check(as_mermaid(source_graph(f"@pipeline\ndef flow(s: str = 'end'):\n{body}")))
