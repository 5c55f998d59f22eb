"""The flowchart: only forms that Mermaid's grammar has, and labels that nothing in it, in Markdown or in HTML reads.

mermaid 10.9, 11.17 and 12.3 draw the charts of all fixed programs of tests/differential, and show these labels as they stand here.
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
_ARROW = re.compile(r"(n\d+) (?:-->|-\.->)(?:\|(?:yes|no|fails|done|again)\|)? (n\d+)")


def check(text: str) -> None:
    """Every line is one of five forms; subgraphs close and are not empty; an arrow joins two boxes, none of them a subgraph."""
    head, *lines = text.splitlines()
    assert head == "flowchart TD"
    inside: list[str] = []
    boxes: set[str] = set()
    opened: set[str] = set()
    filled: set[str] = set()
    arrows = []
    for line in lines:
        line = line.strip()
        name = _OPEN.fullmatch(line) or _BOX.fullmatch(line)
        if line == "end":
            inside.pop()
        elif line == "direction TB":
            assert inside
        elif name:
            assert name[1] not in boxes | opened
            filled |= set(inside[-1:])
            if line.startswith("subgraph"):
                opened.add(name[1])
                inside.append(name[1])
            else:
                boxes.add(name[1])
        else:
            arrow = _ARROW.fullmatch(line)
            assert arrow, line
            arrows.append((arrow[1], arrow[2]))
    assert not inside
    assert opened == filled
    assert all(a in boxes and b in boxes and a != b for a, b in arrows)
    assert len(arrows) == len({line.strip() for line in lines if _ARROW.fullmatch(line.strip())})


def test_everything(everything: Graph) -> None:
    text = as_mermaid(everything)
    check(text)
    assert '["train<br/>rows, rate / 2<br/>p.py:41"]' in text
    assert '{"score #gt; 0.5"}' in text
    assert '["for rows in each(parts, max_parallel=4) · at most 4 at a time · p.py:40"]' in text
    assert '{{"assert<br/>total #gt; 0, #quot;nothing#quot;<br/>p.py:60"}}' in text


def test_a_decision_has_its_arrows(source_graph: Make) -> None:
    graph = source_graph("@pipeline\ndef flow(b: bool = True):\n    if b:\n        tell('a')\n    else:\n        tell('b')\n")
    assert (
        as_mermaid(graph)
        == """\
flowchart TD
  subgraph n1["if · p.py:30"]
    direction TB
    n2{"b"}
    subgraph n3["then"]
      direction TB
      n4["tell<br/>'a'<br/>p.py:31"]
    end
    subgraph n5["else"]
      direction TB
      n6["tell_2<br/>'b'<br/>p.py:33"]
    end
  end
  n2 -->|yes| n4
  n2 -->|no| n6
"""
    )


def arrows(text: str) -> set[str]:
    """Arrows, with boxes by the first line of their labels."""
    names = {m[1]: re.split("<br/>", m[2])[0] for m in re.finditer(r'(n\d+)[\[({]+"(.*?)"', text)}
    return {re.sub(r"n\d+", lambda m: names[m[0]], line.strip()) for line in text.splitlines() if _ARROW.fullmatch(line.strip())}


def test_what_follows_a_branch_follows_each_arm(source_graph: Make) -> None:
    body = "    r = 0.0\n    if n > 1:\n        r = train([n])\n    elif n > 0:\n        tell()\n    return deploy(r)\n"
    assert arrows(as_mermaid(source_graph(f"@pipeline\ndef flow(n: int = 1) -> str:\n{body}"))) == {
        "n #gt; 1 -->|yes| train", "n #gt; 1 -->|no| n #gt; 0", "n #gt; 0 -->|yes| tell",
        "train --> deploy", "tell --> deploy", "n #gt; 0 -->|no| deploy", "deploy --> return",
    }  # fmt: skip


def test_loops_and_try(source_graph: Make) -> None:
    loop = "    s = 0.0\n    while not good(s):\n        s = add(s, 1.0)\n"
    attempt = (
        "    try:\n        u = deploy(s)\n    except ValueError:\n        u = tell()\n    finally:\n        tell('end')\n    return u\n"
    )
    assert arrows(as_mermaid(source_graph(f"@pipeline\ndef flow():\n{loop}{attempt}"))) == {
        "good -->|again| add", "good -->|done| deploy", "deploy -.->|fails| tell",
        "deploy -.-> tell_2", "tell -.-> tell_2", "tell_2 --> return",
    }  # fmt: skip


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
