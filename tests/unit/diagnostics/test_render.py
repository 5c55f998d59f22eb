"""The renderer: what a person sees on a terminal, what a program reads, and that no source can play tricks."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wye.diagnostics import Diagnostic, Label, Span, explain
from wye.diagnostics.github import as_github
from wye.diagnostics.render import Source, Sources, as_json, colour_on, read_sources, render, summary
from wye.diagnostics.sarif import as_sarif
from wye.diagnostics.screen import cell, safe


def files(**texts: str) -> Sources:
    return lambda path: Source(path, tuple(texts[path.removesuffix(".py")].split("\n")) if path.removesuffix(".py") in texts else ())


def at(line: int, column: int, end: int, end_line: int | None = None, path: str = "a.py") -> Span:
    return Span(path, line, column, end_line or line, end)


def shown(d: Diagnostic, sources: Sources, **options: Any) -> str:
    """The rendering of one diagnostic, without the summary; trailing margin cut."""
    text = render([d], sources, **options)
    body, _, last = text.rstrip("\n").rpartition("\n\n")
    assert last == "1 error"
    return "\n" + body + "\n"


def test_one_line() -> None:
    d = Diagnostic("WYE1234", "no such step", at(2, 9, 13), help="did you mean `load`?\nor not")
    assert (
        shown(d, files(a="x = 1\n    y = laod()\n"))
        == """
a.py:2:9: error[WYE1234]: no such step
  |
2 |     y = laod()
  |         ^^^^
help: did you mean `load`?
      or not
"""
    )


def test_labels_here_and_elsewhere() -> None:
    labels = (Label(at(1, 5, 6), "first"), Label(at(1, 1, 4, path="b.py"), "also"), Label(at(1, 1, 2, path="gone.py"), "lost"))
    d = Diagnostic("WYE1234", "twice", at(10, 5, 6), labels)
    text = "def f(): ...\n" + "\n" * 8 + "def f(): ..."
    assert (
        shown(d, files(a=text, b="def"))
        == """
a.py:10:5: error[WYE1234]: twice
   |
 1 | def f(): ...
   |     - first
...
10 | def f(): ...
   |     ^
  --> b.py:1:1
   |
 1 | def
   | --- also
  --> gone.py:1:1
       lost
"""
    )


def test_two_places_on_one_line_and_a_gap_of_one() -> None:
    d = Diagnostic("WYE1234", "m", at(3, 5, 6), (Label(at(3, 1, 2), "left"), Label(at(1, 1, 2), "top"), Label(at(3, 5, 6), "this")))
    assert (
        shown(d, files(a="one\ntwo\nabcde"))
        == """
a.py:3:5: error[WYE1234]: m
  |
1 | one
  | - top
2 | two
3 | abcde
  | - left
  |     ^ this
"""
    )


def test_many_lines() -> None:
    text = "x = f(\n" + "    1,\n" * 8 + ")\n"
    assert (
        shown(Diagnostic("WYE1234", "m", at(1, 5, 2, 10)), files(a=text))
        == """
a.py:1:5: error[WYE1234]: m
   |
 1 |   x = f(
   |  _____^
 2 | |     1,
 3 | |     1,
...  |
 9 | |     1,
10 | | )
   | |_^
"""
    )
    assert (
        shown(Diagnostic("WYE1234", "m", at(1, 5, 6, 2)), files(a="    f(\n    )"))
        == """
a.py:1:5: error[WYE1234]: m
  |
1 | /     f(
2 | |     )
  | |_____^
