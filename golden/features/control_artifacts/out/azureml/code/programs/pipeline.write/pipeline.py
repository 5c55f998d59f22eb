from __future__ import annotations

from pathlib import Path


def write(text: str) -> Path:
    place = Path("note.txt")
    place.write_text(text)
    return place
