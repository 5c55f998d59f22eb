from __future__ import annotations
from pathlib import Path


def lines(log: str) -> list[str]:
    return Path(log).read_text().splitlines()
