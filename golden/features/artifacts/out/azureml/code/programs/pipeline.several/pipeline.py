from __future__ import annotations
from pathlib import Path


def several(n: int) -> list[Path]:
    found = []
    for i in range(n):
        folder = Path(f"part{i}")
        folder.mkdir()
        (folder / "data.txt").write_text(str(i))
        found.append(folder / "data.txt")
    return found
