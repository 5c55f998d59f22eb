from __future__ import annotations


def read_all(files: list[Path]) -> list[str]:
    return [f"{f.name}={f.read_text()}" for f in files]
