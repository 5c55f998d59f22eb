"""if, elif and else on parameters and outputs: nested, with joins, with constants in an arm, and what follows a join."""

from __future__ import annotations

from wye import pipeline, step


@step
def flip(seed: int) -> str:
    return "heads" if seed % 2 == 0 else "tails"


@step
def score(text: str) -> float:
    return len(text) / 10


@step
def celebrate(name: str) -> str:
    return f"hurray, {name}"


@step
def mourn(name: str) -> str:
    return f"alas, {name}"


@step
def note(text: str) -> None:
    assert text


@step
def join(parts: list[str]) -> str:
    return " | ".join(parts)


@pipeline
def branches(name: str = "Ada", seed: int = 2, loud: bool = False) -> dict[str, object]:
    side = flip(seed)
    if side == "heads":
        message = celebrate(name)
    else:
        message = mourn(name)
    quality = score(message)
    if quality > 5:
        grade = "A"
    elif quality > 1:
        grade = celebrate("grade B")
        if loud:
            note(grade)
            grade = celebrate(grade)
    else:
        grade = "C"
    url = "none"
    if quality > 0.5 and side != "tails":
        url = celebrate("https://example.com")
    if loud:
        note(url)
    text = celebrate(url) if len(url) > 4 else url
    return {"message": message, "grade": grade, "url": url, "all": join([message, grade, url, text])}
