from __future__ import annotations


def note(text: str) -> None:
    assert text
