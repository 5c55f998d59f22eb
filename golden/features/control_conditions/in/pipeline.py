"""Conditions of every kind; each appends a letter when it holds."""

from __future__ import annotations

from wye import pipeline, step


@step
def number(n: int) -> int:
    return n


@step
def table(n: int) -> dict[str, int]:
    return {"k": n, "z": -n}


@step
def maybe(n: int) -> int | None:
    return n if n > 2 else None


@step
def truth(n: int) -> bool:
    return n > 0


@step
def add(text: str, letter: str) -> str:
    return text + letter


@pipeline
def conditions(n: int = 3, rate: float = 0.5, name: str = "it's {{ n }}", flag: bool = True, xs: list[int] = [1, 2]) -> str:
    out = ""
    a = number(n)
    d = table(n)
    m = maybe(n)
    if a == 3:
        out = add(out, "a")
    if n >= 3 and rate < 0.75:
        out = add(out, "b")
    if name == "it's {{ n }}":
        out = add(out, "c")
    if name in ("x", "it's {{ n }}", "$HOME"):
        out = add(out, "d")
    if flag:
        out = add(out, "e")
    if not truth(n):
        out = add(out, "f")
    if m is None:
        out = add(out, "g")
    if d["k"] > 1:
        out = add(out, "h")
    if 0 < a <= n < 10:
        out = add(out, "i")
    if len(xs) > 1 or a > 100:
        out = add(out, "j")
    if a in xs:
        out = add(out, "k")
    if xs:
        out = add(out, "l")
    if truth(n) and number(n) > 2:
        out = add(out, "m")
    if truth(-n) or truth(n):
        out = add(out, "n")
    if 1 < number(n) < number(n + 1):
        out = add(out, "o")
    if a != n or rate == 0.5:
        out = add(out, "p")
    return out
