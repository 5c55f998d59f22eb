from __future__ import annotations


def scribble(file: Path) -> str:
    """Changes its own copy only."""
    file.write_text("changed")
    return file.read_text()
