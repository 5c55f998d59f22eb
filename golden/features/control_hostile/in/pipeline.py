"""Strings that templates, shells and YAML would change, through conditions, joins, loops and messages."""

from __future__ import annotations

from wye import pipeline, step

STRINGS = ["", " ", "yes", "null", "1e3", "{{ ds }}", "{{$}}", "$HOME", "$(id)", "`id`", "'", '"', "\\", "a\nb", "\t", "é", "😀", "%s", "<b>&", "#", "a: b", "- x", "[1]", "true"]


@step
def same(text: str) -> str:
    return text


@step
def texts(n: int) -> list[str]:
    return STRINGS[:n]


@pipeline
def hostile(n: int = 24, text: str = "it's \"{{ ds }}\" $HOME \\ \n {{$}} %") -> list[object]:
    found = []
    for t in texts(n):
        s = same(t)
        if s == "{{ ds }}":
            found.append(same("templates"))
        elif s in ("'", '"', "\\", "$HOME"):
            found.append(s)
        else:
            found.append(t + "!")
    t = same(text)
    if t == "it's \"{{ ds }}\" $HOME \\ \n {{$}} %":
        kept = t
    else:
        kept = "{{ changed }}"
    if t != text:
        other = same(t)
    else:
        other = "$SAME {{ 1 + 1 }} '\" \\"
    return [found, kept, other, [same(x) for x in (text, other)]]
