from __future__ import annotations
from pathlib import Path


def write(text: str) -> Path:
    path = Path(f"{text}-dir")
    path.mkdir(exist_ok=True)
    (path / "out.txt").write_text(text)
    return path / "out.txt"
