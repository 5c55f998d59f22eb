from __future__ import annotations


def read(file: Path) -> str:
    return f"{file.name}: {file.read_text()}"
