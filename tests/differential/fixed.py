"""Programs written down: the text of a file of them in, each with the runs to make and the code that refuses it, out; and the check of one.

Programs stand apart by a line of dashes. One is the body of `p`, or a whole module when it begins with a decorator. Its first line may be
its name, as a comment. `# with n=0, xs=[]` at the end asks for a run with other arguments, `# first a, b` says that no `b` runs
before an `a` has, `# WYE1234` that it is refused.
"""

from __future__ import annotations

import itertools
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import library
import pytest
from harness import compiled, difference, early, forced, plain, planned

from wye.diagnostics import CompileFailed

_TAIL = re.compile(r"# (?:with (?P<arguments>.*)|first (?P<first>\w+, \w+)|(?P<code>WYE\d{4}))")
_numbers = itertools.count()


@dataclass(frozen=True)
class Fixed:
    """One program: `code` is what refuses it."""

    name: str
    source: str
    runs: tuple[dict[str, Any], ...]
    code: str | None
    orders: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.name


def read(text: str, signature: str = library.SIGNATURE) -> list[Fixed]:
    return [_read(part, signature) for part in text.strip("\n").split("\n---\n")]


def _read(text: str, signature: str) -> Fixed:
    lines = text.split("\n")
    runs: list[dict[str, Any]] = []
    orders: list[tuple[str, str]] = []
    code = None
    while match := _TAIL.fullmatch(lines[-1]):
        lines.pop()
        if match["first"]:
            first, _, then = match["first"].partition(", ")
            orders.append((first, then))
        elif match["code"]:
            code = match["code"]
        else:
            runs.insert(0, eval(f"dict({match['arguments']})"))
    name = lines[0].removeprefix("# ")[:70]
    if lines[0].startswith("# "):
        del lines[0]
    body = "\n".join(lines)
    source = library.module(body) if body.startswith(("@", "class ")) else library.pipeline(body, signature)
    return Fixed(name, source, ({}, *runs), code, tuple(orders))


both_ways = pytest.mark.parametrize("way", ["plan", pytest.param("islands", marks=pytest.mark.processes)])
"""As the plan, with all arguments; with every region as an island, with those that are the defaults."""


def check(program: Fixed, folder: Path, way: str) -> None:
    """The program is refused with its code, or every run of it is what the plain call is."""
    name = f"fixed_program_{next(_numbers)}"
    place = folder / name
    try:
        made = compiled(program.source, name, place)
    except CompileFailed as refused:
        found = [*refused.diagnostics]
    else:
        found = []
    shown = "\n".join(f"{d.code} {d.message} ({d.span})" for d in found)
    assert {d.code for d in found} == ({program.code} if program.code else set()), shown
    if found:
        return
    form = made if way == "plan" else forced(made)
    for number, arguments in enumerate(program.runs if way == "plan" else program.runs[:1]):
        wanted = plain(program.source, name, arguments)
        got = planned(form, program.source, name, arguments, place / f"{way}{number}", number)
        problem = difference(program.source, wanted, got)
        assert not problem, f"{way}: {problem}\nwith    {arguments}\nplain   {wanted}\n{way:7} {got}"
    for number in range(8 if program.orders and way == "plan" else 0):  # in as many shuffled orders
        got = planned(made, program.source, name, {}, place / f"order{number}", number)
        for first, then in program.orders:
            assert not early(got.log, first, then), f"{then} ran before {first}: {got}"
    shutil.rmtree(place)
