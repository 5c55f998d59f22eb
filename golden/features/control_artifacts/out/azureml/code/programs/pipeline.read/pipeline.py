from __future__ import annotations


def read(place: Path) -> str:
    return f"{place.name}: {place.read_text()}"
