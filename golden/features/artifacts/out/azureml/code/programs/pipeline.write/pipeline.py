from __future__ import annotations
from pathlib import Path


def write(name: str, text: str) -> Path:
    Path(name).write_text(text)
    return Path(name)
