from __future__ import annotations


def read(path: Path) -> str:
    return path.read_text()
