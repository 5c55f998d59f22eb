"""Text that some layer between two steps would love to interpret: none of it may change."""

from __future__ import annotations

import os

from corpus import CORPUS, ENVIRONMENT
from wye import pipeline, step


@step
def echo(text: str) -> str:
    return text


@step
def echo_all(texts: list[str]) -> list[str]:
    return texts


@step
def table(cells: dict[str, str]) -> dict[str, str]:
    return cells


@step(env=ENVIRONMENT)
def environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ENVIRONMENT}


@step
def made() -> list[str]:
    """Text that only exists at run time."""
    return [*CORPUS, "\x00", "".join(map(chr, range(128))), chr(0xD800)]


@step
def big(letter: str, count: int) -> str:
    return letter * count


@step
def measure(text: str) -> tuple[int, str, str]:
    return len(text), text[:1], text[-1:]


@step
def render(template: str, value: str) -> str:
    return template + value


@pipeline
def hostile_strings(
    jinja: str = "{{ 1 + 1 }} {{ds}} {% raw %} {# c #}",
    shell: str = "${HOME} $(id) `id` $HOME; rm -rf / # && || > < | & \\",
    percent: str = "%(x)s %s %d %%",
    quotes: str = "'single' \"double\" '''triple''' \\\"",
    lines: str = "one\ntwo\r\nthree\rfour\ttab\n",
    yes: str = "yes",
    number: str = "007",
    null: str = "null",
    text_of_json: str = '{"a": [1, null]}',
    string_of_json: str = '"quoted"',
    kfp: str = "{{$}} {{$.inputs.parameters['x']}} {{$.json_escape[1]}}",
    words: list[str] = ["{{ ds }}", "'", '"', "${{ x }}", "", " ", "\u202eRTL\u202c", "😀"],
    cells: dict[str, str] = {"{{ key }}": "$(value)", "a'b": 'c"d', "": "", "$dollar": "1", "no": "off"},
) -> dict[str, object]:
    return {
        "defaults": [echo(jinja), echo(shell), echo(percent), echo(quotes), echo(lines), echo(yes), echo(number), echo(null)],
        "json": [echo(text_of_json), echo(string_of_json), echo(kfp)],
        "words": echo_all(words),
        "cells": table(cells),
        "constants": echo_all(CORPUS),
        "single": echo("{{ 1 + 1 }}"),
        "keys": table({"{{ 1 + 1 }}": "{% raw %}", "$(x)": "%(x)s", "it's": "${HOME}"}),
        "environment": environment(),
        "made": echo_all(made()),
        "expression": echo(f"{{{{ {jinja} }}}} '{quotes}' {lines!r} ${percent}"),
        "joined": render(f"{shell}`{kfp}`", "'" + yes + '"'),
        "big": measure(big("x", 100000)),
        "big_quotes": measure(big("'", 40000)),
        "untouched": [jinja, shell, lines],
    }