"""
    )


def underlined(line: str, column: int, end: int, **options: Any) -> tuple[str, str]:
    rows = shown(Diagnostic("WYE1234", "m", at(1, column, end)), files(a=line), **options).strip("\n").split("\n")
    return rows[2][4:], rows[3][4:]


@pytest.mark.parametrize(
    ("line", "column", "end", "expected"),
    [
        ("\tx", 2, 3, ("    x", "    ^")),
        ("ab\tx", 4, 5, ("ab  x", "    ^")),
        ("日本 = x", 6, 7, ("日本 = x", "       ^")),
        ("日本 = x", 1, 3, ("日本 = x", "^^^^")),
        ("e\u0301 x", 4, 5, ("e\u0301 x", "  ^")),
        ("'\x1b[2J' x", 8, 9, ("'␛[2J' x", "       ^")),
        ("'\u202e' x", 5, 6, ("'<U+202E>' x", "           ^")),
        ("x\x00\x7f\x85", 1, 2, ("x␀␡<U+0085>", "^")),
        ("שלום x", 6, 7, ("שלום x", "     ^")),
        ("x = ", 5, 5, ("x =", "    ^")),
        ("x", 9, 12, ("x", " ^")),
        ("x" * 500 + "y", 501, 502, ("…" + "x" * 133 + "y", " " * 134 + "^")),
        ("y" + "x" * 500, 1, 2, ("y" + "x" * 133 + "…", "^")),
    ],
)
def test_columns(line: str, column: int, end: int, expected: tuple[str, str]) -> None:
    assert underlined(line, column, end) == expected


def test_a_long_line_is_cut_around_the_place() -> None:
    text, marks = underlined("a" * 300 + "HERE" + "b" * 300, 301, 305, width=60)
    assert text[marks.index("^") : marks.rindex("^") + 1] == "HERE"
    assert text.startswith("…a")
    assert text.endswith("b…")
    assert len(text) <= 60


def test_places_outside_the_file_have_no_excerpt() -> None:
    for span in (at(99, 1, 2), at(1, 1, 2, path="gone.py")):
        assert "\n" not in shown(Diagnostic("WYE1234", "m", span), files(a="x")).strip("\n")


@given(st.text(max_size=30), st.integers(1, 40), st.integers(1, 40), st.integers(20, 60))
def test_no_text_steers_the_terminal(text: str, start: int, stop: int, width: int) -> None:
    line = text.replace("\n", " ").replace("\r", " ")
    d = Diagnostic("WYE1234", text, at(1, start, stop), (Label(at(1, stop, stop + 2), text),), text)
    shown_text = render([d], files(a=line), width=width)
    assert all(c == "\n" or cell(c)[0] == c for c in shown_text)


def test_safe_keeps_ordinary_text() -> None:
    assert safe("naïve — 日本語 שלום 👩\u200d🚀") == "naïve — 日本語 שלום 👩\u200d🚀"
    assert safe("a\tb\nc") == "a    b␊c"


def test_colours_only_when_asked() -> None:
    d = Diagnostic("WYE1234", "m", at(1, 1, 2), (Label(at(1, 2, 3), "l"),), "h")
    assert "\x1b" not in render([d], files(a="xy"))
    painted = render([d], files(a="xy"), colour=True)
    assert "\x1b[1;31merror[WYE1234]\x1b[0m" in painted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (io.StringIO(), {}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
    ],
)
def test_when_to_colour(stream: io.StringIO, environ: dict[str, str], expected: bool) -> None:
    assert colour_on(stream, environ) is expected


def test_summary() -> None:
    error, warning = Diagnostic("WYE1234", "m", at(1, 1, 2)), Diagnostic("WYE1234", "m", at(1, 1, 2), severity="warning")
    assert summary([error, error, warning]) == "2 errors, 1 warning"
    assert summary([]) == "no problems"


# --- for machines -----------------------------------------------------------------------------------------------------------------

BOTH = (
    Diagnostic("WYE1001", "first,\n100%", at(2, 3, 5), (Label(at(1, 1, 2), "here"),), "do: this", target="airflow"),
    Diagnostic("WYE1002", "second", at(3, 1, 4, 5), severity="warning"),
)


def test_json() -> None:
    first, second = (as_json(d, files()) for d in BOTH)
    assert first == {
        "code": "WYE1001", "severity": "error", "message": "first,\n100%", "path": "a.py",
        "line": 2, "column": 3, "end_line": 2, "end_column": 5,
        "labels": [{"path": "a.py", "line": 1, "column": 1, "end_line": 1, "end_column": 2, "text": "here"}],
        "help": "do: this", "target": "airflow",
    }  # fmt: skip
    assert second["severity"] == "warning"


def test_github() -> None:
    assert as_github(BOTH, files(), ["a:b,\r\n::error::c"]).splitlines() == [
        "::error title=wye::a:b,%0D%0A::error::c",
        "::error file=a.py,line=2,endLine=2,col=3,endColumn=4,title=WYE1001::first,%0A100%25%0Ahelp: do: this",
        "::warning file=a.py,line=3,endLine=5,title=WYE1002::second",
    ]
    odd = Diagnostic("WYE1001", "m", Span("a.py", 1, 1, 1, 1), severity="note")
    assert (
        as_github([odd], lambda _: Source("a:b,c%\n.py", ()))
        == "::notice file=a%3Ab%2Cc%25%0A.py,line=1,endLine=1,col=1,endColumn=1,title=WYE1001::m\n"
    )


def test_sarif() -> None:
    [run] = as_sarif(BOTH, files())["runs"]
    first, second = run["results"]
    assert [run["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] for r in (first, second)] == ["WYE1001", "WYE1002"]
    assert (first["level"], second["level"]) == ("error", "warning")
    place = second["locations"][0]["physicalLocation"]
    region = {"startLine": 3, "startColumn": 1, "endLine": 5, "endColumn": 4}
    assert place == {"artifactLocation": {"uri": "a.py", "uriBaseId": "%SRCROOT%"}, "region": region}
    assert [label["message"]["text"] for label in first["relatedLocations"]] == ["here"]
    assert run["tool"]["driver"]["rules"][0]["help"]["markdown"] == explain.page("WYE1001")
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_sarif_of_odd_text() -> None:
    """What SARIF would read as a placeholder, as a link or as a part of a URI is text."""
    d = Diagnostic("WYE1001", "{0} [a](b) {{x}}", Span("p", 0, 0, 0, 0), (Label(at(1, 1, 2), "}"),))
    [result] = as_sarif([d], lambda _: Source("/out side/a#b?c%.py", ()), ["no {file}"])["runs"][0]["results"]
    assert result["message"]["text"] == "{{0}} [a] (b) {{{{x}}}}"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "file:///out%20side/a%23b%3Fc%25.py"}
    assert place["region"] == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}


def test_sources_are_shown_from_here(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "pipe.py").write_bytes("# -*- coding: latin-1 -*-\r\ns = 'é'\rx".encode("latin-1"))
    found = read_sources(tmp_path / "src", tmp_path)("pipe.py")
    assert found == Source("src/pipe.py", ("# -*- coding: latin-1 -*-", "s = 'é'", "x"))
    assert read_sources(tmp_path / "src", tmp_path)("gone.py") == Source("src/gone.py", ("",))
    assert read_sources(tmp_path, tmp_path / "src")("pipe.py").path == "../pipe.py"
    assert read_sources(tmp_path, tmp_path / "src", inside=True)("pipe.py").path == f"{tmp_path}/pipe.py"
    assert read_sources(tmp_path / "src", tmp_path)((tmp_path / "wye.toml").as_posix()).path == "wye.toml"
